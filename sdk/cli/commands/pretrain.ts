import {
  type Arrangement,
  adamW,
  alone,
  bertConfig,
  boundaries,
  type Engine,
  freshModel,
  type HeadObjective,
  linearRate,
  loadModel,
  loadTokenizer,
  type MaskedLmOptions,
  type Model,
  maskedHeldOut,
  maskedLm,
  ngramMaskedLm,
  type PairOptions,
  type PredictsTokens,
  type Pretrained,
  pairAccuracy,
  pairObjective,
  perplexity,
  pretrainingSamples,
  repeatPositions,
  type Stage,
  saveModel,
  spanMaskedLm,
  type TokenizedDocument,
  type Tokenizer,
  together,
  tokenizeDocuments,
  trainInStages,
  trainWordPiece,
} from "cloze";
import { exists, folder, writeFolder } from "cloze/node";
import { Command } from "commander";
import { Checkpoints, interruption } from "../checkpoints.js";
import { requireFiles } from "../input.js";
import { engineOf, type ModelOptions, withModelOptions } from "../model-options.js";
import { say, writeLine } from "../output.js";
import { fingerprint, loop, splitDocuments } from "../pretraining.js";
import { openTokenizer } from "../tokenizers.js";
import { positive, UsageError, wholeNumber } from "../usage.js";

interface Options extends ModelOptions {
  readonly out: string;
  readonly force?: boolean;
  readonly from?: string;
  readonly tokenizer?: string;
  readonly vocabulary: number;
  readonly cased?: boolean;
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly length: number;
  readonly short?: number;
  readonly dropout: number;
  readonly objective: string;
  readonly mask: number;
  readonly wholeWords?: boolean;
  readonly dev?: string;
  readonly steps: number;
  readonly rows: number;
  readonly accumulate: number;
  readonly rate: number;
  readonly warmup?: number;
  readonly seed: number;
  readonly checkpointEvery: number;
  readonly resume?: string;
}

/** How tokens are hidden, by the name of the objective. */
const HIDING: Readonly<Record<string, (options: MaskedLmOptions) => HeadObjective<PredictsTokens>>> = {
  "masked-lm": maskedLm,
  "ngram-masked-lm": ngramMaskedLm,
  "span-masked-lm": spanMaskedLm,
  roberta: (options) => maskedLm({ ...options, choose: "rounded", firstRandom: 4 }),
};
const PAIRS: readonly string[] = ["next-sentence", "sentence-order"] satisfies Arrangement[];

interface ObjectiveParts {
  readonly arrangement: Arrangement;
  readonly hide: (options: MaskedLmOptions) => HeadObjective<PredictsTokens>;
}

/** What --objective says: how tokens are hidden, and with which pairs, if any. */
function objectiveOf(objective: string): ObjectiveParts {
  const parts = objective.split("+");
  const [hiding, ...others] = parts.filter((part) => !PAIRS.includes(part));
  const pairs = parts.filter((part) => PAIRS.includes(part));
  const hide = hiding !== undefined && Object.hasOwn(HIDING, hiding) ? HIDING[hiding] : undefined;
  if (!hide || others.length > 0 || pairs.length > 1)
    throw new UsageError(
      `--objective ${objective}: expected one of ${Object.keys(HIDING).join(", ")}, alone or with +next-sentence or +sentence-order`,
    );
  return { hide, arrangement: (pairs[0] as Arrangement | undefined) ?? "sentences" };
}

async function tokenizerOf(options: Options, training: readonly string[][]): Promise<Tokenizer> {
  if (options.from !== undefined) return loadTokenizer(folder(options.from));
  if (options.tokenizer !== undefined) return openTokenizer(options.tokenizer);
  say(`learning a vocabulary of ${options.vocabulary} pieces ...`);
  return trainWordPiece(training.flat(), { size: options.vocabulary, lowercase: !options.cased });
}

/** BERT's random weights, and the width that they were chosen for: narrower maps need larger ones for sums as large. */
const PUBLISHED_DEVIATION = 0.02;
const PUBLISHED_WIDTH = 768;

async function modelOf(engine: Engine, options: Options, tokenizer: Tokenizer): Promise<Pretrained<"pretrain">> {
  if (options.from !== undefined)
    return loadModel(engine, folder(options.from), { purpose: "pretrain", seed: options.seed });
  const { layers, width, heads, length, dropout, seed } = options;
  if (width % heads !== 0) throw new UsageError(`--width ${width} is not a multiple of --heads ${heads}`);
  return freshModel(
    engine,
    bertConfig({
      vocabulary: tokenizer.size,
      layers,
      width,
      heads,
      positions: length,
      dropout,
      deviation: PUBLISHED_DEVIATION * Math.sqrt(PUBLISHED_WIDTH / width),
    }),
    "pretrain",
    seed,
  );
}

/** Share of the steps with short sequences, where there are such. */
const SHORT_SHARE = 0.8;

/** One stage; or two: short sequences and masked LM alone, then full ones and all of the objective. */
function stagesOf(
  { length, short, steps }: Options,
  documents: readonly TokenizedDocument[],
  arrangement: Arrangement,
  masked: HeadObjective<PredictsTokens>,
  sequences: PairOptions & { readonly seed: number },
  { weights }: Pretrained<"pretrain">,
): Stage<Model<"pretrain">>[] {
  const full = {
    until: steps,
    objective: arrangement === "sentences" ? alone(masked) : together(masked, pairObjective(arrangement)),
    samples: pretrainingSamples(documents, arrangement, sequences),
  };
  if (short === undefined) return [full];
  if (short >= length) throw new UsageError(`--short ${short} is not shorter than --length ${length}`);
  return [
    {
      until: Math.floor(steps * SHORT_SHARE),
      objective: alone(masked),
      samples: pretrainingSamples(documents, "sentences", { ...sequences, length: short }),
    },
    { ...full, enter: () => repeatPositions(weights, short) },
  ];
}

async function run(files: readonly string[], options: Options): Promise<void> {
  const { arrangement, hide } = objectiveOf(options.objective);
  await requireFiles([...files, options.dev]);
  if (!options.force && (await exists(options.out)))
    throw new UsageError(`${options.out} exists already; choose another --out, or replace it with --force`);
  const { training, held } = await splitDocuments(files, options.dev);
  const tokenizer = await tokenizerOf(options, training);
  const { mask } = tokenizer.special;
  if (mask === undefined) throw new UsageError("the tokenizer has no mask token, which masked LM needs");
  using engine = await engineOf(options);
  using loaded = await modelOf(engine, options, tokenizer);
  const documents = tokenizeDocuments(tokenizer, training);
  const sequences = { length: options.length, special: boundaries(tokenizer), seed: options.seed };
  const masking = {
    vocabulary: { size: tokenizer.size, mask },
    rate: options.mask,
    wholeWords: options.wholeWords ?? false,
  };
  using optimizer = adamW(loaded.weights, { decay: 0.01 });
  const { steps, rate, rows, accumulate, seed } = options;
  const warmup = options.warmup ?? Math.ceil(steps / 10);
  const settings = {
    command: "pretrain",
    objective: options.objective,
    mask: options.mask,
    words: String(options.wholeWords ?? false),
    length: options.length,
    short: options.short ?? 0,
    heads: options.heads,
    dropout: options.dropout,
    steps,
    rate,
    warmup,
    rows,
    accumulate,
    seed,
    build: options.build,
    text: fingerprint(documents),
    vocabulary: tokenizer.size,
  };
  const checkpoints = new Checkpoints(options.out, options.checkpointEvery, settings);
  const from = options.resume === undefined ? undefined : await checkpoints.resume(options.resume, optimizer);
  const { signal } = interruption();
  const last = await loop(
    trainInStages(stagesOf(options, documents, arrangement, hide(masking), sequences, loaded), {
      engine,
      model: loaded.model,
      optimizer,
      rate: linearRate(rate, warmup, steps),
      rows,
      accumulate,
      seed,
      ...(from && { from }),
    }),
    { steps, title: "pre-training", json: options.json ?? false },
    checkpoints,
    optimizer,
    signal,
  );
  const figures =
    held.length === 0 ? {} : heldOut(loaded, tokenizeDocuments(tokenizer, held), arrangement, sequences, masking);
  await writeFolder(options.out, options.force ?? false, (to) =>
    saveModel(to, {
      ...loaded,
      purpose: arrangement === "sentences" ? "mask" : "pretrain",
      tokenizer,
      length: options.length,
    }),
  );
  await checkpoints.remove();
  const done = {
    done: true,
    steps,
    loss: last.loss,
    seconds: Number(last.seconds.toFixed(1)),
    parameters: loaded.weights.count,
    vocabulary: tokenizer.size,
    out: options.out,
    ...figures,
  };
  if (options.json) await writeLine(JSON.stringify(done));
  else
    say(
      `done: ${Object.entries(done)
        .map(
          ([name, value]) =>
            `${name} ${typeof value === "number" && !Number.isInteger(value) ? value.toFixed(4) : value}`,
        )
        .join(", ")}`,
    );
}

function heldOut(
  loaded: Pretrained<"pretrain">,
  documents: readonly TokenizedDocument[],
  arrangement: Arrangement,
  sequences: { length: number; special: { cls: number; sep: number }; seed: number },
  masking: Parameters<typeof maskedHeldOut>[2],
): Record<string, number> {
  const sentences = pretrainingSamples(documents, "sentences", sequences)(0);
  const { loss, unigramEntropy, accuracy, targets } = maskedHeldOut(loaded.model, sentences, masking);
  const figures = {
    held_out_loss: loss,
    unigram_entropy: unigramEntropy,
    perplexity: perplexity(loss),
    masked_accuracy: accuracy,
    targets,
  };
  if (arrangement === "sentences" || documents.length < 2) return figures;
  return {
    ...figures,
    pair_accuracy: pairAccuracy(loaded.model, pretrainingSamples(documents, arrangement, sequences)(0)),
  };
}

export function pretrainCommand(): Command {
  return withModelOptions(new Command("pretrain"))
    .description("Train a BERT from plain text: masked LM, with next-sentence prediction or sentence order.")
    .argument("<file...>", "plain text: a sentence or paragraph a line, a blank line between documents")
    .requiredOption("--out <folder>", "the model folder to write")
    .option("--force", "replace an existing folder")
    .option("--from <folder>", "go on from this model's weights and tokenizer")
    .option("--tokenizer <file>", "use this tokenizer instead of learning one")
    .option("--vocabulary <n>", "pieces of a new vocabulary", wholeNumber(10), 8192)
    .option("--cased", "a new vocabulary keeps the case")
    .option("--layers <n>", "", wholeNumber(1), 4)
    .option("--width <n>", "", wholeNumber(1), 256)
    .option("--heads <n>", "", wholeNumber(1), 4)
    .option("--length <n>", "longest sequence in tokens", wholeNumber(8), 128)
    .option(
      "--short <n>",
      "the first four fifths of the steps learn masked LM from sequences of so many tokens: small models learn far sooner",
      wholeNumber(8),
    )
    .option("--dropout <share>", "", Number, 0.1)
    .option(
      "--objective <names>",
      "masked-lm, ngram-masked-lm (ALBERT), span-masked-lm (SpanBERT) or roberta, alone or with +next-sentence or +sentence-order",
      "masked-lm+next-sentence",
    )
    .option("--mask <share>", "tokens to predict", positive, 0.15)
    .option("--whole-words", "mask whole words")
    .option("--dev <file>", "held-out text; without it every twentieth document")
    .option("--steps <n>", "", wholeNumber(1), 1000)
    .option("--rows <n>", "sequences in a batch", wholeNumber(1), 32)
    .option("--accumulate <n>", "batches in a step", wholeNumber(1), 1)
    .option("--rate <x>", "highest learning rate", positive, 1e-3)
    .option("--warmup <n>", "steps of warm-up; a tenth of all", wholeNumber(0))
    .option("--seed <n>", "", wholeNumber(0), 1)
    .option("--checkpoint-every <n>", "steps", wholeNumber(1), 500)
    .option("--resume <folder>", "go on where the interrupted run of this output folder stood")
    .addHelpText(
      "after",
      `\nExamples:\n  cloze pretrain --out my-bert --layers 2 --width 128 --heads 2 --steps 2000 novels.txt.gz\n  cloze pretrain --out my-bert --resume my-bert --layers 2 --width 128 --heads 2 --steps 2000 novels.txt.gz`,
    )
    .action(run);
}
