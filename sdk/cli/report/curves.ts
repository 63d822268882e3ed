/** The curves and final figures of a run, as sections. */
import { standardError } from "cloze/metrics";
import {
  type ComparisonSection,
  type CurveLine,
  type EvaluationLine,
  type Section,
  trainingCurves,
} from "cloze/report";

const isEvaluation = (line: CurveLine): line is EvaluationLine => line.kind === "evaluation";

/** The names of the parts of the loss, the one that counts most first. */
const partsOf = (lines: readonly CurveLine[]): string[] => {
  const first = lines.find((line) => line.kind === "step");
  return first ? Object.keys(first.parts) : [];
};

/** Figures that are losses in nats, and so drawn beside the training loss. */
const LOSSES: Readonly<Record<string, string>> = {
  held_out_loss: "held out",
  generator_loss: "held out",
  student_loss: "held out",
};

/** The training loss with held-out losses beside it, and the unigram entropy to compare with. */
function lossSection(lines: readonly CurveLine[], of: string, isMain: boolean): Section {
  const last = lines.filter(isEvaluation).findLast(({ figures }) => typeof figures["unigram_entropy"] === "number");
  const entropy = last?.figures["unigram_entropy"];
  const isHeldOut = isMain && lines.some((line) => line.kind === "evaluation" && line.part === "held-out");
  return trainingCurves(lines, {
    title: of === "loss" ? "Loss" : `Loss: ${of}`,
    of,
    y: isHeldOut ? "nats per token" : "nats",
    ...(isMain && { evaluated: LOSSES }),
    ...(isHeldOut && entropy != null && { levels: [{ label: "unigram entropy", y: entropy }] }),
  });
}

/** Figures of the development set after each epoch, such as accuracy. */
function devSection(lines: readonly CurveLine[]): Section[] {
  const dev = lines.filter(isEvaluation).filter(({ part, final }) => part === "dev" && !final);
  const headline = dev[0]?.headline;
  if (headline === undefined || dev.length < 2) return [];
  const points = dev.flatMap(({ step, figures }) => {
    const y = figures[headline];
    return typeof y === "number" ? [{ x: step, y }] : [];
  });
  const name = headline.replaceAll("_", " ");
  return [
    {
      kind: "curves",
      title: "On the development set",
      x: "step",
      y: name,
      curves: [{ name, role: "held-out", points }],
      note: "After each epoch. The weights of the best one are saved.",
    },
  ];
}

export function curveSections(lines: readonly CurveLine[]): Section[] {
  const parts = partsOf(lines);
  if (parts.length === 0) return [];
  const losses = parts.length === 1 ? ["loss"] : parts;
  return [
    ...losses.map((part, i) => lossSection(lines, part, i === 0)),
    ...devSection(lines),
    { ...trainingCurves(lines, { title: "Learning rate", of: "learning_rate", y: "learning rate" }), low: true },
    { ...trainingCurves(lines, { title: "Gradient norm", of: "gradient_norm", y: "norm before clipping" }), low: true },
  ];
}

/** Shares of right decisions: their interval follows from their number. */
const SHARES = new Set(["accuracy", "exact_match"]);
/** Standard errors on either side of an interval of 95 %. */
const WIDTH = 1.96;

type Row = ComparisonSection["rows"][number];

/** The headline figure of a part with its interval, beside its baseline. */
function headlineOf({ part, figures, baseline, headline, items }: EvaluationLine): Row[] {
  const value = headline === undefined ? undefined : figures[headline];
  if (typeof value !== "number") return [];
  const error = SHARES.has(headline!) && items ? WIDTH * standardError(value, items) : undefined;
  const bar = baseline?.[headline!];
  return [
    {
      name: part === "test" ? "test set" : "development set",
      metric: headline!.replaceAll("_", " "),
      ...(items !== undefined && { items }),
      ...(typeof bar === "number" && { baseline: bar }),
      estimates: [
        { value, ...(error !== undefined && { low: Math.max(0, value - error), high: Math.min(1, value + error) }) },
      ],
    },
  ];
}

/** 0.7312 -> "0.7312", null -> "–" */
const written = (value: number | null | undefined): string =>
  value == null ? "–" : Number.isInteger(value) ? value.toLocaleString("en") : value.toFixed(4);

/** The figures of the saved model: those that count with intervals, and a table of all. */
export function figureSections(lines: readonly CurveLine[]): Section[] {
  const final = lines.filter(isEvaluation).filter((line) => line.final);
  const rows = final.flatMap(headlineOf);
  const hasBaseline = final.some(({ baseline }) => baseline !== undefined);
  const all = final.flatMap(({ part, figures, baseline }) =>
    Object.entries(figures).map(([name, value]) => [
      part,
      name.replaceAll("_", " "),
      written(value),
      ...(hasBaseline ? [written(baseline?.[name])] : []),
    ]),
  );
  if (all.length === 0) return [];
  return [
    ...(rows.length > 0
      ? [
          {
            kind: "comparison",
            title: "The saved model against the baseline",
            unit: "percent",
            interval: "plus and minus 1.96 standard errors, from the number of items",
            arms: ["model"],
            rows,
          } as const,
        ]
      : []),
    {
      kind: "table",
      title: "All figures of the saved model",
      header: ["data", "figure", "value", ...(hasBaseline ? ["baseline"] : [])],
      rows: all,
    },
  ];
}
