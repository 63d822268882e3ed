/**
 * The published objectives of pre-training, by name: the one table that `cloze pretrain`, `cloze corrupt`, their help and
 * the documentation read. A new objective is a file of its own and an entry here.
 */

import { InputError, shown } from "../errors.js";
import { aString, checkArgument } from "../options.js";
import type { Tokenizer } from "../tokenizer/index.js";
import { type BartNoiseOptions, denoising } from "./bart-noise.js";
import { causalLm } from "./causal-lm.js";
import { electraPretraining, type GeneratorAndDiscriminator } from "./electra.js";
import { gapSentences } from "./gap-sentences.js";
import { type LmHead, maskedLm } from "./masked-lm.js";
import { mass } from "./mass.js";
import { nextSentencePrediction } from "./next-sentence-prediction.js";
import { ngramMaskedLm } from "./ngram-masking.js";
import type { EncoderBody, HeadObjective, Objective } from "./objective.js";
import type { PairHead } from "./pair-prediction.js";
import { sentenceEnd } from "./sentence-ends.js";
import { sentenceOrderPrediction } from "./sentence-order-prediction.js";
import { type Decoder, sequenceToSequence } from "./sequence-to-sequence.js";
import type { Arrangement } from "./sequences/corpus.js";
import { spanCorruption } from "./span-corruption.js";
import { spanMaskedLm } from "./span-masking.js";
import { ul2 } from "./ul2.js";

/** The part of a tokenizer that published objectives use. */
export type ObjectiveTokenizer = Pick<Tokenizer, "size" | "special" | "id" | "encode" | "decode">;

/** Settings of every published objective. */
export interface ObjectiveSettings {
  readonly tokenizer: ObjectiveTokenizer;
  /** share of tokens to mask or corrupt, instead of the published one */
  readonly maskingRate?: number;
}

/** How an objective is made from its settings, by the kind of model that learns it. */
export interface Made {
  /** an encoder with a language-model head */
  readonly "masked-lm": HeadObjective<LmHead>;
  /** a task on pairs of segments, trained together with a masked LM */
  readonly pairs: HeadObjective<PairHead>;
  /** a decoder */
  readonly "causal-lm": HeadObjective<LmHead>;
  /** an encoder-decoder */
  readonly "seq2seq-lm": Objective<EncoderBody & Decoder>;
  /** a generator and a discriminator */
  readonly "replaced-token-detection": Objective<GeneratorAndDiscriminator>;
}

/** The kind of model that a published objective trains. */
export type ObjectiveKind = keyof Made;

/** A published objective: its paper, its family, and the function that makes it. */
export interface PublishedObjective<Kind extends ObjectiveKind = ObjectiveKind> {
  readonly kind: Kind;
  /** description with the paper */
  readonly summary: string;
  /** model_type of a new model that learns it */
  readonly family: string;
  /** earlier and shorter names */
  readonly aliases?: readonly string[];
  /** whether `maskingRate` applies */
  readonly masks: boolean;
  /** whether a sample is a sentence with its translation */
  readonly translations?: boolean;
  make(settings: ObjectiveSettings): Made[Kind];
}

/** BART's corruption of a tokenizer's texts. */
function bart(name: string, { tokenizer, ...settings }: ObjectiveSettings, noise: Partial<BartNoiseOptions>) {
  return sequenceToSequence(
    name,
    denoising({ tokenizer, ...settings, endsSentence: sentenceEnd(tokenizer), ...noise }),
  );
}

/** The table. Names are those of the papers or of the published models. */
export const PUBLISHED_OBJECTIVES = {
  "masked-lm": {
    kind: "masked-lm",
    summary: "BERT: 15 % of the tokens, 80/10/10 (Devlin et al. 2019)",
    family: "bert",
    masks: true,
    make: maskedLm,
  },
  "whole-word-masked-lm": {
    kind: "masked-lm",
    summary: "BERT: whole words (google-research/bert, 2019)",
    family: "bert",
    aliases: ["whole-words"],
    masks: true,
    make: (settings) => maskedLm({ ...settings, wholeWords: true }),
  },
  "ngram-masked-lm": {
    kind: "masked-lm",
    summary: "ALBERT: n-grams of words (Lan et al. 2020)",
    family: "bert",
    aliases: ["ngrams"],
    masks: true,
    make: ngramMaskedLm,
  },
  "span-masked-lm": {
    kind: "masked-lm",
    summary: "SpanBERT: spans of words (Joshi et al. 2020)",
    family: "bert",
    aliases: ["spans"],
    masks: true,
    make: spanMaskedLm,
  },
  roberta: {
    kind: "masked-lm",
    summary: "RoBERTa: 15 % on average, special tokens included (Liu et al. 2019)",
    family: "roberta",
    masks: true,
    make: (settings) => maskedLm({ ...settings, selection: "roberta", firstRandomId: 4 }),
  },
  "translation-lm": {
    kind: "masked-lm",
    summary: "XLM: a sentence and its translation, masked together (Conneau & Lample 2019)",
    family: "bert",
    masks: true,
    translations: true,
    make: maskedLm,
  },
  "next-sentence-prediction": {
    kind: "pairs",
    summary: "BERT: does the second segment follow the first? (Devlin et al. 2019)",
    family: "bert",
    aliases: ["next-sentence"],
    masks: false,
    make: nextSentencePrediction,
  },
  "sentence-order-prediction": {
    kind: "pairs",
    summary: "ALBERT: are two segments in order? (Lan et al. 2020)",
    family: "bert",
    aliases: ["sentence-order"],
    masks: false,
    make: sentenceOrderPrediction,
  },
  "replaced-token-detection": {
    kind: "replaced-token-detection",
    summary: "ELECTRA: which tokens did a generator replace? (Clark et al. 2020)",
    family: "electra",
    aliases: ["replaced-tokens", "electra"],
    masks: true,
    make: electraPretraining,
  },
  "causal-lm": {
    kind: "causal-lm",
    summary: "GPT: the next token (Radford et al. 2018)",
    family: "gpt2",
    masks: false,
    make: causalLm,
  },
  mass: {
    kind: "seq2seq-lm",
    summary: "MASS: the masked half of a sentence (Song et al. 2019)",
    family: "bart",
    masks: true,
    make: mass,
  },
  bart: {
    kind: "seq2seq-lm",
    summary: "BART: sentences permuted, spans infilled (Lewis et al. 2020)",
    family: "bart",
    masks: true,
    make: (settings) => bart("bart", settings, { permuteSentences: 1 }),
  },
  "bart-token-masking": {
    kind: "seq2seq-lm",
    summary: "BART's token masking alone",
    family: "bart",
    aliases: ["bart-mask"],
    masks: true,
    make: (settings) => bart("bart-token-masking", settings, { tokenNoise: "mask" }),
  },
  "bart-token-deletion": {
    kind: "seq2seq-lm",
    summary: "BART's token deletion alone",
    family: "bart",
    aliases: ["bart-delete"],
    masks: true,
    make: (settings) => bart("bart-token-deletion", settings, { tokenNoise: "delete" }),
  },
  "bart-text-infilling": {
    kind: "seq2seq-lm",
    summary: "BART's text infilling alone",
    family: "bart",
    aliases: ["bart-infill"],
    masks: true,
    make: (settings) => bart("bart-text-infilling", settings, { tokenNoise: "infill" }),
  },
  "bart-sentence-permutation": {
    kind: "seq2seq-lm",
    summary: "BART's sentence permutation alone",
    family: "bart",
    aliases: ["bart-permute"],
    masks: false,
    make: (settings) => bart("bart-sentence-permutation", settings, { tokenNoise: "none", permuteSentences: 1 }),
  },
  "bart-document-rotation": {
    kind: "seq2seq-lm",
    summary: "BART's document rotation alone",
    family: "bart",
    aliases: ["bart-rotate"],
    masks: false,
    make: (settings) => bart("bart-document-rotation", settings, { tokenNoise: "none", rotate: 1 }),
  },
  "gap-sentences": {
    kind: "seq2seq-lm",
    summary: "PEGASUS: the sentences that share most with the rest (Zhang et al. 2020)",
    family: "bart",
    aliases: ["pegasus"],
    masks: true,
    make: (settings) =>
      sequenceToSequence("gap-sentences", gapSentences({ ...settings, endsSentence: sentenceEnd(settings.tokenizer) })),
  },
  t5: {
    kind: "seq2seq-lm",
    summary: "T5: spans replaced by sentinels (Raffel et al. 2020)",
    family: "t5",
    aliases: ["span-corruption"],
    masks: true,
    make: (settings) => sequenceToSequence("t5", spanCorruption(settings)),
  },
  ul2: {
    kind: "seq2seq-lm",
    summary: "UL2: a mixture of seven denoisers (Tay et al. 2022)",
    family: "t5",
    masks: false,
    make: (settings) => sequenceToSequence("ul2", ul2(settings)),
  },
} as const satisfies Readonly<Record<string, AnyPublished>>;

/** A published objective of any kind. */
export type AnyPublished = { [Kind in ObjectiveKind]: PublishedObjective<Kind> }[ObjectiveKind];

/** The name of a published objective. */
export type ObjectiveName = keyof typeof PUBLISHED_OBJECTIVES;

/** An objective as `--objective` names it: one of the table, optionally with a task on pairs. */
export interface NamedObjective {
  /** the names of the table, joined by + */
  readonly name: string;
  readonly main: Exclude<AnyPublished, PublishedObjective<"pairs">>;
  readonly pairs?: PublishedObjective<"pairs">;
  /** how its sequences are made of documents */
  readonly arrangement: Arrangement;
}

/** The name in the table of a name or alias. */
function nameOf(known: string): ObjectiveName | undefined {
  for (const [name, { aliases = [] }] of Object.entries<AnyPublished>(PUBLISHED_OBJECTIVES))
    if (name === known || aliases.includes(known)) return name as ObjectiveName;
  return undefined;
}

/**
 * The names of one kind, or of all.
 *
 * @example
 * objectiveNames("pairs"); // ["next-sentence-prediction", "sentence-order-prediction"]
 */
export function objectiveNames(kind?: ObjectiveKind): string[] {
  return Object.entries<AnyPublished>(PUBLISHED_OBJECTIVES)
    .filter(([, entry]) => kind === undefined || entry.kind === kind)
    .map(([name]) => name);
}

/**
 * Earlier names of an objective, for output that keeps its field names.
 *
 * @example
 * objectiveAliases("t5"); // ["span-corruption"]
 */
export function objectiveAliases(name: string): readonly string[] {
  checkArgument("objectiveAliases", "name", name, aString);
  return Object.hasOwn(PUBLISHED_OBJECTIVES, name)
    ? ((PUBLISHED_OBJECTIVES as Readonly<Record<string, AnyPublished>>)[name]!.aliases ?? [])
    : [];
}

/**
 * Read the name of an objective: `masked-lm`, `ngram-masked-lm+sentence-order-prediction`, `t5` …
 *
 * @param where how errors name the argument; `--objective` on the command line
 * @throws {InputError} when a name is unknown, or the parts cannot be combined
 * @example
 * parseObjective("masked-lm+next-sentence-prediction").arrangement; // "next-sentence-prediction"
 */
export function parseObjective(text: string, where = "objective"): NamedObjective {
  checkArgument("parseObjective", "text", text, aString);
  const names = text.split("+").map((part) => {
    const name = nameOf(part.trim());
    if (name === undefined)
      throw new InputError(
        `${where} ${shown(text)}: expected one of ${objectiveNames().join(", ")}; a masked LM may be joined with a task on pairs by +`,
      );
    return name;
  });
  const entries = names.map((name) => PUBLISHED_OBJECTIVES[name] as AnyPublished);
  const mains = entries.filter((entry) => entry.kind !== "pairs");
  const tasks = entries.filter((entry) => entry.kind === "pairs");
  const [main] = mains;
  const [task] = tasks;
  if (!main || mains.length > 1 || tasks.length > 1 || (task && main.kind !== "masked-lm"))
    throw new InputError(
      `${where} ${shown(text)}: expected one objective, or a masked LM (${objectiveNames("masked-lm").join(", ")}) and one of ${objectiveNames("pairs").join(", ")}, joined by +`,
    );
  if (task && main.translations)
    throw new InputError(`${where} ${shown(text)}: translations are pairs already; leave out ${names.at(-1)}`);
  const arrangement = names.find((name) => PUBLISHED_OBJECTIVES[name].kind === "pairs");
  return {
    name: [...names].sort((a, b) => Number(a === arrangement) - Number(b === arrangement)).join("+"),
    main,
    ...(task && { pairs: task }),
    arrangement: (arrangement as Arrangement | undefined) ?? "sentences",
  };
}
