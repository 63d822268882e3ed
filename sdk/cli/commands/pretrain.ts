import { adamW, FRESH_FAMILIES, linearSchedule, loadTokenizer } from "cloze";
import { readTextRows, type TokenizedDocument, tokenizeDocuments } from "cloze/data";
import { exists, folder, writeFolder } from "cloze/node";
import type { Tokenizer } from "cloze/tokenizer";
import { Command } from "commander";
import { causalCourse } from "../pretrain/causal.js";
import { REWRITING, rewritingCourse } from "../pretrain/denoising.js";
import { HIDING, maskedCourse, maskedParts } from "../pretrain/masked.js";
import type { Course, PretrainOptions, Setting, TokenizedPair } from "../pretrain/recipe.js";
import { replacedCourse } from "../pretrain/replaced.js";
import { fingerprint, loop, splitDocuments } from "../pretrain/run.js";
import { learnVocabulary } from "../pretrain/vocabulary.js";
import { Checkpoints, interruption } from "../shared/checkpoints.js";
import { engineOf, withModelOptions } from "../shared/engine-options.js";
import { fileSource, readWhole, requireFiles } from "../shared/input.js";
import { say, writeLine } from "../shared/output.js";
import { openTokenizer } from "../shared/tokenizers.js";
import { positive, share, UsageError, wholeNumber } from "../shared/usage.js";

/** How an objective is learned, and by which family where none is named. */
interface Kind {
  readonly course: (setting: Setting) => Promise<Course>;
  readonly family: string;
}

function kindOf(objective: string): Kind {
  if (objective === "causal-lm") return { course: causalCourse, family: "gpt2" };
  if (objective === "replaced-tokens") return { course: replacedCourse, family: "electra" };
  if (Object.hasOwn(REWRITING, objective))
    return { course: rewritingCourse, family: objective === "t5" ? "t5" : "bart" };
  if (maskedParts(objective))
    return { course: maskedCourse, family: objective.startsWith("roberta") ? "roberta" : "bert" };
  throw new UsageError(
    `--objective ${objective}: expected one of ${Object.keys(HIDING).join(", ")}, alone or with +next-sentence or +sentence-order; or ${Object.keys(REWRITING).join(", ")}, causal-lm or replaced-tokens`,
  );
}

/** The family of the run: that of --from or --config, of --family, or the objective's own. */
async function familyOf({ from, config, family, objective }: PretrainOptions, kind: Kind): Promise<string> {
  if ([from, config, family].filter((given) => given !== undefined).length > 1)
    throw new UsageError("--from, --config and --family say what the model is: one of them at a time");
  const file = from === undefined ? config : `${from}/config.json`;
  const read = async (name: string) =>
    (JSON.parse(new TextDecoder().decode(await readWhole(name))) as { model_type?: string }).model_type ?? kind.family;
  const named = file === undefined ? (family ?? kind.family) : await read(file);
  if (objective === "replaced-tokens" ? named !== "electra" : family !== undefined && !FRESH_FAMILIES.includes(named))
    throw new UsageError(
      `--family ${named}: ${objective === "replaced-tokens" ? "replaced-tokens is learned by electra" : `expected one of ${FRESH_FAMILIES.join(", ")}`}`,
    );
  return named;
}

type Languages = Readonly<Record<string, readonly string[][]>>;

async function tokenizerOf(options: PretrainOptions, family: string, languages: Languages): Promise<Tokenizer> {
  if (options.from !== undefined) return loadTokenizer(folder(options.from));
  if (options.tokenizer !== undefined) return openTokenizer(options.tokenizer);
  const { vocabulary: size, cased = false } = options;
  say(`learning a vocabulary of ${size} pieces ...`);
  return learnVocabulary(family, Object.values(languages).flat(2), { size, cased });
}

/** Documents by file where files are languages; what is held out is of all of them. */
async function documentsOf(files: readonly string[], { dev, smoothing }: PretrainOptions) {
  if (smoothing === undefined) {
    const { training, held } = await splitDocuments(files, dev);
    return { languages: { text: training } as Languages, held };
  }
  const parts: [string, string[][]][] = [];
  const held: string[][] = [];
  for (const file of files) {
    const split = await splitDocuments([file], dev);
    parts.push([file, split.training]);
    if (dev === undefined || held.length === 0) held.push(...split.held);
  }
  return { languages: Object.fromEntries(parts) as Languages, held };
}

async function pairsOf(tokenizer: Tokenizer, file: string | undefined): Promise<TokenizedPair[]> {
  const pairs: TokenizedPair[] = [];
  if (file === undefined) return pairs;
  const side = (text: string) => {
    const { ids, words } = tokenizer.encode(text, undefined, { special: false });
    return { ids, words };
  };
  for await (const { text, pair } of readTextRows(fileSource(file))) {
    if (pair === undefined) throw new UsageError(`${file}: expected two texts a line, text and pair`);
    pairs.push([side(text), side(pair)]);
  }
  return pairs;
}

function settingsOf(
  options: PretrainOptions,
  documents: readonly TokenizedDocument[],
  pairs: readonly TokenizedPair[],
  tokenizer: Tokenizer,
) {
  const { objective, length, short = 0, heads, dropout, steps, rate, rows, accumulate, seed, build } = options;
  return {
    command: "pretrain",
    ...{ objective, length, short, heads, dropout, steps, rate, rows, accumulate, seed, build },
    mask: options.mask ?? "published",
    words: String(options.wholeWords ?? false),
    warmup: warmupOf(options),
    smoothing: options.smoothing ?? "none",
    pairs: fingerprint(pairs),
    text: fingerprint(documents),
    vocabulary: tokenizer.size,
  };
}

const warmupOf = ({ warmup, steps }: PretrainOptions): number => warmup ?? Math.ceil(steps / 10);

async function run(files: readonly string[], options: PretrainOptions): Promise<void> {
  const kind = kindOf(options.objective);
  await requireFiles([...files, options.dev, options.pairs, options.config]);
  if (!options.force && (await exists(options.out)))
    throw new UsageError(`${options.out} exists already; choose another --out, or replace it with --force`);
  const family = await familyOf(options, kind);
  const { languages: texts, held } = await documentsOf(files, options);
  const tokenizer = await tokenizerOf(options, family, texts);
  using engine = await engineOf(options);
  const languages = Object.fromEntries(
    Object.entries(texts).map(([name, documents]) => [name, tokenizeDocuments(tokenizer, documents)]),
  );
  const pairs = await pairsOf(tokenizer, options.pairs);
  if (pairs.length > 0 && kind.course !== maskedCourse)
    throw new UsageError(`--pairs is for masked LM (translation LM), not for ${options.objective}`);
  using course = await kind.course({ engine, options, family, tokenizer, languages, pairs });
  using optimizer = adamW(course.weights, { weightDecay: 0.01 });
  const { steps, rate, rows, accumulate, seed } = options;
  const settings = settingsOf(options, Object.values(languages).flat(), pairs, tokenizer);
  const checkpoints = new Checkpoints(options.out, options.checkpointEvery, settings);
  const from = options.resume === undefined ? undefined : await checkpoints.resume(options.resume, optimizer);
  const last = await loop(
    course.run({
      engine,
      optimizer,
      learningRate: linearSchedule(rate, warmupOf(options), steps),
      ...{ batchSize: rows, gradientAccumulationSteps: accumulate, seed },
      ...(from && { from }),
    }),
    { steps, title: "pre-training", json: options.json ?? false },
    checkpoints,
    optimizer,
    interruption().signal,
  );
  const figures = held.length === 0 ? {} : course.figures(tokenizeDocuments(tokenizer, held));
  await writeFolder(options.out, options.force ?? false, (to) => course.save(to));
  await checkpoints.remove();
  await report(options, {
    done: true,
    steps,
    loss: last.loss,
    seconds: Number(last.seconds.toFixed(1)),
    parameters: course.weights.count,
    vocabulary: tokenizer.size,
    out: options.out,
    ...figures,
  });
}

async function report({ json }: PretrainOptions, done: Readonly<Record<string, unknown>>): Promise<void> {
  if (json) return writeLine(JSON.stringify(done));
  const shown = (value: unknown) => (typeof value === "number" && !Number.isInteger(value) ? value.toFixed(4) : value);
  say(
    `done: ${Object.entries(done)
      .map(([name, value]) => `${name} ${shown(value)}`)
      .join(", ")}`,
  );
}

export function pretrainCommand(): Command {
  return withModelOptions(new Command("pretrain"))
    .description(
      "Train a model from plain text that labels itself: encoders, decoders and encoder-decoders of every family.",
    )
    .argument("<file...>", "plain text: a sentence or paragraph a line, a blank line between documents")
    .requiredOption("--out <folder>", "the model folder to write")
    .option("--force", "replace an existing folder")
    .option("--from <folder>", "go on from this model's weights and tokenizer")
    .option("--family <name>", `of a new model: ${FRESH_FAMILIES.join(", ")}; the objective's own where not given`)
    .option("--config <file>", "the config.json of a new model, instead of a family and sizes")
    .option("--tokenizer <file>", "use this tokenizer instead of learning one")
    .option("--vocabulary <n>", "pieces of a new vocabulary", wholeNumber(10), 8192)
    .option("--cased", "a new vocabulary keeps the case")
    .option("--layers <n>", "of encoder-decoders on either side", wholeNumber(1), 4)
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
      "masked-lm, ngram-masked-lm (ALBERT), span-masked-lm (SpanBERT) or roberta, alone or with +next-sentence or +sentence-order; replaced-tokens (ELECTRA); causal-lm (GPT); mass; bart or one of its corruptions (bart-mask, bart-delete, bart-infill, bart-permute, bart-rotate); t5",
      "masked-lm+next-sentence",
    )
    .option("--mask <share>", "tokens to predict or to hide, instead of the published share", positive)
    .option("--whole-words", "mask whole words")
    .option(
      "--pairs <file>",
      "also learn from sentences with their translations (translation LM): TSV or JSONL, text and pair",
    )
    .option(
      "--smoothing <s>",
      "each file is a language, drawn with a share ~ its own to this power (mBERT 0.7, XLM-R 0.3)",
      share,
    )
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
      `\nExamples:\n  cloze pretrain --out my-bert --layers 2 --width 128 --heads 2 --steps 2000 novels.txt.gz\n  cloze pretrain --out my-bert --resume my-bert --layers 2 --width 128 --heads 2 --steps 2000 novels.txt.gz\n  cloze pretrain --out my-gpt --objective causal-lm novels.txt.gz\n  cloze pretrain --out my-t5 --objective t5 --layers 2 novels.txt.gz\n  cloze pretrain --out my-xlm --family xlm-roberta --objective masked-lm --smoothing 0.3 --pairs pairs.tsv en.txt de.txt`,
    )
    .action(run);
}
