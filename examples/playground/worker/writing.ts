/** Writing token by token: what could come next, and how probable it is. */
import { collate, sampleOf } from "cloze/data";
import { causalWriter, generationSettings, seq2seqWriter } from "cloze/generate";
import { highest, softmax } from "cloze/metrics";
import { openedModel } from "./opened.js";

export interface Alternative {
  readonly id: number;
  readonly token: string;
  readonly probability: number;
  /** whether the text ends with it */
  readonly ends: boolean;
}

export interface NextTokens {
  /** the text so far */
  readonly written: string;
  readonly alternatives: readonly Alternative[];
  /** -Σ p log p of all next tokens, in bits: how undecided the model is */
  readonly entropy: number;
}

export interface WritingRequest {
  readonly model: string;
  readonly task: "causal-lm" | "seq2seq-lm";
  /** the beginning that is continued, or the damaged text that is restored */
  readonly source: string;
  /** ids written so far */
  readonly ids: readonly number[];
  /** scores are divided by it: below 1 the model is surer, above 1 bolder */
  readonly temperature: number;
}

/** Alternatives that are shown. */
const SHOWN = 10;

async function scoresOf({ model, task, source, ids }: WritingRequest) {
  if (task === "causal-lm") {
    const { engine, loaded, tokenizer } = await openedModel(model, "causal-lm");
    const prompt = Array.from(tokenizer.encode(source, undefined, { special: false }).ids);
    const read = [...prompt, ...ids].slice(-(loaded.model.maxLength - 1));
    if (read.length === 0) throw new Error("write a beginning first");
    using writer = causalWriter({ engine }, loaded.model, [Int32Array.from(read)]);
    return { tokenizer, config: loaded.config, scores: writer.begin()[0]! };
  }
  const { engine, loaded, tokenizer } = await openedModel(model, "seq2seq-lm");
  const { decoder_start_token_id: start } = generationSettings(undefined, loaded.config);
  const encoding = tokenizer.encode(source, undefined, { truncate: { length: loaded.model.maxLength } });
  const prefix = Int32Array.from([start!, ...ids].slice(0, loaded.model.maxLength - 1));
  using writer = seq2seqWriter({ engine }, loaded.model, collate([sampleOf(encoding)]), [prefix]);
  return { tokenizer, config: loaded.config, scores: writer.begin()[0]! };
}

export async function nextTokens(request: WritingRequest): Promise<NextTokens> {
  const { tokenizer, config, scores } = await scoresOf(request);
  const probabilities = softmax(scores.map((score) => score / request.temperature));
  const ends = new Set([...generationSettings(undefined, config).eos_token_id, tokenizer.special.eos]);
  const entropy = probabilities.reduce((sum, p) => (p > 0 ? sum - p * Math.log2(p) : sum), 0);
  return {
    written: tokenizer.decode(request.ids, { skipSpecial: true }),
    alternatives: highest(scores, SHOWN).map((id) => ({
      id,
      token: tokenizer.token(id) ?? "?",
      probability: probabilities[id]!,
      ends: ends.has(id),
    })),
    entropy,
  };
}
