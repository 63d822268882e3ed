/** All claims: those that are tried, and those that are skipped, with the reason. */

import { alignmentByData } from "./alignment-by-data.js";
import { bartCorruptions } from "./bart-corruptions.js";
import { characterCounts } from "./character-counts.js";
import { characterGpt } from "./character-gpt.js";
import { characterOverfit } from "./character-overfit.js";
import { characterSteps } from "./character-steps.js";
import { characterWidth } from "./character-width.js";
import { depthAgainstHeads } from "./depth-against-heads.js";
import { dynamicMasking } from "./dynamic-masking.js";
import { electraMechanics } from "./electra-mechanics.js";
import { fakeEnglish } from "./fake-english.js";
import { gradientAccumulation } from "./gradient-accumulation.js";
import type { Claim, SkippedClaim } from "./harness/claim.js";
import { inputFormat } from "./input-format.js";
import { languageCentring } from "./language-centring.js";
import { layerProbes } from "./layer-probes.js";
import { maskingCounts } from "./masking-counts.js";
import { massFragment } from "./mass-fragment.js";
import { pretrainedAnswers } from "./pretrained-answers.js";
import { pretrainedInference } from "./pretrained-inference.js";
import { pretrainedSentiment } from "./pretrained-sentiment.js";
import { pretrainedSentiment500 } from "./pretrained-sentiment-500.js";
import { pretrainedTags } from "./pretrained-tags.js";
import { sensesInContext } from "./senses-in-context.js";
import { sentenceOrder } from "./sentence-order.js";
import { trainingCost } from "./training-cost.js";
import { untrainedLosses } from "./untrained-losses.js";
import { zeroShotTags } from "./zero-shot-tags.js";

export const CLAIMS: readonly Claim[] = [
  pretrainedSentiment,
  pretrainedSentiment500,
  pretrainedInference,
  pretrainedTags,
  pretrainedAnswers,
  sentenceOrder,
  dynamicMasking,
  inputFormat,
  bartCorruptions,
  massFragment,
  fakeEnglish,
  depthAgainstHeads,
  alignmentByData,
  languageCentring,
  zeroShotTags,
  sensesInContext,
  layerProbes,
  maskingCounts,
  electraMechanics,
  characterCounts,
  characterGpt,
  characterWidth,
  characterSteps,
  characterOverfit,
  untrainedLosses,
  gradientAccumulation,
  trainingCost,
];

export const SKIPPED: readonly SkippedClaim[] = [
  {
    name: "fake-english-king-james",
    claim: "a model aligns English with a fake copy of it, trained on the King James Bible as published",
    source: "Dufter & Schütze 2020, arXiv:2005.00396",
    published: "score 0.70; without shared positions, special tokens and random words 0.12; in inverted order 0.01",
    because: "the King James Bible is not among the shared data; fake-english runs the experiment on other text",
  },
  {
    name: "splice-junctions",
    claim: "a BERT pre-trained on text beats random weights on DNA mapped to words",
    source: "Kao & Lee 2021, arXiv:2103.07162",
    published: "splice junctions 97.5 % pre-trained, 95.0 % random",
    because: "the UCI splice-junction sequences are not among the shared data",
  },
  {
    name: "sst2-classifier",
    claim: "a published classifier reaches its published accuracy in this library",
    source: "model card of distilbert-base-uncased-finetuned-sst-2-english",
    published: "accuracy 0.9106 on 872 sentences",
    because: "SST-2 has no license that allows it to be shared",
  },
  {
    name: "multilingual-bert-tags",
    claim: "multilingual BERT transfers part-of-speech tagging from English to other languages",
    source: "Pires et al. 2019, arXiv:1906.01502",
    published: "from English: en 96.8, de 89.4, es 85.9, it 91.6 %",
    because: "the published weights of multilingual BERT are not among the shared data",
  },
  {
    name: "zero-shot-answers",
    claim: "multilingual BERT fine-tuned on English questions answers Chinese ones",
    source: "Hsu, Liu & Lee 2019, arXiv:1909.09587",
    published: "DRCD after English SQuAD alone: 63.3 exact, 78.8 F1; after Chinese 81.2, 88.7",
    because: "the published weights of multilingual BERT are not among the shared data",
  },
  {
    name: "gpt2-fine-tuning",
    claim: "ten AdamW steps on one batch from GPT-2's weights give the published losses",
    source: "karpathy/llm.c, test_gpt2.c",
    published: "5.270007, 4.059707, 3.375123 … 0.376511",
    because: "the published weights of GPT-2 are not among the shared data",
  },
];
