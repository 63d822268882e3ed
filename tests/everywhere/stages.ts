/**
 * What every runtime must compute to the bit, beyond `npm run hash`: tokenization of three kinds, scores of every family, a
 * hundred steps of training with dropout, generation, and weights in fewer bits. It uses the package as a user does.
 */
import {
  adamW,
  combine,
  cosineSchedule,
  type Engine,
  electraConfigs,
  freshConfig,
  freshModel,
  loadModel,
  maskedLm,
  memoryFiles,
  nextSentencePrediction,
  train,
} from "cloze";
import { collate, nextSentencePairs, type Sample, sampleOf, seed, tokenizeDocuments } from "cloze/data";
import { beamSearch, causalWriter, collectRows, greedy, sampled, seq2seqWriter } from "cloze/generate";
import { FRESH_FAMILIES, hiddenStates } from "cloze/tensor";
import { type Tokenizer, trainBpe, trainUnigram, trainWordPiece } from "cloze/tokenizer";

/** Text enough for vocabularies and pairs, and words that tokenizers stumble over. */
const DOCUMENTS = [
  [
    "The river rises in the hills.",
    "In spring it is wide and brown.",
    "Boats wait for the water to fall.",
    "Then the mill turns.",
  ],
  ["Anna bakes bread before the sun is up.", "Her brother carries it to the market.", "By noon the basket is empty."],
  [
    "A naïve café owner sold crème brûlée for 3.50 €.",
    "语言模型学习词语。",
    "Guests came from Zürich, Łódź and São Paulo 🙂.",
  ],
  [
    "Stars are far away and very hot.",
    "Their light needs years to reach us.",
    "We see them as they were.",
    "Some are gone.",
  ],
];
const TEXTS = DOCUMENTS.flat();
const SIZES = { numHiddenLayers: 2, hiddenSize: 32, numAttentionHeads: 2, maxPositionEmbeddings: 64 };
const STEPS = 100;

type Numbers = Int32Array | Uint8Array | Float32Array | Float64Array;

/** The bytes of arrays, one after another. */
function bytesOf(arrays: readonly Numbers[]): Uint8Array {
  const all = new Uint8Array(arrays.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const { buffer, byteOffset, byteLength } of arrays) {
    all.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return all;
}

const rows = (list: readonly (readonly number[])[]): Int32Array[] => list.map((ids) => Int32Array.from(ids));

function tokenization(tokenizers: readonly Tokenizer[]): Uint8Array {
  const encodings = tokenizers.flatMap((tokenizer) => TEXTS.map((text) => tokenizer.encode(text, TEXTS[0])));
  return bytesOf(encodings.flatMap(({ ids, offsets }) => [ids, Int32Array.from(offsets)]));
}

/** A model of a family: hidden states of encoders, scores of decoders. */
function familyBytes(engine: Engine, family: string, vocabSize: number, samples: readonly Sample[]): Uint8Array {
  const sizes = { ...SIZES, vocabSize, dropout: 0 };
  const config = family === "electra" ? electraConfigs(sizes).discriminator : freshConfig(family, sizes);
  const decoding = { maxNewTokens: 6, eosIds: [] };
  if (family === "gpt2") {
    using gpt = freshModel(engine, config, "causal-lm", 3);
    using writer = causalWriter(gpt, gpt.model, [samples[0]!.ids]);
    const finished = beamSearch(writer, { ...decoding, beams: 3 })[0]!;
    return bytesOf([...hiddenStates(gpt.model, samples), Float64Array.from(finished, ({ score }) => score)]);
  }
  if (/^(bart|mbart|t5|mt5|umt5)$/.test(family)) {
    using both = freshModel(engine, config, "seq2seq-lm", 3);
    using writer = seq2seqWriter(both, both.model, collate(samples.slice(0, 2)), [Int32Array.of(2), Int32Array.of(2)]);
    const finished = beamSearch(writer, { ...decoding, beams: 3 }).flat();
    return bytesOf([...rows(finished.map(({ ids }) => ids)), Float64Array.from(finished, ({ score }) => score)]);
  }
  using encoder = freshModel(engine, config, "feature-extraction", 3);
  return bytesOf(hiddenStates(encoder.model, samples));
}

/** Losses, gradient norms and all weights of a hundred steps with dropout. */
async function training(engine: Engine, tokenizer: Tokenizer): Promise<Uint8Array> {
  const config = freshConfig("bert", { ...SIZES, vocabSize: tokenizer.size, dropout: 0.1 });
  using made = freshModel(engine, config, "pretraining", 7);
  const documents = tokenizeDocuments(tokenizer, DOCUMENTS);
  const optimizer = adamW(made.weights);
  const figures: number[] = [];
  const steps = train({
    engine,
    model: made.model,
    objective: combine(maskedLm({ tokenizer }), nextSentencePrediction()),
    samples: (epoch: number) => nextSentencePairs(documents, { maxLength: 48, tokenizer }, seed(3).fork(epoch)),
    optimizer,
    learningRate: cosineSchedule(2e-3, 10, STEPS, 1e-4),
    batchSize: 3,
    seed: 5,
    steps: STEPS,
  });
  for await (const { loss, gradientNorm } of steps) figures.push(loss, gradientNorm);
  const weights = [...made.weights.entries()].map(([, parameter]) => parameter.toArray());
  return bytesOf([Float64Array.from(figures), ...weights]);
}

function generation(engine: Engine, vocabSize: number, prompt: Int32Array): Uint8Array {
  const config = freshConfig("gpt2", { ...SIZES, vocabSize, dropout: 0 });
  using gpt = freshModel(engine, config, "causal-lm", 9);
  const options = { maxNewTokens: 24, eosIds: [] };
  const written = [
    (writer: ReturnType<typeof causalWriter>) => greedy(writer, options),
    (writer: ReturnType<typeof causalWriter>) => sampled(writer, { ...options, rng: seed(4) }),
  ].flatMap((decode) => {
    using writer = causalWriter(gpt, gpt.model, [prompt, prompt.slice(0, 3)]);
    return collectRows(writer, decode(writer));
  });
  return bytesOf(rows(written));
}

async function fewerBits(engine: Engine, vocabSize: number, samples: readonly Sample[]): Promise<Uint8Array> {
  const sizes = { ...SIZES, hiddenSize: 128, vocabSize, dropout: 0 };
  const config = new TextEncoder().encode(JSON.stringify(freshConfig("bert", sizes)));
  const found: Float32Array[] = [];
  for (const dtype of ["q8", "q4", "f16"] as const) {
    const options = { task: "feature-extraction", scratch: true, seed: 2, dtype } as const;
    using loaded = await loadModel(engine, memoryFiles([["config.json", config]]), options);
    found.push(...hiddenStates(loaded.model, samples));
  }
  return bytesOf(found);
}

/** The stages in order: a name, and the bytes of which the hash is taken. */
export async function* stages(engine: Engine): AsyncGenerator<readonly [name: string, bytes: Uint8Array]> {
  const tokenizer = trainWordPiece(TEXTS, { size: 200 });
  const samples = TEXTS.slice(0, 6).map((text) => sampleOf(tokenizer.encode(text)));
  yield ["tokenization", tokenization([tokenizer, trainBpe(TEXTS, { size: 320 }), trainUnigram(TEXTS, { size: 120 })])];
  for (const family of [...FRESH_FAMILIES, "electra"])
    yield [`scores of ${family}`, familyBytes(engine, family, tokenizer.size, samples)];
  yield ["training of 100 steps with dropout", await training(engine, tokenizer)];
  yield ["generation", generation(engine, tokenizer.size, samples[0]!.ids)];
  yield ["weights in 8, 4 and 16 bits", await fewerBits(engine, tokenizer.size, samples)];
}

/** The first 16 hex digits of SHA-256. */
export async function digest(bytes: Uint8Array): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  return Array.from(hash.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
