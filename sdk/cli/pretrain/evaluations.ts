/** Held-out figures during a run, for its curve. */
import type { TokenizedDocument } from "cloze/data";
import type { EvaluationLine } from "cloze/report";

/** Points of the held-out curve. */
const EVALUATIONS = 20;
/** Tokens to score for each token that is trained on: they are masked in eight ways, at a third of the cost of training. */
const EVALUATED_SHARE = 0.01;
/** The fewest tokens that give meaningful figures. */
const LEAST = 256;

/** Help of --eval-every. */
export const EVAL_EVERY = "steps between held-out figures in curves.jsonl; default: a twentieth of all, 0: none";

export interface EvaluationOptions {
  readonly steps: number;
  readonly batchSize: number;
  readonly gradientAccumulationSteps: number;
  /** steps between evaluations; 0: none. By default a twentieth of all */
  readonly evalEvery?: number;
}

type Figures = Readonly<Record<string, number>>;

/** The line of curves.jsonl about held-out text. */
export const heldOut = (step: number, figures: Figures) =>
  ({ kind: "evaluation", part: "held-out", step, figures }) as const satisfies EvaluationLine;

/** The first sentences of the documents, of as many tokens: at least two of them, so that there are pairs. */
export function beginningOf(documents: readonly TokenizedDocument[], tokens: number): TokenizedDocument[] {
  const part: TokenizedDocument[] = [];
  let [taken, sentences] = [0, 0];
  for (const document of documents) {
    const own: TokenizedDocument[number][] = [];
    for (const sentence of document) {
      if (taken >= tokens && sentences >= 2) break;
      own.push(sentence);
      taken += sentence.ids.length;
      sentences++;
    }
    if (own.length === 0) break;
    part.push(own);
  }
  return part;
}

/**
 * The text to evaluate on after a step; undefined for none. It is always the same, and short enough to take a few percent
 * of the time; the figures on the whole text come when the run is complete.
 *
 * @param maxLength tokens of a sequence
 */
export function evaluationsOf(
  score: (part: readonly TokenizedDocument[]) => Figures,
  held: readonly TokenizedDocument[],
  { steps, batchSize, gradientAccumulationSteps, evalEvery }: EvaluationOptions,
  maxLength: number,
): ((step: number) => EvaluationLine | undefined) | undefined {
  const every = evalEvery ?? Math.ceil(steps / EVALUATIONS);
  if (every === 0 || held.length === 0) return undefined;
  const trained = every * batchSize * gradientAccumulationSteps * maxLength;
  const part = beginningOf(held, Math.max(LEAST, trained * EVALUATED_SHARE));
  return (step) => (step % every === 0 || step === steps ? heldOut(step, score(part)) : undefined);
}
