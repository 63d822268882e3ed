import { adamW, linearSchedule, loadTokenizer, type WritableFiles } from "cloze";
import {
  type NamedObjective,
  objectiveNames,
  parseObjective,
  type TokenizedDocument,
  tokenizeDocuments,
} from "cloze/data";
import { folder } from "cloze/node";
import { FRESH_FAMILIES } from "cloze/tensor";
import type { Tokenizer, TrainingTexts } from "cloze/tokenizer";
import { Command } from "commander";
import { causalRecipe } from "../pretrain/causal.js";
import { devDocuments, fingerprint, splitDocuments } from "../pretrain/documents.js";
import { electraRecipe } from "../pretrain/electra.js";
import { EVAL_EVERY, evaluationsOf, heldOut } from "../pretrain/evaluations.js";
import { maskedRecipe } from "../pretrain/masked.js";
import { type PretrainOptions, type Recipe, type Setting, settingsOf } from "../pretrain/recipe.js";
import { seq2seqRecipe } from "../pretrain/seq2seq.js";
import {
  areLarge,
  fingerprintOfFiles,
  heldDocuments,
  LIMIT,
  largeSize,
  requireRegularFiles,
  sharedText,
  shareOf,
  TextStream,
} from "../pretrain/text-stream.js";
import { type Translations, translationsIn } from "../pretrain/translations.js";
import { learnVocabulary } from "../pretrain/vocabulary.js";
import {
  Checkpoints,
  type Invocation,
  type MonitorOf,
  type Resumed,
  tokenizerHash,
  withResumed,
} from "../shared/checkpoints.js";
import { engineOf, withModelOptions } from "../shared/engine-options.js";
import { readFields, requireFiles } from "../shared/input.js";
import { reportFigures, say } from "../shared/output.js";
import { follow } from "../shared/step-reporter.js";
import { openTokenizer } from "../shared/tokenizers.js";
import { requireFreeOutput, trainingSettings, withTrainingOptions } from "../shared/training-options.js";
import { positiveShare, share, shareBelowOne, UsageError, wholeNumber } from "../shared/usage.js";

/** The objective of --objective and --whole-words. */
function objectiveOf({ objective, wholeWords = false, maskingRate }: PretrainOptions): NamedObjective {
  const named = parseObjective(objective, "--objective");
  if (maskingRate !== undefined && !named.main.masks)
    throw new UsageError(`--masking-rate does not apply to ${named.name}`);
  if (!wholeWords || named.name.startsWith("whole-word-masked-lm")) return named;
  const [first, ...rest] = named.name.split("+");
  if (first !== "masked-lm") throw new UsageError(`--whole-words is for masked-lm, not for ${named.name}`);
  return parseObjective(["whole-word-masked-lm", ...rest].join("+"));
}

/** The family of the model: that of --from or --config, of --family, or the objective's own. */
async function familyOf({ from, config, family }: PretrainOptions, { main, name }: NamedObjective): Promise<string> {
  if ([from, config, family].filter((given) => given !== undefined).length > 1)
    throw new UsageError("--from, --config and --family exclude each other: each determines the model");
  const file = from === undefined ? config : `${from}/config.json`;
  const read = async (path: string) => {
    const { model_type: type = main.family } = await readFields(path);
    if (typeof type !== "string") throw new UsageError(`${path}: model_type must be a text`);
    return type;
  };
  const named = file === undefined ? (family ?? main.family) : await read(file);
  if (main.kind === "replaced-token-detection" && named !== "electra")
    throw new UsageError(`--family ${named}: ${name} trains electra`);
  if (main.kind !== "replaced-token-detection" && family !== undefined && !FRESH_FAMILIES.includes(named))
    throw new UsageError(`--family ${named}: expected one of ${FRESH_FAMILIES.join(", ")}`);
  return named;
}

type Languages = Readonly<Record<string, readonly string[][]>>;

/** The tokenizer, and whether the run trained it itself, so that no other run can read it from a file. */
interface Chosen {
  readonly tokenizer: Tokenizer;
  readonly learned: boolean;
}

/** @param texts makes the text to learn a vocabulary from */
async function tokenizerOf(
  options: PretrainOptions,
  family: string,
  { learned }: Resumed,
  texts: () => TrainingTexts,
): Promise<Chosen> {
  if (options.from !== undefined && options.tokenizer !== undefined)
    throw new UsageError("--tokenizer: the model of --from has its own tokenizer");
  if (options.from !== undefined) return { tokenizer: await loadTokenizer(folder(options.from)), learned: false };
  if (options.tokenizer !== undefined) return { tokenizer: await openTokenizer(options.tokenizer), learned: false };
  if (learned) return { tokenizer: learned, learned: true };
  const { vocabSize: size, cased = false } = options;
  say(`learning a vocabulary of ${size} pieces ...`);
  return { tokenizer: await learnVocabulary(family, texts(), { size, cased }), learned: true };
}

/** Documents by file when files are languages; held-out documents come from all of them. */
async function documentsOf(files: readonly string[], { dev, smoothing }: PretrainOptions) {
  if (smoothing === undefined) {
    const { training, held } = await splitDocuments(files, dev);
    return { languages: { text: training } as Languages, held };
  }
  const parts: [string, string[][]][] = [];
  let held: string[][] = [];
  for (const file of files) {
    const split = await splitDocuments([file], dev);
    parts.push([file, split.training]);
    if (dev === undefined || held.length === 0) held = held.concat(split.held);
  }
  return { languages: Object.fromEntries(parts) as Languages, held };
}

/** The sentences and translations of --pairs; undefined where there are none. */
async function translationsOf(
  { pairs, objective }: PretrainOptions,
  tokenizer: Tokenizer,
  kind: string,
): Promise<Translations | undefined> {
  if (pairs === undefined) return undefined;
  if (kind !== "masked-lm")
    throw new UsageError(`--pairs is for masked LM (translation language modelling), not for ${objective}`);
  const translations = await translationsIn(pairs, tokenizer);
  return translations.count === 0 ? undefined : translations;
}

/** Settings that a resumed run must share, by the names of the options. */
async function settings({ options, objective, tokenizer, text, translations }: Setting) {
  return {
    command: "pretrain",
    objective: objective.name,
    "max-length": options.maxLength,
    short: options.short ?? 0,
    ...(options.shortBatchSize !== undefined && { "short-batch-size": options.shortBatchSize }),
    "num-attention-heads": options.numAttentionHeads,
    dropout: options.dropout,
    steps: options.steps,
    "learning-rate": options.learningRate ?? LEARNING_RATE,
    "warmup-steps": warmupOf(options),
    ...trainingSettings(options),
    build: options.build,
    "masking-rate": options.maskingRate ?? "published",
    smoothing: options.smoothing ?? "none",
    pairs: translations?.text ?? fingerprint([]),
    text,
    // It decides which documents of the text are held out.
    "held-out": options.dev === undefined ? "a part of the text" : "--dev",
    tokenizer: tokenizerHash(tokenizer),
    ...(options.config !== undefined && { config: JSON.stringify(await readFields(options.config)) }),
  };
}

const LEARNING_RATE = 1e-3;

const warmupOf = ({ warmupSteps, steps }: PretrainOptions): number => warmupSteps ?? Math.ceil(steps / 10);

/** The recipe of the objective's kind. */
function recipeFor(setting: Setting): Promise<Recipe> {
  const { main, pairs } = setting.objective;
  const given = settingsOf(setting);
  switch (main.kind) {
    case "masked-lm":
      return maskedRecipe(setting, main.make(given), pairs?.make(given));
    case "causal-lm":
      return causalRecipe(setting, main.make(given));
    case "seq2seq-lm":
      return seq2seqRecipe(setting, main.make(given));
    case "replaced-token-detection":
      return electraRecipe(setting, main.make(given));
  }
}

/** Everything that the recipe needs, and the held-out documents. */
async function prepare(
  files: readonly string[],
  options: PretrainOptions,
  resumed: Resumed,
): Promise<Omit<Setting, "engine"> & Held> {
  const objective = objectiveOf(options);
  await requireFiles([...files, options.dev, options.pairs, options.config]);
  const family = await familyOf(options, objective);
  const { pairs } = options;
  // Beside large pairs the text is streamed too, however small it is.
  const isStreamed = (await areLarge(files)) || (pairs !== undefined && (await areLarge([pairs])));
  const read: Read = await (isStreamed ? streamed : inMemory)(files, options, family, resumed);
  const { held, ...text } = read;
  const translations = await translationsOf(options, text.tokenizer, objective.main.kind);
  if (options.dev !== undefined && held.length === 0)
    throw new UsageError(`--dev ${options.dev}: no token of it is in the vocabulary, or it is empty`);
  return { options, objective, family, held, ...text, ...(translations && { translations }) };
}

/** The part of the text that was read before the first step. */
type Read = Pick<Setting, "tokenizer" | "learned" | "languages" | "streams" | "text"> & {
  readonly held: readonly TokenizedDocument[];
};

/** Small text: all of it is tokenized before the first step. */
async function inMemory(files: readonly string[], options: PretrainOptions, family: string, resumed: Resumed) {
  const { languages: texts, held } = await documentsOf(files, options);
  const chosen = await tokenizerOf(options, family, resumed, () => Object.values(texts).flat(2));
  const languages = Object.fromEntries(
    Object.entries(texts).map(([name, documents]) => [name, tokenizeDocuments(chosen.tokenizer, documents)]),
  );
  const text = fingerprint(Object.values(languages).flat());
  return { ...chosen, languages, text, held: tokenizeDocuments(chosen.tokenizer, held) };
}

/** Large text: read as training goes. A new vocabulary is learned from a share of it. */
async function streamed(files: readonly string[], options: PretrainOptions, family: string, resumed: Resumed) {
  await requireRegularFiles(files);
  const { dev, smoothing } = options;
  const chosen = await tokenizerOf(options, family, resumed, () => vocabularyText(files));
  const { tokenizer } = chosen;
  const groups = smoothing === undefined ? [files] : files.map((file) => [file]);
  const share = 1 / groups.length;
  const streams = groups.map((group) => new TextStream(group, tokenizer, dev === undefined, share));
  const held: string[][] = [];
  if (dev !== undefined) held.push(...(await devDocuments(dev)));
  else for (const group of groups) held.push(...(await heldDocuments(group, share)));
  const text = await fingerprintOfFiles(files);
  return { ...chosen, streams, languages: {}, text, held: tokenizeDocuments(tokenizer, held) };
}

/** The text to learn a vocabulary from: all of it, or a share spread over it. */
async function* vocabularyText(files: readonly string[]): AsyncGenerator<string> {
  const size = (await largeSize(files)) ?? 0;
  if (shareOf(size) > 1)
    say(
      `the text has more than ${LIMIT}: the vocabulary is learned from one of every ${shareOf(size)} documents, all over it`,
    );
  yield* sharedText(files, size);
}

interface Held {
  readonly held: readonly TokenizedDocument[];
}

async function run(names: readonly string[], given: PretrainOptions, command: Command): Promise<void> {
  const { files, options, ...resumed } = await withResumed({ files: names, options: given }, command);
  if (files.length === 0) throw new UsageError("name the text to train on");
  await requireFreeOutput(options, files);
  await pretrain({ files, options }, resumed, (parts) => new Checkpoints({ files, options }, parts, resumed));
}

/** Pre-train under a monitor. */
export async function pretrain(
  { files, options }: Invocation<PretrainOptions>,
  resumed: Resumed,
  monitorOf: MonitorOf,
): Promise<void> {
  const prepared = await prepare(files, options, resumed);
  using engine = await engineOf(options);
  const setting: Setting = { engine, ...prepared };
  using recipe = await recipeFor(setting);
  const { steps, batchSize, gradientAccumulationSteps, maxGradNorm, weightDecay, seed, recompute = false } = options;
  using optimizer = adamW(recipe.weights, { weightDecay });
  const learned = setting.learned ? { learned: setting.tokenizer } : {};
  const { held } = prepared;
  const score = (part: readonly TokenizedDocument[]) => recipe.figures(part);
  const evaluate = evaluationsOf(score, held, options, options.short ?? options.maxLength);
  const monitor = monitorOf({ settings: await settings(setting), ...learned, ...(evaluate && { evaluate }) });
  const from = await monitor.begin(resumed.checkpoint, optimizer);
  const learningRate = linearSchedule(options.learningRate ?? LEARNING_RATE, warmupOf(options), steps);
  const run = recipe.run({
    ...{ engine, optimizer, learningRate, batchSize, gradientAccumulationSteps, maxGradNorm, seed, recompute },
    ...(from && { from }),
  });
  const reporting = { title: "pre-training", steps, json: options.json ?? false, parts: true };
  const last = await follow(run, (step) => step, reporting, monitor, optimizer);
  let figures: Record<string, number> = {};
  // Where scoring or writing fails, the run is kept in a checkpoint.
  const save = async (to: WritableFiles): Promise<void> => {
    if (held.length > 0) {
      figures = recipe.figures(held);
      await monitor.evaluated([{ ...heldOut(steps, figures), final: true }]);
    }
    await recipe.save(to);
  };
  if (!(await monitor.complete(last, optimizer, save))) return;
  await reportFigures(options, {
    steps,
    ...(last && { loss: last.loss, seconds: Number(last.seconds.toFixed(1)) }),
    parameters: recipe.weights.count,
    vocabulary: setting.tokenizer.size,
    out: options.out,
    ...figures,
  });
}

const EXAMPLES = `
Examples:
  cloze pretrain --out my-bert --layers 2 --width 128 --heads 2 --steps 2000 novels.txt.gz
  cloze pretrain --resume my-bert
  cloze pretrain --out my-gpt --objective causal-lm novels.txt.gz
  cloze pretrain --out my-t5 --objective t5 --layers 2 novels.txt.gz
  cloze pretrain --out my-xlm --family xlm-roberta --objective masked-lm --smoothing 0.3 --pairs pairs.tsv en.txt de.txt`;

const OBJECTIVE = `${objectiveNames("masked-lm").join(", ")}, alone or with +${objectiveNames("pairs").join(" or +")}; ${[
  ...objectiveNames("replaced-token-detection"),
  ...objectiveNames("causal-lm"),
  ...objectiveNames("seq2seq-lm"),
].join(", ")}`;

export function pretrainCommand(): Command {
  const command = new Command("pretrain")
    .description("Pre-train a model on plain text: encoders, decoders and encoder-decoders of every family.")
    .argument("[file...]", "plain text: a sentence or paragraph per line, a blank line between documents")
    .option("--objective <names>", OBJECTIVE, "masked-lm+next-sentence-prediction")
    .option("--from <model>", "start from this model's weights and tokenizer")
    .option("--family <name>", `family of a new model: ${FRESH_FAMILIES.join(", ")}; default: the objective's own`)
    .option("--config <file>", "config.json of a new model, instead of a family and sizes")
    .option("--tokenizer <tokenizer>", "use this tokenizer instead of training one")
    .option("--vocabulary, --vocab-size <n>", "size of a new vocabulary", wholeNumber(10), 8192)
    .option("--cased", "keep case in a new vocabulary")
    .option("--layers, --num-hidden-layers <n>", "layers; of encoder and decoder each", wholeNumber(1), 4)
    .option("--width, --hidden-size <n>", "width of the hidden states", wholeNumber(1), 256)
    .option("--heads, --num-attention-heads <n>", "attention heads per layer", wholeNumber(1), 4)
    .option("--length, --max-length <n>", "longest sequence in tokens", wholeNumber(8), 128)
    .option(
      "--short <n>",
      "train masked LM on sequences of this length for the first 80 % of the steps; small models learn much faster",
      wholeNumber(8),
    )
    .option("--eval-every <n>", EVAL_EVERY, wholeNumber(0))
    .option("--short-batch-size <n>", "sequences per batch with --short; default: --batch-size", wholeNumber(1))
    .option("--dropout <p>", "dropout probability", shareBelowOne, 0.1)
    .option("--mask, --masking-rate <share>", "share of tokens to mask; default: as published", positiveShare)
    .option("--whole-words", "mask whole words: the same as whole-word-masked-lm")
    .option("--pairs <file>", "also learn from translations (translation LM): TSV or JSONL with text and pair")
    .option(
      "--smoothing <s>",
      "treat each file as a language and sample it in proportion to its size to this power (mBERT 0.7, XLM-R 0.3)",
      share,
    )
    .option("--dev <file>", "held-out text; default: every twentieth document")
    .option("--steps <n>", "training steps", wholeNumber(1), 1000);
  const defaults = { batchSize: 32, maxGradNorm: 1, warmup: "a tenth", learningRate: String(LEARNING_RATE) };
  return withModelOptions(withTrainingOptions(command, defaults)).addHelpText("after", EXAMPLES).action(run);
}
