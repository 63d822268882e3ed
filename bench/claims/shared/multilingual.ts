/** A small multilingual model, pre-trained once per seed and kept as a folder under build/claims/. */
import { join } from "node:path";
import { type Files, freshConfig, freshModel, maskedLm, saveModel, single } from "cloze";
import { seed as seedOf } from "cloze/data";
import { exists, folder, writeFolder } from "cloze/node";
import { sampleLanguages, trainWordPiece } from "cloze/tokenizer";
import { Languages } from "../../../examples/lesson/languages.js";
import { multilingualSamples } from "../../../examples/lesson/zero-shot.js";
import type { Context } from "../harness/context.js";
import { learn } from "./learning.js";

export const MULTILINGUAL = {
  ...{ vocabulary: 4000, texts: 120_000, smoothing: 0.5, masked: 0.25 },
  ...{
    numHiddenLayers: 3,
    hiddenSize: 96,
    numAttentionHeads: 3,
    maxPositionEmbeddings: 96,
    dropout: 0,
    initializerRange: 0.05,
  },
  ...{ steps: 8000, rate: 1.5e-3, batchSize: 24 },
  data: "novels, NTREX-128, Tatoeba and Wiktionary's word lists of en de fr es pt it sv id",
} as const;

export interface Base {
  readonly files: Files;
  readonly languages: Languages;
}

export async function multilingualBase(context: Context, seed: number): Promise<Base> {
  const languages = new Languages(context.settings.data);
  const kept = join(
    context.settings.root,
    "build/claims/multilingual-base",
    `${context.smoke ? "smoke" : MULTILINGUAL.steps}-seed-${seed}`,
  );
  if (!context.smoke && (await exists(kept))) return { files: folder(kept), languages };
  const { vocabulary, texts, smoothing, masked, steps, rate, batchSize, data: _, ...sizes } = MULTILINGUAL;
  const sampled = sampleLanguages(languages.text, { texts: context.few(texts, 2000), smoothing, random: seedOf(seed) });
  const tokenizer = trainWordPiece(sampled, { size: vocabulary, lowercase: false });
  using engine = await context.engine();
  using base = freshModel(engine, freshConfig("bert", { ...sizes, vocabSize: tokenizer.size }), "masked-lm", seed);
  const objective = single(maskedLm({ tokenizer, maskingRate: masked }));
  const samples = multilingualSamples(languages, tokenizer);
  await learn(engine, base, objective, samples, { steps: context.few(steps, 2), rate, batchSize, seed });
  await writeFolder(kept, true, (to) => saveModel(to, { ...base, tokenizer, maxLength: sizes.maxPositionEmbeddings }));
  return { files: folder(kept), languages };
}
