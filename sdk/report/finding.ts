/** The findings of a run in sentences, computed from its curves. */
import { standardError } from "../train/metrics/perplexity.js";
import type { CurveLine, EvaluationLine } from "./curve-lines.js";
import { isEvaluation, isStep } from "./curves.js";
import type { FindingSection } from "./section.js";

type Said = Pick<FindingSection, "statement" | "details">;

const nats = (value: number): string => value.toFixed(2);
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const points = (share: number): string => `${(100 * Math.abs(share)).toFixed(1)} points`;

/** A figure of an evaluation that is a number. */
const figureOf = (line: EvaluationLine | undefined, name: string): number | undefined =>
  line?.figures[name] ?? undefined;

/** Figures that are shares of correct decisions: their standard error follows from the number of decisions. */
const SHARES = new Set(["accuracy", "exact_match"]);

/** Whether more steps would have helped, judged by the evaluations during the run, which all use the same data. */
function trendOf(name: string, lines: readonly CurveLine[]): string[] {
  const curve = lines.filter(isEvaluation).flatMap((line) => {
    const y = line.final ? undefined : figureOf(line, name);
    return y === undefined ? [] : [{ step: line.step, y }];
  });
  const [last, before] = [curve.at(-1), curve.at(-Math.ceil(curve.length / 5) - 1)];
  if (curve.length < 5 || !last || !before) return [];
  const lowest = curve.reduce((a, b) => (b.y < a.y ? b : a));
  if (last.y - lowest.y > 0.01)
    return [
      `It was lowest at step ${lowest.step} (${nats(lowest.y)}) and has risen to ${nats(last.y)} since: more steps on this text make it worse.`,
    ];
  const fall = before.y - last.y;
  return fall > 0.01
    ? [
        `It was still falling at the end, by ${nats(fall)} over the last fifth of the run: more steps would lower it further.`,
      ]
    : ["It had stopped falling by the end of the run."];
}

function aboutText(line: EvaluationLine, lines: readonly CurveLine[]): Said | null {
  const name = ["held_out_loss", "generator_loss"].find((each) => figureOf(line, each) !== undefined);
  const entropy = figureOf(line, "unigram_entropy");
  if (name === undefined || entropy === undefined) return null;
  const loss = figureOf(line, name)!;
  const [accuracy, pairs, targets] = ["masked_accuracy", "pair_accuracy", "targets"].map((each) =>
    figureOf(line, each),
  );
  const below = entropy - loss;
  const whose = name === "generator_loss" ? "the generator's loss" : "the loss";
  return {
    statement:
      below > 0
        ? `On held-out text ${whose} is ${nats(loss)} nats per token, ${nats(below)} below the unigram entropy (${nats(entropy)}): the model predicts from context.`
        : `On held-out text ${whose} is ${nats(loss)} nats per token, not below the unigram entropy (${nats(entropy)}): the model has learned no more than token frequencies.`,
    details: [
      ...(accuracy === undefined
        ? []
        : [
            `Its first guess is right for ${percent(accuracy)} of ${targets === undefined ? "the" : targets.toLocaleString("en")} masked tokens.`,
          ]),
      ...(pairs === undefined
        ? []
        : [`It classifies ${percent(pairs)} of the sentence pairs correctly (chance 50 %).`]),
      ...trendOf(name, lines),
    ],
  };
}

function aboutStudent(line: EvaluationLine, lines: readonly CurveLine[]): Said | null {
  const [student, teacher] = [figureOf(line, "student_loss"), figureOf(line, "teacher_loss")];
  if (student === undefined || teacher === undefined) return null;
  const [own, its] = [figureOf(line, "student_accuracy"), figureOf(line, "teacher_accuracy")];
  const where = student > teacher ? `${nats(student - teacher)} above` : `${nats(teacher - student)} below`;
  return {
    statement: `On held-out text the student's loss is ${nats(student)} nats per token, ${where} its teacher's (${nats(teacher)}).`,
    details: [
      ...(own === undefined || its === undefined
        ? []
        : [`Its first guess is right for ${percent(own)} of the masked tokens, the teacher's for ${percent(its)}.`]),
      ...trendOf("student_loss", lines),
    ],
  };
}

/** The distance of a share from its baseline in standard errors, in words. */
function inErrors(name: string, value: number, baseline: number, items: number | undefined): string {
  if (!SHARES.has(name) || items === undefined || items === 0) return "";
  const error = standardError(value, items);
  if (error === 0) return ` (${items.toLocaleString("en")} items)`;
  const count = Math.abs(value - baseline) / error;
  const verdict = count < 2 ? ", which may be chance" : "";
  return `, ${count.toFixed(1)} standard errors of ${items.toLocaleString("en")} items${verdict}`;
}

function aboutTask(line: EvaluationLine, lines: readonly CurveLine[]): Said | null {
  const { headline = "", items, baseline } = line;
  const value = figureOf(line, headline);
  if (value === undefined) return null;
  const bar = baseline?.[headline] ?? undefined;
  const set = line.part === "test" ? "On the test set" : "On the development set";
  const name = headline.replaceAll("_", " ");
  const curve = lines.filter(isEvaluation).filter((each) => each.part === "dev" && !each.final);
  const best = curve.reduce<EvaluationLine | undefined>(
    (a, b) => ((figureOf(b, headline) ?? -Infinity) > (figureOf(a, headline) ?? -Infinity) ? b : a),
    undefined,
  );
  const place = best ? curve.indexOf(best) + 1 : 0;
  return {
    statement:
      bar === undefined
        ? `${set} the ${name} is ${percent(value)}.`
        : `${set} the ${name} is ${percent(value)}, ${points(value - bar)} ${value > bar ? "above" : "below"} the baseline without a model (${percent(bar)})${inErrors(headline, value, bar, items)}.`,
    details: [
      ...(curve.length > 1
        ? [
            `On the development set it was best after epoch ${place} of ${curve.length}; the weights of that epoch are saved.`,
          ]
        : []),
      ...(line.part === "dev"
        ? ["The epoch was chosen on the development set, so this figure is slightly optimistic."]
        : []),
    ],
  };
}

/** For a run without evaluation: the course of the training loss, and its limits as evidence. */
function aboutTraining(lines: readonly CurveLine[]): Said {
  const steps = lines.filter(isStep);
  const mean = (part: typeof steps) => part.reduce((sum, { loss }) => sum + loss, 0) / part.length;
  const size = Math.max(1, Math.floor(steps.length / 20));
  if (steps.length === 0) return { statement: "No step of this run was recorded." };
  return {
    statement: `The training loss went from ${nats(mean(steps.slice(0, size)))} to ${nats(mean(steps.slice(-size)))} nats in ${steps.length.toLocaleString("en")} steps.`,
    details: ["Nothing was evaluated on held-out data, so this does not show how good the model is."],
  };
}

/**
 * The finding of a run: its last figures on held-out data, compared with a baseline without a model.
 *
 * @example
 * const lines = readCurves('{"kind":"evaluation","part":"held-out","step":10,"figures":{"held_out_loss":4.5,"unigram_entropy":6.1}}');
 * runFinding(lines).statement; // "On held-out text the loss is 4.50 nats per token, 1.60 below the unigram entropy (6.10): the model predicts from context."
 */
export function runFinding(lines: readonly CurveLine[], title = "Finding"): FindingSection {
  const evaluations = lines.filter(isEvaluation);
  const order = ["test", "held-out", "dev"] as const;
  const last = order
    .map((part) => evaluations.findLast((line) => line.part === part))
    .find((line) => line !== undefined);
  const said = last
    ? (aboutText(last, lines) ?? aboutStudent(last, lines) ?? aboutTask(last, lines) ?? aboutTraining(lines))
    : aboutTraining(lines);
  return { kind: "finding", title, ...said };
}
