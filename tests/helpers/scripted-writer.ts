/** Writers without a model, whose scores are a function of the text: every search can be followed by hand. */
import type { Writer } from "../../sdk/generate/writer.js";

/** Size of the vocabulary. */
export const SIZE = 6;
/** The id that ends a text. */
export const END = 5;

/** A writer whose scores after a text are `score(text, id)`. */
export function scripted(score: (text: readonly number[], id: number) => number, prompts = [[0]]): Writer {
  let texts: number[][] = [];
  const scores = () => texts.map((text) => Float32Array.from({ length: SIZE }, (_, id) => score(text, id)));
  return {
    get rows() {
      return texts.length || prompts.length;
    },
    maxLength: 100,
    prompts: prompts.map((ids) => Int32Array.from(ids)),
    begin() {
      texts = prompts.map((ids) => [...ids]);
      return scores();
    },
    next(rows, ids) {
      texts = Array.from(rows, (row, i) => [...texts[row]!, ids[i]!]);
      return scores();
    },
    [Symbol.dispose]() {},
  };
}

/** Scores without a pattern, the same for the same text. */
export const arbitrary = (text: readonly number[], id: number): number => {
  const key = text.reduce((sum, x) => (31 * sum + x + 1) % 1009, 7);
  return Math.sin(12.9898 * (key + 17 * id)) * 3;
};
