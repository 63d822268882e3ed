/** Scores of every token of a text. Text longer than the model's positions is read through overlapping windows. */
import { sampleOf } from "../data/sample.js";
import type { EncoderBody } from "../objectives/objective.js";
import { atOnce, eachInSteps, type Steps } from "../tensor/steps.js";
import type { Tokenizer } from "../tokenizer/index.js";
import { inferInSteps } from "./infer.js";
import type { LabelSet } from "./labels.js";
import { argmax } from "./probabilities.js";
import type { TokenHead } from "./tagging.js";

/** A token of a text, special tokens left out, and the scores of its classes. */
export interface ScoredToken {
  readonly id: number;
  /** place among the text's tokens, special tokens of the template before it included */
  readonly index: number;
  /** number of its word; -1 for tokens that belong to none */
  readonly word: number;
  /** character range of the text; of the word itself, where words were given one by one */
  readonly start: number;
  readonly end: number;
  readonly scores: Float32Array;
}

/** Windows share a third of their tokens. */
const SHARED = 3;

/**
 * The scores of every token of every text. A token that is in several windows is scored in the one that has the most
 * context on both of its sides, of equals in the first.
 *
 * @param length longest window in tokens, special ones included
 */
export function* scoreTokensInSteps(
  model: EncoderBody & TokenHead,
  tokenizer: Tokenizer,
  texts: readonly (string | readonly string[])[],
  length: number,
): Steps<ScoredToken[][]> {
  const windows = yield* eachInSteps(texts, (text) => {
    const whole = tokenizer.encode(text, undefined, { truncate: { length } });
    const room = whole.sequences.filter((sequence) => sequence === 0).length;
    const stride = Math.floor(room / SHARED);
    const all = tokenizer.windows(text, undefined, { truncate: { length, stride } });
    return { all, step: room - stride };
  });
  const samples = windows.flatMap(({ all }) => all.map((encoding) => sampleOf(encoding)));
  const scores = yield* inferInSteps(model, samples, "tokens", (m, hidden) => m.tokenClassScores(hidden));
  let next = 0;
  return windows.map(({ all, step }) => {
    const tokens: (ScoredToken & { readonly context: number })[] = [];
    for (const [w, { ids, offsets, words, sequences }] of all.entries()) {
      const rows = scores[next++]!;
      const width = rows.length / ids.length;
      const before = sequences.indexOf(0);
      const last = sequences.lastIndexOf(0);
      for (let i = before; i >= 0 && i <= last; i++) {
        const place = w * step + i - before;
        const context = Math.min(i - before, last - i);
        const known = tokens[place];
        if (known && known.context >= context) continue;
        tokens[place] = {
          id: ids[i]!,
          index: place + before,
          word: words[i]!,
          start: offsets[2 * i]!,
          end: offsets[2 * i + 1]!,
          scores: rows.slice(i * width, (i + 1) * width),
          context,
        };
      }
    }
    return tokens;
  });
}

/** The same at once. */
export function scoreTokens(...args: Parameters<typeof scoreTokensInSteps>): ScoredToken[][] {
  return atOnce(scoreTokensInSteps(...args));
}

/** How {@link tagWords} reads sentences. */
export interface TagWordsOptions {
  readonly tokenizer: Tokenizer;
  /** longest window in tokens, special ones included */
  readonly maxLength: number;
  readonly labels: LabelSet;
}

/**
 * (classes) unnormalized scores of every word of every sentence, read at the word's first piece; null for words without a
 * token. Sentences of more tokens than `maxLength` are read through windows.
 */
export function wordScores(
  model: EncoderBody & TokenHead,
  sentences: readonly (readonly string[])[],
  { tokenizer, maxLength }: Omit<TagWordsOptions, "labels">,
): (Float32Array | null)[][] {
  const scored = scoreTokens(model, tokenizer, sentences, maxLength);
  return sentences.map((words, i) => {
    const first: (Float32Array | null)[] = words.map(() => null);
    for (const { word, scores } of scored[i]!) if (word >= 0) first[word] ??= scores;
    return first;
  });
}

/**
 * The tag of every word of every sentence, read at the word's first piece; null for words without a token. Sentences of more
 * tokens than `maxLength` are read through windows.
 *
 * @example
 * tagWords(tagger.model, [["Cats", "run"]], { tokenizer, maxLength: 128, labels }); // a tag for each word: [["NOUN", "VERB"]]
 */
export function tagWords(
  model: EncoderBody & TokenHead,
  sentences: readonly (readonly string[])[],
  { tokenizer, maxLength, labels }: TagWordsOptions,
): (string | null)[][] {
  const scored = wordScores(model, sentences, { tokenizer, maxLength });
  return scored.map((words) => words.map((scores) => scores && labels.name(argmax(scores))));
}
