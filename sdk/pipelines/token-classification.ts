/** Tags of words, and entities made of them, as character ranges of the text. */

import { sampleOf } from "../data/sample.js";
import { infer } from "../heads/infer.js";
import type { LabelSet } from "../heads/labels.js";
import { argmax, softmax } from "../heads/probabilities.js";
import type { Files } from "../io/files.js";
import type { Encoding } from "../tokenizer/index.js";
import { type Opened, openPipeline, type Pipeline, type PipelineOptions } from "./pipeline.js";

export interface TaggedWord {
  readonly word: string;
  /** character range of the text; of the word itself, where words were given one by one */
  readonly start: number;
  readonly end: number;
  readonly label: string;
  /** probability of the label */
  readonly score: number;
}

export interface TokenClassificationOptions extends PipelineOptions {
  /** `word`: a label for each word, that of its first piece. `entity`: words of one entity (B-X, I-X) joined, O left out. */
  readonly aggregate?: "word" | "entity";
}

/** A text, or words that are split already. */
export type TokenClassificationInput = string | { readonly text: string } | { readonly words: readonly string[] };

interface Piece {
  word: number;
  start: number;
  end: number;
  label: string;
  score: number;
}

/** The first piece of each word decides; the word ends where its last piece does. */
function wordsOf({ words, offsets }: Encoding, scores: Float32Array, labels: LabelSet): Piece[] {
  const found: Piece[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word < 0) continue;
    const open = found.at(-1);
    if (open?.word === word) {
      open.end = offsets[2 * i + 1]!;
      continue;
    }
    const row = scores.subarray(i * labels.size, (i + 1) * labels.size);
    const best = argmax(row);
    found.push({
      word,
      start: offsets[2 * i]!,
      end: offsets[2 * i + 1]!,
      label: labels.name(best),
      score: softmax(row)[best]!,
    });
  }
  return found;
}

/** Join neighbouring words of one entity; its score is the mean of theirs. */
function entitiesOf(words: readonly Piece[]): Piece[] {
  const entities: (Piece & { count: number })[] = [];
  let open = false;
  for (const piece of words) {
    const [prefix, type] =
      piece.label === "O"
        ? ["O", ""]
        : piece.label.includes("-")
          ? [piece.label[0]!, piece.label.slice(2)]
          : ["I", piece.label];
    const last = entities.at(-1);
    if (prefix === "O") open = false;
    else if (open && last && prefix === "I" && last.label === type) {
      last.end = piece.end;
      last.score += (piece.score - last.score) / ++last.count;
    } else {
      entities.push({ ...piece, label: type, count: 1 });
      open = true;
    }
  }
  return entities;
}

function tag(
  { model, tokenizer, length, labels }: Opened<"token-classification">,
  inputs: readonly TokenClassificationInput[],
  aggregate: "word" | "entity",
): TaggedWord[][] {
  const texts = inputs.map((input) => (typeof input === "string" ? input : "text" in input ? input.text : input.words));
  const encodings = texts.map((text) => tokenizer.encode(text, undefined, { truncate: { length } }));
  const scores = infer(
    model,
    encodings.map((encoding) => sampleOf(encoding)),
    "tokens",
    (m, hidden) => m.tokenClassScores(hidden),
  );
  return texts.map((text, n) => {
    const words = wordsOf(encodings[n]!, scores[n]!, labels!);
    const pieces = aggregate === "entity" ? entitiesOf(words) : words;
    return pieces.map(({ word, start, end, label, score }) => {
      const written = typeof text === "string" ? text.slice(start, end) : text[word]!;
      return { word: written, start, end, label, score };
    });
  });
}

/**
 * The labels of a text's words.
 *
 * @example
 * const tags = await tokenClassification(folder("pos"));
 * tags("Cats run."); // [{ word: "Cats", start: 0, end: 4, label: "NOUN", score: 0.97 }, …]
 */
export function tokenClassification(
  files: Files,
  options: TokenClassificationOptions = {},
): Promise<Pipeline<TokenClassificationInput, TaggedWord[]>> {
  return openPipeline(
    files,
    "token-classification",
    options,
    (opened) => (inputs: readonly TokenClassificationInput[]) => tag(opened, inputs, options.aggregate ?? "word"),
  );
}
