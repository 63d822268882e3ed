/** Public functions with hostile arguments: values of another type, out of range, missing, or that throw when read. */
import fc from "fast-check";
import * as data from "../../../sdk/data.js";
import * as generation from "../../../sdk/generate.js";
import * as cloze from "../../../sdk/index.js";
import * as metrics from "../../../sdk/metrics.js";
import * as multilingual from "../../../sdk/multilingual.js";
import * as reports from "../../../sdk/report/index.js";
import * as tensors from "../../../sdk/tensor.js";
import * as tokenizing from "../../../sdk/tokenizer/index.js";
import { savedFolder, sizes, TEXTS, tokenizers } from "../fixtures.js";
import { hostileValue } from "../hostile.js";
import { callMutant, type Mutant, sharedEngine, type Target } from "../mutant.js";

/** Valid arguments of a function, made anew for each call, and what is done with what it returns. */
interface Call {
  readonly args: () => unknown[];
  readonly run: (...args: never[]) => unknown;
  /** keys from the arguments down to a place: 1 for functions that are called so often that they look at no entry */
  readonly depth: number;
}

const call = (run: Call["run"], args: Call["args"], depth = 2): Call => ({ run, args, depth });

/** A place in arguments: the keys that lead there. */
type Path = readonly (string | number)[];

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" &&
  value !== null &&
  (Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype);

/** All places of some arguments, down to `depth` keys, in plain objects and arrays. */
function pathsOf(value: unknown, depth: number, path: Path = []): Path[] {
  if (depth === 0 || !isPlain(value)) return [path];
  const keys = Object.keys(value).slice(0, 12);
  return [path, ...keys.flatMap((key) => pathsOf(value[key], depth - 1, [...path, key]))];
}

const THREW = "a getter of the caller's threw";

/** Put a value, or a getter that throws, in a place. */
function put(args: unknown[], path: Path, value: unknown, throws: boolean): void {
  let holder = args as unknown as Record<string, unknown>;
  for (const key of path.slice(0, -1)) holder = holder[key] as Record<string, unknown>;
  const get = (): never => {
    throw new Error(THREW);
  };
  const what = throws && path.length > 1 ? { get } : { value, writable: true };
  Object.defineProperty(holder, path.at(-1)!, { ...what, enumerable: true, configurable: true });
}

/** A value as a report shows it. */
function shown(value: unknown): string {
  try {
    return typeof value === "string" ? JSON.stringify(value.slice(0, 80)) : String(value).slice(0, 80);
  } catch {
    return `a ${typeof value} that cannot be shown`;
  }
}

/** Take what an iterator gives, but no more than a few. */
async function some(items: unknown): Promise<void> {
  if (typeof items !== "object" || items === null) return;
  if (!(Symbol.iterator in items || Symbol.asyncIterator in items)) return;
  let count = 0;
  for await (const _ of items as AsyncIterable<unknown>) if (++count > 20) return;
}

/** Call with a value in a place; the caller's own error may pass. */
async function attempt({ args, run }: Call, path: Path, value: unknown, throws: boolean): Promise<void> {
  const given = args();
  put(given, path, value, throws);
  const scope = new tensors.Scope();
  try {
    const result = run(...(given as never[]));
    // Ops are synchronous; a scope may not be held open over a wait.
    if (!(result instanceof Promise) && !(typeof result === "object" && result !== null)) return;
    scope[Symbol.dispose]();
    await some(await result);
  } catch (error) {
    if (!String((error as Error).message).includes(THREW)) throw error;
  } finally {
    scope[Symbol.dispose]();
  }
}

function mutantsOf(name: string, one: Call): fc.Arbitrary<Mutant> {
  const paths = pathsOf(one.args(), one.depth).slice(1);
  return fc
    .record({ path: fc.constantFrom(...paths), value: hostileValue, throws: fc.nat(20).map((n) => n === 0) })
    .map(({ path, value, throws }) =>
      callMutant(
        name.replaceAll(/\W/g, "-"),
        () => `${name}: ${path.join(".")} = ${throws ? "a getter that throws" : shown(value)}`,
        () => attempt(one, path, value, throws),
      ),
    );
}

const callTarget =
  (calls: () => Promise<Readonly<Record<string, Call>>>): Target =>
  async () =>
    fc.oneof(...Object.entries(await calls()).map(([name, one]) => mutantsOf(name, one)));

const VECTORS = [
  [1, 0, 0.5],
  [0, 1, 0.5],
  [1, 1, 0],
];

/** Functions of numbers and texts alone. */
function plainCalls(): Record<string, Call> {
  const tokenizer = tokenizers["wordpiece"]!();
  const { rng, questions } = {
    rng: () => data.seed(1),
    questions: [{ id: "1", question: "Where?", context: "In Rome.", answers: [{ text: "Rome", start: 3 }] }],
  };
  const documents = () =>
    data.tokenizeDocuments(tokenizer, [
      ["the low", "new"],
      ["wide", "low new"],
    ]);
  const sample = () => data.sampleOf(tokenizer.encode("the lowest of the new"));
  const ids = [
    [0, 1, 1],
    [0, 1, 0],
  ] as const;
  const entities = [["B-a", "I-a", "O"]];
  return {
    cosine: call(
      cloze.cosine,
      () => [
        [1, 2],
        [2, 1],
      ],
      1,
    ),
    nearest: call(cloze.nearest, () => [[1, 2, 3], structuredClone(VECTORS), 2, "cosine"]),
    constantSchedule: call(
      (...args: Parameters<typeof cloze.constantSchedule>) => cloze.constantSchedule(...args)(3),
      () => [0.1, 2],
    ),
    linearSchedule: call(
      (...args: Parameters<typeof cloze.linearSchedule>) => cloze.linearSchedule(...args)(3),
      () => [0.1, 2, 10],
    ),
    cosineSchedule: call(
      (...args: Parameters<typeof cloze.cosineSchedule>) => cloze.cosineSchedule(...args)(3),
      () => [0.1, 2, 10, 0],
    ),
    freshConfig: call(cloze.freshConfig, () => ["bert", { ...sizes }]),
    electraConfigs: call(cloze.electraConfigs, () => [{ ...sizes, generatorShare: 0.25 }]),
    LabelSet: call(
      (...args: ConstructorParameters<typeof cloze.LabelSet>) => new cloze.LabelSet(...args),
      () => [["a", "b"], { unique: true, multiLabel: false }],
    ),
    "LabelSet.id": call(
      (name: string) => new cloze.LabelSet(["a"]).id(name),
      () => ["a"],
    ),
    "LabelSet.name": call(
      (id: number) => new cloze.LabelSet(["a"]).name(id),
      () => [0],
    ),
    maskedLm: call(cloze.maskedLm, () => [
      {
        tokenizer,
        maskingRate: 0.2,
        selection: "exact",
        replacement: { mask: 0.8, random: 0.1 },
        firstRandomId: 4,
        maxPredictions: 3,
        wholeWords: true,
      },
    ]),
    ngramMaskedLm: call(cloze.ngramMaskedLm, () => [{ tokenizer, maskingRate: 0.2 }]),
    spanMaskedLm: call(cloze.spanMaskedLm, () => [{ tokenizer, maskingRate: 0.2 }]),
    spanCorruption: call(
      (options: never) => cloze.spanCorruption(options)(sample(), rng()),
      () => [{ tokenizer }],
    ),
    denoising: call(
      (options: never) => cloze.denoising(options)(sample(), rng()),
      () => [{ tokenizer, maskingRate: 0.3 }],
    ),
    mass: call(cloze.mass, () => [{ tokenizer }]),
    simcse: call(cloze.simcse, () => [{ mode: "mean", normalize: true }]),
    stepsOfEpochs: call(cloze.stepsOfEpochs, () => [100, 8, 3, 2]),
    multiLabelTask: call(cloze.multiLabelTask, () => [{ threshold: 0.5 }]),
    classifyTask: call(cloze.classifyTask, () => ["classify", { text: "a", label: "b" }]),
    embedTask: call(cloze.embedTask, () => [{ mode: "mean", normalize: true }, true]),
    seed: call(
      (value: number) => data.seed(value)(),
      () => [3],
    ),
    shuffle: call(data.shuffle, () => [[1, 2, 3], rng()]),
    collate: call(data.collate, () => [[sample()]]),
    columnsNamed: call(data.columnsNamed, () => ["text=a,label=b"]),
    parseJson: call(data.parseJson, () => ['{"a": 1}']),
    parseObjective: call(data.parseObjective, () => ["masked-lm"]),
    objectiveAliases: call(data.objectiveAliases, () => ["masked-lm"]),
    overlapOfStep: call(data.overlapOfStep, () => [3, 10]),
    textSource: call(
      (name: string, text: string) => data.readTextRows(data.textSource(name, text)),
      () => ["f", "text\tlabel\na\tb\n"],
    ),
    tokenizeDocuments: call(
      (documents: string[][]) => data.tokenizeDocuments(tokenizer, documents),
      () => [[["the low", "new"]]],
    ),
    packStream: call(data.packStream, () => [documents(), { maxLength: 8, tokenizer }]),
    packSentences: call(data.packSentences, () => [documents(), { maxLength: 8, tokenizer }]),
    packFullSentences: call(data.packFullSentences, () => [documents(), { maxLength: 8, tokenizer }]),
    nextSentencePairs: call(data.nextSentencePairs, () => [
      documents(),
      { maxLength: 12, tokenizer, shortSequenceRate: 0.1 },
      rng(),
    ]),
    sentenceOrderPairs: call(data.sentenceOrderPairs, () => [documents(), { maxLength: 12, tokenizer }, rng()]),
    shuffledContexts: call(data.shuffledContexts, () => [structuredClone(questions), { share: 0.5 }, rng()]),
    accuracy: call(metrics.accuracy, () => [[...ids[0]], [...ids[1]]]),
    binaryF1: call(metrics.binaryF1, () => [[...ids[0]], [...ids[1]]]),
    macroF1: call(metrics.macroF1, () => [[...ids[0]], [...ids[1]], 2]),
    microF1: call(metrics.microF1, () => [[...ids[0]], [...ids[1]], 2]),
    matthews: call(metrics.matthews, () => [[...ids[0]], [...ids[1]], 2]),
    multiLabelScores: call(metrics.multiLabelScores, () => [[[0, 1]], [[1, 1]], 2]),
    areaUnderRoc: call(metrics.areaUnderRoc, () => [[0.1, 0.2, 0.3], [...ids[1]]]),
    argmax: call(metrics.argmax, () => [[1, 2]], 1),
    highest: call(metrics.highest, () => [[1, 2, 3], 2], 1),
    softmax: call(metrics.softmax, () => [[1, 2]], 1),
    pearson: call(metrics.pearson, () => [
      [1, 2, 4],
      [2, 1, 3],
    ]),
    spearman: call(metrics.spearman, () => [
      [1, 2, 4],
      [2, 1, 3],
    ]),
    perplexity: call(metrics.perplexity, () => [1.5]),
    standardError: call(metrics.standardError, () => [0.5, 10]),
    unigramEntropy: call(metrics.unigramEntropy, () => [[1, 2, 2]]),
    squadScore: call(metrics.squadScore, () => ["Rome", ["Rome"], "1.1"]),
    cmrcScore: call(metrics.cmrcScore, () => ["羅馬", ["羅馬"]]),
    mlqaScore: call(metrics.mlqaScore, () => ["Rome", ["Rome"], "en"]),
    entitiesOf: call(metrics.entitiesOf, () => [[...entities[0]!]]),
    entityF1: call(metrics.entityF1, () => [structuredClone(entities), structuredClone(entities)]),
    senseSeparation: call(metrics.senseSeparation, () => [structuredClone(VECTORS), ["a", "a", "b"]]),
    alignWords: call(multilingual.alignWords, () => [structuredClone(VECTORS), structuredClone(VECTORS)]),
    bestMatches: call(multilingual.bestMatches, () => [
      structuredClone(VECTORS),
      structuredClone(VECTORS),
      { scoring: "cosine" },
    ]),
    centred: call(multilingual.centred, () => [structuredClone(VECTORS)]),
    languageMean: call(multilingual.languageMean, () => [structuredClone(VECTORS)]),
    procrustes: call(multilingual.procrustes, () => [structuredClone(VECTORS), structuredClone(VECTORS)]),
    mineBitext: call(multilingual.mineBitext, () => [structuredClone(VECTORS), structuredClone(VECTORS)]),
    retrievalFigures: call(multilingual.retrievalFigures, () => [structuredClone(VECTORS), structuredClone(VECTORS)]),
    principalComponents: call(reports.principalComponents, () => [structuredClone(VECTORS)]),
    renderReport: call(reports.renderReport, () => [
      {
        title: "t",
        summary: "s",
        sections: [
          { kind: "text", title: "u", paragraphs: ["p"] },
          { kind: "table", title: "v", columns: ["a"], rows: [["1"]] },
        ],
      },
    ]),
    readSafetensors: call(tensors.readSafetensors, () => [new Uint8Array(8)]),
    writeSafetensors: call(tensors.writeSafetensors, () => [
      [{ name: "a", shape: [2], values: Float32Array.of(1, 2) }],
      { format: "pt" },
    ]),
    chosenLayers: call(tensors.chosenLayers, () => [12, 6]),
    namesLike: call(
      (pattern: string) => tensors.namesLike(pattern)("a.b"),
      () => ["a.*"],
    ),
    clipScale: call(tensors.clipScale, () => [2, 1]),
    generationSettings: call(generation.generationSettings, () => [{ max_length: 5 }, { eos_token_id: 3 }]),
  };
}

/** Tokenizers: texts, options, files. */
function tokenizerCalls(): Record<string, Call> {
  const tokenizer = tokenizers["wordpiece"]!();
  const json = JSON.stringify(tokenizer);
  const truncate = { length: 6, stride: 2, side: "longest-first" };
  const training = { size: 60, minFrequency: 0, limitAlphabet: 50, special: ["[UNK]", "[PAD]"] };
  return {
    encode: call(
      (...args: Parameters<typeof tokenizer.encode>) => tokenizer.encode(...args),
      () => ["the low", "new", { special: true, truncate }],
    ),
    "encode words": call(
      (...args: Parameters<typeof tokenizer.encode>) => tokenizer.encode(...args),
      () => [["the", "low"]],
    ),
    windows: call(
      (...args: Parameters<typeof tokenizer.windows>) => tokenizer.windows(...args),
      () => ["the low new wide", "new", { special: true, truncate: { length: 8, stride: 2 } }],
    ),
    decode: call(
      (...args: Parameters<typeof tokenizer.decode>) => tokenizer.decode(...args),
      () => [[5, 6, 7], { skipSpecial: true, cleanUp: true }],
    ),
    token: call(
      (id: number) => tokenizer.token(id),
      () => [3],
    ),
    id: call(
      (token: string) => tokenizer.id(token),
      () => ["the"],
    ),
    isSpecial: call(
      (id: number) => tokenizer.isSpecial(id),
      () => [3],
    ),
    continues: call(
      (id: number) => tokenizer.continues(id),
      () => [3],
    ),
    DecodeStream: call(
      (id: number) => new tokenizing.DecodeStream(tokenizer).push(id),
      () => [3],
    ),
    encodeStream: call(tokenizing.encodeStream, () => [tokenizer, ["the", "low"], { special: true }]),
    readTokenizerJson: call(tokenizing.readTokenizerJson, () => [json, {}]),
    readVocabulary: call(tokenizing.readVocabulary, () => [
      "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\n",
      { lowercase: true },
    ]),
    readMerges: call(tokenizing.readMerges, () => [
      '{"a":0,"b":1,"ab":2,"<s>":3,"</s>":4,"<unk>":5,"<pad>":6,"<mask>":7}',
      "a b\n",
      {},
    ]),
    readSentencePiece: call(tokenizing.readSentencePiece, () => [new Uint8Array(3), { family: "albert" }]),
    sentencePieces: call(tokenizing.sentencePieces, () => [new Uint8Array(3)]),
    readMarian: call(tokenizing.readMarian, () => [new Uint8Array(3), "{}"]),
    toCodePoints: call(tokenizing.toCodePoints, () => [Int32Array.of(0, 1), "ab"]),
    trainWordPiece: call(tokenizing.trainWordPiece, () => [
      [...TEXTS],
      {
        ...training,
        special: ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
        lowercase: true,
        stripAccents: true,
        chineseCharacters: true,
      },
    ]),
    trainBpe: call(tokenizing.trainBpe, () => [[...TEXTS], { size: 280, minFrequency: 1 }]),
    trainUnigram: call(tokenizing.trainUnigram, () => [[...TEXTS], { size: 50 }]),
    languageShares: call(tokenizing.languageShares, () => [{ en: 10, de: 3 }, 0.7]),
    sampleLanguages: call(
      (...args: Parameters<typeof tokenizing.sampleLanguages>) => tokenizing.sampleLanguages(...args),
      () => [
        { en: ["a"], de: ["b"] },
        { smoothing: 0.7, seed: 1, count: 4 },
      ],
    ),
  };
}

/** Engines and operators. */
async function tensorCalls(): Promise<Record<string, Call>> {
  const engine = await sharedEngine();
  const x = () => tensors.tensor(engine, [1, 2, 3, 4, 5, 6], [2, 3]);
  const y = () => tensors.tensor(engine, [1, 1, 1, 1, 1, 1], [2, 3]);
  const scores = () => tensors.tensor(engine, [1, 2, 3, 4], [2, 2]);
  const starts = () => Int32Array.of(0, 1, 2);
  const wide = () => tensors.tensor(engine, new Float32Array(16).fill(0.5), [2, 8]);
  return {
    "Engine.create": call(
      async (...args: Parameters<typeof cloze.Engine.create>) => (await cloze.Engine.create(...args)).dispose(),
      () => [{ build: "strict", maximumBytes: 2 ** 20 }],
    ),
    "engine.alloc": call(
      (bytes: number) => engine.release(engine.alloc(bytes)),
      () => [64],
    ),
    "engine.reserve": call(
      (bytes: number) => engine.reserve(bytes),
      () => [64],
    ),
    "engine.release": call(
      (address: number) => engine.release(address),
      () => [-1],
    ),
    tensor: call(
      (values: number[], shape: number[]) => tensors.tensor(engine, values, shape),
      () => [
        [1, 2],
        [2, 1],
      ],
    ),
    intTensor: call(
      (values: number[], shape: number[]) => tensors.intTensor(engine, values, shape),
      () => [
        [1, 2],
        [2, 1],
      ],
    ),
    zeros: call(
      (shape: number[], dtype: "f32") => tensors.zeros(engine, shape, dtype),
      () => [[2, 2], "f32"],
    ),
    matrix: call(
      (values: number[], shape: number[], orientation: never) =>
        tensors.matrix(engine, values, shape, orientation)[Symbol.dispose](),
      () => [[1, 2, 3, 4], [2, 2], "out-by-in"],
    ),
    reshape: call(
      (shape: number[]) => tensors.reshape(x(), shape),
      () => [[3, 2]],
    ),
    rows: call(
      (begin: number, end: number) => tensors.rows(x(), begin, end),
      () => [0, 1],
    ),
    columns: call(
      (begin: number, end: number) => tensors.columns(x(), begin, end),
      () => [0, 1],
    ),
    scale: call(
      (factor: number) => tensors.scale(x(), factor),
      () => [2],
    ),
    add: call(
      (b: never) => tensors.add(x(), b),
      () => [y()],
    ),
    multiply: call(
      (b: never) => tensors.multiply(x(), b),
      () => [y()],
    ),
    matmul: call(
      (options: never) => tensors.matmul(x(), y(), options),
      () => [{ transposeB: true }],
    ),
    activate: call(
      (kind: never) => tensors.activate(x(), kind),
      () => ["gelu"],
    ),
    layerNorm: call(
      (eps: number) => tensors.layerNorm(x(), tensors.tensor(engine, [1, 1, 1]), null, eps),
      () => [1e-5],
    ),
    dropout: call(
      (p: number) => tensors.dropout(x(), p),
      () => [0.1],
    ),
    gatherRows: call(
      (index: Int32Array) => tensors.gatherRows(x(), index),
      () => [Int32Array.of(0, 1)],
    ),
    segmentMean: call(
      (s: Int32Array) => tensors.segmentMean(x(), s),
      () => [starts()],
    ),
    segmentMax: call(
      (s: Int32Array) => tensors.segmentMax(x(), s),
      () => [starts()],
    ),
    crossEntropy: call(
      (labels: Int32Array, options: object) => tensors.crossEntropy(scores(), labels, options),
      () => [Int32Array.of(0, 1), { divisor: 2, smoothing: { amount: 0.1, over: "all" } }],
    ),
    meanSquaredError: call(
      (targets: Float32Array, options: object) =>
        tensors.meanSquaredError(tensors.tensor(engine, [1, 2], [2, 1]), targets, options),
      () => [Float32Array.of(1, 2), { divisor: 2 }],
    ),
    klDivergence: call(
      (options: object) => tensors.klDivergence(scores(), scores(), options),
      () => [{ temperature: 2, divisor: 2 }],
    ),
    attention: call(
      (options: never) => tensors.attention(wide(), wide(), wide(), options),
      () => [{ heads: 2, starts: starts(), scale: 0.5, causal: true, window: 3 }],
    ),
    pool: call(
      (s: Int32Array, pooling: never) => tensors.pool(x(), s, pooling),
      () => [starts(), { mode: "mean", normalize: true }],
    ),
    assign: call(
      (values: number[]) => x().assign(values),
      () => [[1, 2, 3, 4, 5, 6]],
    ),
  };
}

/** Pipelines and models: opened once, called with hostile inputs and options. */
async function pipelineCalls(): Promise<Record<string, Call>> {
  const engine = await sharedEngine();
  const folder = async (...args: Parameters<typeof savedFolder>) => savedFolder(...args);
  const [plain, classes, words, spans, masked, causal, seq2seq] = await Promise.all([
    folder("bert", "feature-extraction"),
    folder("bert", "sequence-classification"),
    folder("bert", "token-classification"),
    folder("bert", "question-answering"),
    folder("bert", "masked-lm"),
    folder("gpt2", "causal-lm"),
    folder("t5", "seq2seq-lm"),
  ]);
  const embed = await cloze.featureExtraction(plain!, { engine });
  const classify = await cloze.textClassification(classes!, { engine });
  const tag = await cloze.tokenClassification(words!, { engine });
  const answer = await cloze.questionAnswering(spans!, { engine });
  const fill = await cloze.fillMask(masked!, { engine });
  const write = await cloze.textGeneration(causal!, { engine });
  const rewrite = await cloze.text2textGeneration(seq2seq!, { engine });
  const similar = await cloze.sentenceSimilarity(plain!, { engine });
  const vectors = await cloze.wordVectors(plain!, { engine });
  const loaded = await cloze.loadModel(engine, classes!);
  return {
    featureExtraction: call(embed, () => [
      "the low",
      { pooling: "mean", normalize: true, length: 8, prefix: "a", layers: [1], special: true },
    ]),
    "featureExtraction, many": call(embed, () => [["the low", "new"]]),
    textClassification: call(classify, () => ["the low", { topK: 1, length: 8 }]),
    tokenClassification: call(tag, () => ["the low", { length: 8, grouping: "simple" }]),
    questionAnswering: call(answer, () => ["the low", "the lowest of the new", { topK: 1, length: 12 }]),
    fillMask: call(fill, () => ["the [MASK] new", { topK: 2, targets: ["the"] }]),
    textGeneration: call(write, () => ["the", { max_new_tokens: 2, temperature: 1, top_k: 2, num_beams: 1 }]),
    text2textGeneration: call(rewrite, () => ["the", { max_new_tokens: 2, num_beams: 2 }]),
    sentenceSimilarity: call(similar, () => ["the", ["low", "new"], { pooling: "mean" }]),
    wordVectors: call(vectors, () => [{ text: "the low", word: 1 }, { layers: [1] }]),
    "open featureExtraction": call(
      (options: object) => cloze.featureExtraction(plain!, { engine, ...options }).then((p) => p[Symbol.dispose]()),
      () => [{ pooling: "mean", normalize: true, length: 8 }],
    ),
    "open files": call(
      (files: never) => cloze.featureExtraction(files, { engine }).then((p) => p[Symbol.dispose]()),
      () => [plain!],
    ),
    loadModel: call(
      (options: object) => cloze.loadModel(engine, classes!, options).then((m) => m[Symbol.dispose]()),
      () => [{ task: "sequence-classification", seed: 1, scratch: false }],
    ),
    loadTokenizer: call(cloze.loadTokenizer, () => [plain!]),
    describeFolder: call(cloze.describeFolder, () => [plain!]),
    freshModel: call(
      (config: Readonly<Record<string, unknown>>, task: never, seed: number) =>
        cloze.freshModel(engine, config, task, seed)[Symbol.dispose](),
      () => [cloze.freshConfig("bert", sizes), "masked-lm", 1],
    ),
    adapt: call(
      (options: object) => cloze.adapt(loaded, options)[Symbol.dispose](),
      () => [{ r: 2, alpha: 4, dropout: 0, targets: ["query"] }],
    ),
    adamW: call(
      (options: Readonly<Record<string, unknown>>) => cloze.adamW(loaded.weights, options)[Symbol.dispose]?.(),
      () => [{ learningRate: 0.1, weightDecay: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-6 }],
    ),
    freeze: call(
      (patterns: string[]) => cloze.freeze(loaded.weights, patterns),
      () => [["nothing.*"]],
    ),
    saveTokenizer: call(
      (length: number) => cloze.saveTokenizer(cloze.memoryFiles(), tokenizers["wordpiece"]!(), length),
      () => [16],
    ),
    memoryFiles: call(
      (entries: never) => cloze.memoryFiles(entries).read("a"),
      () => [[["a", new Uint8Array(1)]]],
    ),
  };
}

export const CALL_TARGETS: Readonly<Record<string, Target>> = {
  "plain-calls": callTarget(async () => plainCalls()),
  "tokenizer-calls": callTarget(async () => tokenizerCalls()),
  "tensor-calls": callTarget(tensorCalls),
  "pipeline-calls": callTarget(pipelineCalls),
};
