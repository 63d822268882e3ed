/** The curves of a run as sections: training and held-out loss in one plot, and any other figure. */
import { ArgumentError } from "../options.js";
import type { CurveLine, EvaluationLine, StepLine } from "./curve-lines.js";
import type { Curve, CurvePoint, CurvesSection } from "./section.js";

/** Points of a line: more than a screen can show would only make the file larger. */
const MOST_POINTS = 400;

/**
 * A long curve in at most `most` points, each the mean of its neighbors with the lowest and highest of them.
 *
 * @example
 * thinned([{ x: 1, y: 2 }, { x: 2, y: 4 }, { x: 3, y: 3 }, { x: 4, y: 5 }], 2)[0]; // { x: 2, y: 3, low: 2, high: 4 }
 */
export function thinned(
  points: readonly { readonly x: number; readonly y: number }[],
  most = MOST_POINTS,
): CurvePoint[] {
  if (!(Number.isInteger(most) && most > 0))
    throw new ArgumentError(`thinned: most must be a whole number above 0, got ${most}`);
  if (points.length <= most) return points.map(({ x, y }) => ({ x, y }));
  const size = Math.ceil(points.length / most);
  return Array.from({ length: Math.ceil(points.length / size) }, (_, i) => {
    const part = points.slice(i * size, (i + 1) * size);
    const values = part.map(({ y }) => y);
    const y = values.reduce((sum, value) => sum + value, 0) / values.length;
    // At its last step: no point is drawn before the steps that it averages.
    return { x: part.at(-1)!.x, y, low: Math.min(...values), high: Math.max(...values) };
  });
}

export const isStep = (line: CurveLine): line is StepLine => line.kind === "step";
export const isEvaluation = (line: CurveLine): line is EvaluationLine => line.kind === "evaluation";

/** Figures of a training step that a curve can show, in addition to the parts of the loss. */
const STEP_FIGURES = {
  loss: ({ loss }: StepLine) => loss,
  learning_rate: ({ learning_rate }: StepLine) => learning_rate,
  gradient_norm: ({ gradient_norm }: StepLine) => gradient_norm,
} as const;

/** An evaluated figure during the run, and at its end, where the data or the weights may be others. */
function evaluatedCurves(lines: readonly CurveLine[], figure: string, name: string): Curve[] {
  const of = (isFinal: boolean): CurvePoint[] =>
    lines.filter(isEvaluation).flatMap(({ step, figures, final = false }) => {
      const y = figures[figure];
      return typeof y === "number" && final === isFinal ? [{ x: step, y }] : [];
    });
  return [
    { name, role: "held-out", points: of(false) },
    { name: `${name}, saved model`, role: "held-out", points: of(true) },
  ];
}

/** Options of {@link trainingCurves}. */
export interface TrainingCurvesOptions {
  readonly title?: string;
  /** the figure: "loss" by default, a part of the loss by its name, "learning_rate" or "gradient_norm" */
  readonly of?: string;
  /** label of the vertical axis; "nats" by default */
  readonly y?: string;
  /** evaluated figures in the same unit: names of their curves, by the names of the figures */
  readonly evaluated?: Readonly<Record<string, string>>;
  readonly levels?: CurvesSection["levels"];
}

/**
 * The training curve of a run, with evaluated figures of the same unit.
 *
 * @example
 * const lines = readCurves([
 *   '{"kind":"step","step":1,"epoch":0,"tokens":64,"loss":5.1,"parts":{"masked-lm":5.1},"learning_rate":0.001,"gradient_norm":2,"seconds":0.1}',
 *   '{"kind":"evaluation","part":"held-out","step":1,"figures":{"held_out_loss":5.3}}',
 * ].join("\n"));
 * trainingCurves(lines, { evaluated: { held_out_loss: "held out" } }).curves.length; // 2
 */
export function trainingCurves(lines: readonly CurveLine[], options: TrainingCurvesOptions = {}): CurvesSection {
  const { title = "Loss", of = "loss", y = "nats", evaluated = {}, levels } = options;
  const figureOf = Object.hasOwn(STEP_FIGURES, of)
    ? STEP_FIGURES[of as keyof typeof STEP_FIGURES]
    : ({ parts }: StepLine) => parts[of];
  const points = lines.filter(isStep).flatMap((line) => {
    const value = figureOf(line);
    return value === undefined ? [] : [{ x: line.step, y: value }];
  });
  const training: Curve = { name: "training", role: "training", points: thinned(points) };
  const beside = Object.entries(evaluated).flatMap(([figure, name]) => evaluatedCurves(lines, figure, name));
  const each = points.length > MOST_POINTS ? Math.ceil(points.length / MOST_POINTS) : 1;
  return {
    kind: "curves",
    title,
    ...(each > 1 && {
      note: `A point of the training curve is the mean of ${each} steps; the band is their lowest and highest.`,
    }),
    x: "step",
    y,
    curves: [training, ...beside].filter((curve) => curve.points.length > 0),
    ...(levels && { levels }),
  };
}
