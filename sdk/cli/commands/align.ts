import { loadModel, loadTokenizer, wordVectors } from "cloze";
import { embedSamples, readSentenceSettings, type Sample, sampleOf } from "cloze/data";
import {
  alignWords,
  centred,
  embedLayers,
  type Link,
  languageMean,
  mapVectors,
  mineBitext,
  procrustes,
  type RetrievalFigures,
  retrievalFigures,
  type Scoring,
  translationFigures,
} from "cloze/multilingual";
import { folder } from "cloze/node";
import { atLayers, type Counted, type LayerwiseEncoder, type Pooling } from "cloze/tensor";
import { Command, Option } from "commander";
import { engineOf, loadingOf, type ModelOptions, withInferenceOptions } from "../shared/engine-options.js";
import { collect, fileSource, requireFiles } from "../shared/input.js";
import { percent, say, table, writeLine } from "../shared/output.js";
import { integer, real, UsageError, wholeNumber } from "../shared/usage.js";

interface Options extends ModelOptions {
  readonly model: string;
  readonly layer?: number;
  readonly length?: number;
  readonly mine?: boolean;
  readonly words?: boolean;
  readonly map?: boolean;
  readonly dictionary?: string;
  readonly scoring: Scoring;
  readonly centre: boolean;
  readonly threshold?: number;
}

type Vectors = readonly ArrayLike<number>[];

/** A line and its place in the file, from 0. */
interface Line {
  readonly at: number;
  readonly text: string;
}

/** The lines of a file that are not empty. */
async function linesOf(name: string): Promise<Line[]> {
  const lines = (await collect(fileSource(name).lines)).map((text, at) => ({ at, text: text.trim() }));
  const filled = lines.filter(({ text }) => text !== "");
  if (filled.length === 0) throw new UsageError(`${name} has no text`);
  return filled;
}

/** Require lines to be parallel: where one file has an empty line, so has the other. */
function requireParallel(source: string, sources: readonly Line[], target: string, targets: readonly Line[]): void {
  const places = new Set(targets.map(({ at }) => at));
  const own = new Set(sources.map(({ at }) => at));
  const alone = sources.find(({ at }) => !places.has(at)) ?? targets.find(({ at }) => !own.has(at));
  if (alone)
    throw new UsageError(
      `line ${alone.at + 1} is empty in either ${source} or ${target}; the files must be parallel, line i of one a translation of line i of the other. --mine finds pairs in texts that are not parallel`,
    );
}

/** Default of --length, if the model has as many positions. */
const LENGTH = 128;

/** A model, ready to make vectors of lines. */
interface Opened extends Disposable {
  readonly model: LayerwiseEncoder;
  readonly pooling: Pooling;
  readonly counted: Counted;
  samples(lines: readonly Line[]): Sample[];
}

async function open(options: Options): Promise<Opened> {
  const files = folder(options.model);
  const { pooling } = await readSentenceSettings(files);
  const tokenizer = await loadTokenizer(files);
  // Sentence models pool as they were trained. For other models, the mean without special tokens is usual in the literature.
  const sentences = (await files.read("modules.json")) !== undefined;
  const engine = await engineOf(options);
  const { model } = await loadModel(engine, files, { task: "feature-extraction", ...loadingOf(options) });
  const { length = Math.min(LENGTH, model.maxLength) } = options;
  if (length > model.maxLength) throw new UsageError(`--length ${length}: the model has ${model.maxLength} positions`);
  return {
    model,
    pooling,
    counted: { special: sentences },
    samples: (lines) =>
      lines.map(({ at, text }) => {
        const encoding = tokenizer.encode(text, undefined, { truncate: { length } });
        if (encoding.special.every((one) => one === 1))
          throw new UsageError(`line ${at + 1} has no token: ${JSON.stringify(text)}`);
        return sampleOf(encoding);
      }),
    [Symbol.dispose]: () => engine[Symbol.dispose](),
  };
}

/** How well each side finds the other, by measure. */
type Measures = Readonly<Record<string, RetrievalFigures>>;

function figuresOf(sources: Vectors, targets: Vectors): Measures {
  const [own, other] = [centred(sources), centred(targets)];
  return {
    cosine: retrievalFigures(sources, targets),
    csls: retrievalFigures(sources, targets, { scoring: "csls" }),
    centred: retrievalFigures(own, other),
    centred_csls: retrievalFigures(own, other, { scoring: "csls" }),
  };
}

/** Estimate the means of both languages and the map on the first half of the pairs; test on the second half. */
function mappedFigures(sources: Vectors, targets: Vectors): Measures {
  const half = sources.length >> 1;
  const [ownMean, otherMean] = [languageMean(sources.slice(0, half)), languageMean(targets.slice(0, half))];
  const [own, other] = [centred(sources, ownMean), centred(targets, otherMean)];
  const map = procrustes(own.slice(0, half), other.slice(0, half));
  return {
    ...figuresOf(sources.slice(half), targets.slice(half)),
    mapped: retrievalFigures(mapVectors(map, own.slice(half)), other.slice(half)),
  };
}

async function measure(sources: readonly Line[], targets: readonly Line[], options: Options): Promise<void> {
  if (options.map && sources.length < 2) throw new UsageError("--map needs at least two pairs");
  const tested = options.map ? sources.length - (sources.length >> 1) : sources.length;
  using opened = await open(options);
  const { model, pooling, counted } = opened;
  // With --layer, keep the vectors of that layer only.
  const shown = options.layer === undefined ? model : onlyLayer(model, options.layer);
  const vectorsOf = (lines: readonly Line[]) => embedLayers(shown, opened.samples(lines), pooling, counted);
  const [own, other] = [vectorsOf(sources), vectorsOf(targets)];
  const rows: string[][] = [];
  let names: string[] = [];
  for (const [i, vectors] of own.entries()) {
    const layer = options.layer ?? i;
    const figures = (options.map ? mappedFigures : figuresOf)(vectors, other[i]!);
    names = Object.keys(figures);
    if (options.json) await writeLine(JSON.stringify({ layer, texts: tested, ...figures }));
    rows.push([String(layer), ...Object.values(figures).map(({ mean }) => percent(mean))]);
  }
  if (!options.json)
    say(`${table(["layer", ...names], rows)}\nprecision at 1, mean of both directions; chance ${percent(1 / tested)}`);
}

/** The model with the hidden states of one layer only. */
function onlyLayer(model: LayerwiseEncoder, layer: number): LayerwiseEncoder {
  const one = atLayers(model, [layer]);
  return {
    encode(batch, trace) {
      const states = one.encode(batch);
      trace?.hidden.push(states);
      return states;
    },
  };
}

/** One layer's vectors of both sides, centred by language with --centre. */
async function oneLayer(sides: readonly (readonly Line[])[], options: Options): Promise<Vectors[]> {
  using opened = await open(options);
  const { pooling, counted } = opened;
  const model = atLayers(opened.model, [options.layer ?? -1]);
  const vectors = sides.map((lines) => embedSamples(model, opened.samples(lines), pooling, counted));
  return options.centre ? vectors.map((side) => centred(side)) : vectors;
}

async function mine(sources: readonly Line[], targets: readonly Line[], options: Options): Promise<void> {
  const [from, to] = await oneLayer([sources, targets], options);
  for (const { source, target, score } of mineBitext(from!, to!, { scoring: options.scoring })) {
    if (options.threshold !== undefined && score < options.threshold) break;
    const [own, other] = [sources[source]!, targets[target]!];
    await writeLine(
      options.json
        ? JSON.stringify({ source: own.at, target: other.at, score, text: own.text, pair: other.text })
        : `${score.toFixed(4)}\t${own.text}\t${other.text}`,
    );
  }
}

async function links(sources: readonly Line[], targets: readonly Line[], options: Options): Promise<void> {
  using embed = await wordVectors(folder(options.model), {
    engine: await engineOf(options),
    ...loadingOf(options),
    ...(options.length !== undefined && { length: options.length }),
    layers: [options.layer ?? -1],
  });
  for (const [i, { text }] of sources.entries()) {
    const [own, other] = [embed(text), embed(targets[i]!.text)];
    const found: Link[] = alignWords(
      own.map(({ vector }) => vector),
      other.map(({ vector }) => vector),
    );
    await writeLine(
      options.json
        ? JSON.stringify({ alignment: found, words: own.map(({ word }) => word), pair: other.map(({ word }) => word) })
        : found.map(([a, b]) => `${own[a]!.word}–${other[b]!.word}`).join("  "),
    );
  }
}

/** Word translation: rank the words of the target for each word of the source, and look up the dictionary's pairs. */
async function translate(sources: readonly Line[], targets: readonly Line[], options: Options): Promise<void> {
  const places = new Map(targets.map(({ text }, i) => [text, i]));
  const gold = sources.map((): number[] => []);
  const queries = new Map(sources.map(({ text }, i) => [text, i]));
  for (const { at, text } of await linesOf(options.dictionary!)) {
    const [word, translation] = text.split("\t");
    if (translation === undefined)
      throw new UsageError(`${options.dictionary}:${at + 1}: expected a word, a tab and its translation`);
    const [query, place] = [queries.get(word!), places.get(translation)];
    if (query !== undefined && place !== undefined) gold[query]!.push(place);
  }
  const asked = [...sources.keys()].filter((i) => gold[i]!.length > 0);
  if (asked.length === 0) throw new UsageError(`${options.dictionary} has no pair of a source word and a target word`);
  const [own, other] = await oneLayer([sources, targets], options);
  const figures = translationFigures(
    asked.map((i) => own![i]!),
    other!,
    asked.map((i) => gold[i]!),
    { scoring: options.scoring },
  );
  if (options.json) await writeLine(JSON.stringify(figures));
  else
    say(
      `mean reciprocal rank ${figures.reciprocalRank.toFixed(4)}, first answers right ${percent(figures.precision)} (${figures.queries} words among ${figures.candidates} candidates)`,
    );
}

async function run(source: string, target: string, options: Options): Promise<void> {
  const modes = (["mine", "words", "map", "dictionary"] as const).filter((mode) => options[mode] !== undefined);
  if (modes.length > 1) throw new UsageError(`--${modes[0]} and --${modes[1]}: give only one of them`);
  await requireFiles([source, target, options.dictionary]);
  const [sources, targets] = [await linesOf(source), await linesOf(target)];
  if (options.mine) return mine(sources, targets, options);
  if (options.dictionary !== undefined) return translate(sources, targets, options);
  requireParallel(source, sources, target, targets);
  return options.words ? links(sources, targets, options) : measure(sources, targets, options);
}

export function alignCommand(): Command {
  return withInferenceOptions(new Command("align"))
    .description(
      "Measure how well a model aligns two languages; align words, translate words, mine parallel sentences.",
    )
    .argument("<source>", "plain text, one sentence (or word) per line")
    .argument("<target>", "the same in another language; parallel lines, except with --mine and --dictionary")
    .requiredOption("--model <model>", "a model's folder or published name")
    .option("--layer <n>", "0 embeddings, 1 … the layers, -1 the last; all for figures, else the last", integer)
    .option(
      "--length <n>",
      `longest sequence in tokens; default: ${LENGTH}, with --words as the folder says`,
      wholeNumber(2),
    )
    .option(
      "--map",
      "also map one language onto the other (orthogonal Procrustes), fitted on the first half of the lines, tested on the second",
    )
    .option("--words", "align the words of each pair of sentences")
    .option("--mine", "mine pairs of sentences that are translations, highest score first")
    .option(
      "--dictionary <file>",
      "word, tab, translation: the rank of each word's translation among all lines of the target",
    )
    .addOption(
      new Option("--scoring <how>", "with --mine and --dictionary")
        .choices(["cosine", "csls", "ratio", "distance"])
        .default("ratio"),
    )
    .option("--centre", "with --mine and --dictionary: subtract each language's mean vector", false)
    .option("--threshold <score>", "with --mine: lowest score", real)
    .addHelpText(
      "after",
      `\nExamples:\n  cloze align --model xlm-roberta-base english.txt german.txt\n  cloze align --model LaBSE --mine --threshold 1.06 english.txt german.txt > pairs.tsv\n  cloze align --model bert-base-multilingual-cased --words --layer 8 --json english.txt german.txt`,
    )
    .action(run);
}
