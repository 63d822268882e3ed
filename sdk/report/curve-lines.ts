/**
 * The curves of a run as JSON lines, `curves.jsonl` in its folder: a line for each step and for each evaluation, in
 * order. Except for `seconds`, repeating the run anywhere gives the same lines.
 */
import { InputError, shown } from "../errors.js";
import { JsonError, parseJson } from "../json.js";

/** A training step. */
export interface StepLine {
  readonly kind: "step";
  /** steps taken, this one included */
  readonly step: number;
  /** epochs completed after it */
  readonly epoch: number;
  /** tokens of this step */
  readonly tokens: number;
  /** the sum of `parts`, in nats: the mean over the step's targets */
  readonly loss: number;
  /** the loss by objective */
  readonly parts: Readonly<Record<string, number>>;
  readonly learning_rate: number;
  /** before clipping */
  readonly gradient_norm: number;
  /** training time so far, without breaks between interruption and resumption */
  readonly seconds: number;
}

/** Figures of the model on text or examples that it was not trained on. */
export interface EvaluationLine {
  readonly kind: "evaluation";
  /** which data: `held-out` text, the `dev` or the `test` set */
  readonly part: "held-out" | "dev" | "test";
  /** steps taken before it */
  readonly step: number;
  /** by name; null if undefined, such as the correlation of constants */
  readonly figures: Readonly<Record<string, number | null>>;
  /** the same figures of a baseline without a model */
  readonly baseline?: Readonly<Record<string, number | null>>;
  /** name of the main figure */
  readonly headline?: string;
  /** number of items evaluated */
  readonly items?: number;
  /** true for the evaluation of the saved weights at the end of the run */
  readonly final?: true;
}

/** A line of curves.jsonl. */
export type CurveLine = StepLine | EvaluationLine;

/** A line of curves.jsonl is damaged. */
export class CurveError extends InputError {
  override name = "CurveError";
  constructor(
    problem: string,
    /** from 1 */
    readonly line: number,
  ) {
    super(`line ${line}: ${problem}`);
  }
}

/** The fields of a training step that its line records. */
export interface TakenStep {
  readonly step: number;
  readonly epoch: number;
  readonly tokens: number;
  readonly loss: number;
  readonly parts: Readonly<Record<string, number>>;
  readonly learningRate: number;
  readonly gradientNorm: number;
  readonly seconds: number;
}

/**
 * The line of a step that `train`, `trainInStages` or `finetune` yields.
 *
 * @param before seconds that the run had taken before it was resumed
 * @example
 * stepLine({ step: 1, epoch: 0, tokens: 64, loss: 2, parts: { "masked-lm": 2 }, learningRate: 0.001, gradientNorm: 3, seconds: 0.5 }).gradient_norm; // 3
 */
export function stepLine(taken: TakenStep, before = 0): StepLine {
  const { step, epoch, tokens, loss, parts, learningRate, gradientNorm, seconds } = taken;
  return {
    ...{ kind: "step", step, epoch, tokens, loss, parts },
    learning_rate: learningRate,
    gradient_norm: gradientNorm,
    seconds: Number((before + seconds).toFixed(3)),
  };
}

/** Digits that tell every f32 from the next. */
const DIGITS = 9;

/**
 * The text of a curves.jsonl.
 *
 * @example
 * writeCurves([{ kind: "evaluation", part: "dev", step: 10, figures: { accuracy: 2 / 3 } }]); // '{"kind":"evaluation","part":"dev","step":10,"figures":{"accuracy":0.666666667}}\n'
 */
export function writeCurves(lines: readonly CurveLine[]): string {
  const short = (_: string, value: unknown) => (typeof value === "number" ? Number(value.toPrecision(DIGITS)) : value);
  return lines.map((line) => `${JSON.stringify(line, short)}\n`).join("");
}

type Check = readonly [name: string, expected: string, accepts: (value: unknown) => boolean];

const isNumber = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value);
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown): boolean => typeof value === "string";
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isFigures = (value: unknown): boolean =>
  isRecord(value) && Object.values(value).every((figure) => figure === null || isNumber(figure));
const optional =
  (accepts: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === undefined || accepts(value);

const COUNT = "a whole number of at least 0";
const STEP: readonly Check[] = [
  ["step", COUNT, isCount],
  ["epoch", COUNT, isCount],
  ["tokens", COUNT, isCount],
  ["loss", "a number", isNumber],
  ["parts", "numbers by name", (value) => isRecord(value) && Object.values(value).every(isNumber)],
  ["learning_rate", "a number", isNumber],
  ["gradient_norm", "a number", isNumber],
  ["seconds", "a number", isNumber],
];
const EVALUATION: readonly Check[] = [
  ["part", "held-out, dev or test", (value) => ["held-out", "dev", "test"].includes(value as string)],
  ["step", COUNT, isCount],
  ["figures", "numbers by name", isFigures],
  ["baseline", "numbers by name", /* @__PURE__ */ optional(isFigures)],
  ["headline", "the name of a figure", /* @__PURE__ */ optional(isText)],
  ["items", COUNT, /* @__PURE__ */ optional(isCount)],
  ["final", "true", /* @__PURE__ */ optional((value) => value === true)],
];

/** @throws {CurveError} */
function readLine(text: string, line: number): CurveLine {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    // Each line is parsed alone, so the error would always name line 1.
    if (error instanceof JsonError)
      throw new CurveError(error.message.replace(" at line 1, column", " at column"), line);
    throw error;
  }
  if (!isRecord(value)) throw new CurveError(`expected a JSON object, got ${shown(value)}`, line);
  const { kind } = value;
  if (kind !== "step" && kind !== "evaluation")
    throw new CurveError(`kind must be "step" or "evaluation", got ${kind === undefined ? "none" : shown(kind)}`, line);
  for (const [name, expected, accepts] of kind === "step" ? STEP : EVALUATION)
    if (!accepts(value[name]))
      throw new CurveError(
        `${name} must be ${expected}, got ${value[name] === undefined ? "none" : shown(value[name])}`,
        line,
      );
  return value as unknown as CurveLine;
}

/**
 * The lines of a curves.jsonl.
 *
 * @example
 * readCurves('{"kind":"evaluation","part":"held-out","step":10,"figures":{"held_out_loss":4.5}}\n')[0]!.step; // 10
 * readCurves('{"kind":"step"}'); // CurveError: line 1: step must be a whole number of at least 0, got none
 * @throws {CurveError} for the first line that is damaged or out of order
 */
export function readCurves(text: string): CurveLine[] {
  const rows = text.split("\n");
  if (rows.at(-1) === "") rows.pop();
  let last = -1;
  return rows.map((row, i) => {
    const read = readLine(row, i + 1);
    const least = read.kind === "step" ? last + 1 : last;
    if (read.step < least)
      throw new CurveError(`step ${read.step} comes after step ${last}; was the file joined from two runs?`, i + 1);
    last = read.step;
    return read;
  });
}
