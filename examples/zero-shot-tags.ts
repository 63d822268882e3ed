/**
 * Zero-shot transfer: pre-train on eight languages, learn parts of speech in English, test on twenty.
 *
 *   npm run example zero-shot-tags -- DATA [STEPS]            DATA such as ../shared/data: see lesson/languages.ts
 */
// biome-ignore format: a list
import { Engine, freshConfig, freshModel, maskedLm, memoryFiles, saveModel, single, tagTask } from "cloze";
import { seed } from "cloze/data";
import { standardError } from "cloze/metrics";
import { sampleLanguages, trainWordPiece } from "cloze/tokenizer";
import { Languages } from "./lesson/languages.js";
import { learn, percent } from "./lesson/learning.js";
import { lookAt } from "./lesson/look-at.js";
import { multilingualSamples, transferred } from "./lesson/zero-shot.js";

const [data, steps = "8000"] = process.argv.slice(2);
if (data === undefined) throw new Error("zero-shot-tags: name the folder of the data sets, such as ../shared/data");
const languages = new Languages(data);
const texts = sampleLanguages(languages.text, { texts: 120_000, smoothing: 0.5, random: seed(1) });
const tokenizer = trainWordPiece(texts, { size: 4000, lowercase: false });

const engine = await Engine.create();
const width = { hiddenSize: 96, numAttentionHeads: 3, initializerRange: 0.05 };
const sizes = { vocabSize: tokenizer.size, numHiddenLayers: 3, maxPositionEmbeddings: 96, dropout: 0, ...width };
const base = freshModel(engine, freshConfig("bert", sizes), "masked-lm", 1);
const masked = maskedLm({ tokenizer, maskingRate: 0.25 });
const samples = multilingualSamples(languages, tokenizer);
await learn(engine, base, single(masked), samples, { steps: Number(steps), rate: 1.5e-3, rows: 24 });
const files = memoryFiles();
await saveModel(files, { ...base, tokenizer, maxLength: sizes.maxPositionEmbeddings });

const parallel = await languages.parallel();
const sets = { train: await languages.english(), tests: parallel.map(([, sentences]) => sentences) };
const own = await transferred(engine, files, tokenizer, sets, false);
const scratch = await transferred(engine, files, tokenizer, sets, true);
let better = 0;
console.log(
  "language   zero-shot   from scratch   each word's most frequent tag   one tag for all   2 standard errors",
);
for (const [i, [language, sentences]] of parallel.entries()) {
  const tags = sentences.flatMap((sentence) => sentence.tags);
  const byWord = tagTask.baseline(sets.train, sentences)["accuracy"]!;
  const one = Math.max(...[...new Set(tags)].map((tag) => tags.filter((other) => other === tag).length / tags.length));
  const other = Math.max(scratch[i]!, byWord, one);
  const error = 2 * Math.hypot(standardError(own[i]!, tags.length), standardError(other, tags.length));
  const wins = own[i]! - other > error;
  if (wins && language !== "en") better++;
  const row = [own[i]!, scratch[i]!, byWord, one, error].map((share) => percent(share).padStart(12));
  console.log(language.padEnd(6), row.join(""), wins ? "   better than all" : "");
}
console.log(`better than all others by more than two standard errors: ${better} languages beside English`);
lookAt(
  "no word of these languages was labelled. Languages that were pre-trained on and resemble English gain most; with another script, or without pre-training text, the model from scratch is as good or bad.",
);
engine.dispose();
