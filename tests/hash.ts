/**
 * What every runtime must agree on to the bit: `npm run hash`. Nothing here asks which runtime it is.
 *
 * A stage's hash is the first 16 hex digits of SHA-256 over raw little-endian bytes; the last line is the hash over all.
 */

import { nextSentencePairs, sampleOf, seed, tokenizeDocuments } from "../sdk/data.js";
import { infer } from "../sdk/heads/infer.js";
import {
  adamW,
  combine,
  cosineSchedule,
  Engine,
  freshConfig,
  freshModel,
  maskedLm,
  nextSentencePrediction,
  train,
} from "../sdk/index.js";
import { trainWordPiece } from "../sdk/tokenizer/index.js";

/** Text enough for a vocabulary, a few pairs, and words that tokenizers stumble over. */
const DOCUMENTS = [
  [
    "The river rises in the hills and runs to the sea.",
    "In spring it is wide and brown.",
    "Boats wait for the water to fall.",
    "Then the mill turns again.",
  ],
  [
    "Anna bakes bread before the sun is up.",
    "Her brother carries it to the market.",
    "By noon the basket is empty.",
    "They count the coins and walk home.",
  ],
  [
    "A naïve café owner sold crème brûlée for 3.50 €.",
    "语言模型学习词语。",
    "Guests came from Zürich, Łódź and São Paulo 🙂.",
    "Nobody asked why.",
  ],
  [
    "Stars are far away and very hot.",
    "Their light needs years to reach us.",
    "We see them as they were, not as they are.",
    "Some of them are gone.",
  ],
];

const STEPS = 12;

/** The first argument of the program, 1 where there is none. */
const THREADS = Number((globalThis as { process?: { argv?: readonly string[] } }).process?.argv?.[2] ?? 1);

async function digest(bytes: Uint8Array): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  return Array.from(hash.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const bytesOf = (array: Int32Array | Float32Array | Float64Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength).slice();

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

async function stages(): Promise<[string, Uint8Array][]> {
  const tokenizer = trainWordPiece(DOCUMENTS.flat(), { size: 220 });
  const encodings = DOCUMENTS.flat().map((text) => tokenizer.encode(text));
  const engine = await Engine.create({ build: "strict", threads: THREADS });
  if (engine.threads !== THREADS) throw new Error(`${engine.threads} threads, not ${THREADS}`);
  const config = freshConfig("bert", {
    vocabSize: tokenizer.size,
    numHiddenLayers: 2,
    hiddenSize: 48,
    numAttentionHeads: 3,
    maxPositionEmbeddings: 64,
    dropout: 0.1,
  });
  const loaded = freshModel(engine, config, "pretraining", 7);
  const weights = () => joined([...loaded.weights.entries()].map(([, parameter]) => bytesOf(parameter.toArray())));
  const begun = weights();
  const samples = encodings.map((encoding) => sampleOf(encoding));
  const scores = (name: string): [string, Uint8Array] => {
    const all = infer(loaded.model, samples, "tokens", (model, hidden, batch) =>
      model.tokenScores(
        hidden,
        Int32Array.from(batch.ids, (_, i) => i),
      ),
    );
    return [name, joined(all.map(bytesOf))];
  };
  const before = scores("scores of the fresh model");
  const documents = tokenizeDocuments(tokenizer, DOCUMENTS);
  const pairs = (epoch: number) => nextSentencePairs(documents, { maxLength: 48, tokenizer }, seed(3).fork(epoch));
  const objective = combine(maskedLm({ tokenizer }), nextSentencePrediction());
  const optimizer = adamW(loaded.weights);
  const losses: number[] = [];
  for await (const { loss, gradientNorm } of train({
    engine,
    model: loaded.model,
    objective,
    samples: pairs,
    optimizer,
    learningRate: cosineSchedule(2e-3, 3, STEPS, 1e-4),
    batchSize: 3,
    seed: 5,
    steps: STEPS,
  }))
    losses.push(loss, gradientNorm);
  const moments = joined(optimizer.moments.flatMap(({ first, second }) => [bytesOf(first.data), bytesOf(second.data)]));
  return [
    ["token ids", joined(encodings.map(({ ids }) => bytesOf(ids)))],
    ["initial weights", begun],
    before,
    ["losses and gradient norms", bytesOf(Float64Array.from(losses))],
    ["weights after training", weights()],
    ["moments after training", moments],
    scores("scores after training"),
  ];
}

const results = await stages();
for (const [name, bytes] of results) console.log(`${name} ${await digest(bytes)}`);
console.log(await digest(joined(results.map(([, bytes]) => bytes))));
