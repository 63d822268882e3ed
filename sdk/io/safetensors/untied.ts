/**
 * Weights that config.json ties and the file holds with two different values. As in transformers 5, both are computed with:
 * it writes such files of T5 1.1.
 */
import type { EncoderFamily, ModelTask } from "../../models/family/family.js";
import { sameShape } from "../../nn/planned.js";
import type { StoredTensors } from "../../nn/weights.js";

/**
 * Whether a tied parameter of a file is one of its own.
 *
 * @param canonical the name used here
 * @param own its name in the file
 * @param shared the name in the file of the parameter that it is tied to
 */
export type IsOwn = (canonical: string, own: string, shared: string) => Promise<boolean>;

/** A tied parameter is one of its own where it has other values, and the model of the task computes with it. */
export function isUntied(stored: StoredTensors, family: EncoderFamily<unknown>, task: ModelTask): IsOwn {
  const isLanguageModel = task === "pretraining" || task.endsWith("-lm");
  return async (canonical, own, shared) => {
    if (!isLanguageModel && (family.isHead(canonical) || family.isOfDecoder?.(canonical))) return false;
    if (!sameShape(stored.shape(own)!, stored.shape(shared)!)) return true;
    return (await digestOf(stored, own)) !== (await digestOf(stored, shared));
  };
}

/** 64 bits over the values of a tensor: two tables of embeddings are compared without holding either. */
async function digestOf(stored: StoredTensors, name: string): Promise<string> {
  let [first, second] = [0x811c9dc5, 0];
  await stored.fill(name, ({ buffer, byteOffset, length }) => {
    for (const bits of new Int32Array(buffer, byteOffset, length)) {
      first = Math.imul(first ^ bits, 0x01000193);
      second = (Math.imul(second, 31) + bits) | 0;
    }
  });
  return `${first} ${second}`;
}
