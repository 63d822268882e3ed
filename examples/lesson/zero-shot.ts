/** What the lesson on zero-shot transfer learns from, and how it is tested. */
import { adamW, type Engine, type Files, finetune, freeze, loadModel, tagTask } from "cloze";
import {
  mixLanguages,
  packSentences,
  type Sample,
  type TaggedSentence,
  tokenizeDocuments,
  translationPair,
} from "cloze/data";
import type { Tokenizer } from "cloze/tokenizer";
import type { Languages } from "./languages.js";

/** Sequences of an epoch: in one language, and sentences beside their translations (three of five). */
const [PLAIN, TRANSLATED] = [2400, 3600];
const LENGTH = { plain: 32, translated: 40 };

/** Samples of all languages, small ones more often than they are. */
export function multilingualSamples({ text, pairs }: Languages, tokenizer: Tokenizer): (epoch: number) => Sample[] {
  const by = <T>(all: Readonly<Record<string, T>>, make: (own: T) => Sample[]) =>
    Object.fromEntries(
      Object.entries(all).map(([language, own]) => {
        const samples = make(own);
        return [language, () => samples];
      }),
    );
  const side = (line: string) => tokenizer.encode(line, undefined, { special: false });
  const plain = by(text, (lines) =>
    packSentences(tokenizeDocuments(tokenizer, [lines]), { maxLength: LENGTH.plain, tokenizer }),
  );
  const translated = by(pairs, (own) =>
    own.map(([english, other], i) => {
      const [first, second] = i % 2 === 0 ? [english, other] : [other, english];
      return translationPair(side(first), side(second), { tokenizer, maxLength: LENGTH.translated });
    }),
  );
  const smoothed = { smoothing: 0.5, seed: 1 };
  const [alone, beside] = [mixLanguages(plain, smoothed), mixLanguages(translated, smoothed)];
  return (epoch) => [...alone(epoch).slice(0, PLAIN), ...beside(epoch).slice(0, TRANSLATED)];
}

/** Learn tags in English, and give the accuracy on each of the other sets; with the model's weights or from scratch. */
export async function transferred(
  engine: Engine,
  files: Files,
  tokenizer: Tokenizer,
  { train, tests }: { readonly train: TaggedSentence[]; readonly tests: readonly TaggedSentence[][] },
  scratch: boolean,
): Promise<number[]> {
  const labels = tagTask.labels(train)!;
  const settings = { tokenizer, labels, maxLength: 96 };
  using loaded = await loadModel(engine, files, { task: "token-classification", labels, scratch, seed: 7 });
  // The words' vectors stay where the languages have met; a model from scratch has to learn them, and faster.
  if (!scratch) freeze(loaded.weights, ["embeddings"]);
  using optimizer = adamW(loaded.weights, { weightDecay: 0.01 });
  const options = {
    loaded,
    task: tagTask,
    settings,
    train,
    epochs: 1,
    learningRate: scratch ? 1e-3 : 5e-4,
    batchSize: 32,
    seed: 1,
  };
  for await (const _ of finetune({ ...options, optimizer }));
  return tests.map((sentences) => tagTask.evaluate(loaded.model, sentences, settings)["accuracy"]!);
}
