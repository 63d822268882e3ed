/**
 * The workloads of the portable benchmark, as docs/benchmark.md defines them. Inputs and weights come from formulas, so that
 * nothing is downloaded, and every output is a function of the definition alone.
 */
import { type Sample, sampleOf } from "../data/sample.js";
import { Engine } from "../engine/engine.js";
import type { KernelInput } from "../engine/kernel-input.js";
import { collectRows, greedy } from "../generate/decode.js";
import { causalWriter } from "../generate/writer.js";
import { hiddenStates } from "../heads/embedding.js";
import { jsonBytes, memoryFiles } from "../io/files/files.js";
import { loadModel } from "../io/pretrained/pretrained.js";
import { maskedLm } from "../objectives/masked-lm.js";
import { single } from "../objectives/objective.js";
import { trainWordPiece } from "../tokenizer/index.js";
import { freshConfig, freshModel } from "../train/fresh/fresh-model.js";
import { train } from "../train/loop/train.js";
import { adamW } from "../train/optim/adamw.js";
import { linearSchedule } from "../train/optim/schedule.js";

/** A workload that is ready to run. Every run computes the same thing. */
export interface Ready {
  /** the output, of which the hash is taken */
  run(): Uint8Array | Promise<Uint8Array>;
  dispose(): void;
}

export interface Workload {
  readonly name: string;
  /** operations of the matrix products of a run, two for each multiply-add; null where other operations dominate */
  readonly operations: number | null;
  prepare(module: KernelInput | undefined): Promise<Ready>;
}

const VOCABULARY = 512;

const engineOf = (module: KernelInput | undefined) => Engine.create(module === undefined ? {} : { module });

/** Numbers of a formula: the golden ratio's multiples modulo 2^32, their upper bits. */
const formula = (i: number, below: number): number => (Math.imul(i + 1, 0x9e3779b1) >>> 16) % below;

const SYLLABLES = /* @__PURE__ */ "ba ce di fo gu ha je ki lo mu na pe qui ro su ta ve wi xo zy an er il on ur".split(
  " ",
);

/** Sentences of invented words, some with accents, digits and characters of other scripts. */
function sentences(count: number): string[] {
  return Array.from({ length: count }, (_, s) => {
    const words = Array.from({ length: 8 + formula(s, 12) }, (_, w) => {
      const at = formula(31 * s + w, 4000);
      const word = Array.from({ length: 1 + (at % 3) }, (_, k) => SYLLABLES[formula(at + k, SYLLABLES.length)]).join(
        "",
      );
      return at % 97 === 0 ? `${word}é` : at % 89 === 0 ? String(at) : at % 83 === 0 ? "语言" : word;
    });
    return `${words.join(" ")}.`;
  });
}

const bytesOf = (arrays: readonly (Int32Array | Float32Array)[]): Uint8Array => {
  const all = new Uint8Array(arrays.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const { buffer, byteOffset, byteLength } of arrays) {
    all.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return all;
};

/** Rows of ids of a formula as samples. */
const rowsOf = (rows: number, length: number): Sample[] =>
  Array.from({ length: rows }, (_, row) => ({
    ids: Int32Array.from({ length }, (_, i) => 5 + formula(row * length + i, VOCABULARY - 5)),
    special: new Uint8Array(length),
    words: new Int32Array(length),
    segments: new Uint8Array(length),
    labels: {},
  }));

interface Shape {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
}

const configOf = (family: string, { layers, width, heads }: Shape, dropout = 0) =>
  freshConfig(family, {
    vocabSize: VOCABULARY,
    numHiddenLayers: layers,
    hiddenSize: width,
    numAttentionHeads: heads,
    maxPositionEmbeddings: 128,
    dropout,
  });

/** Operations of an encoder for rows of a length: products with weights (12 width² a layer), and attention. */
const encoderOperations = ({ layers, width }: Shape, rows: number, length: number): number =>
  rows * length * layers * (24 * width ** 2 + 4 * length * width);

function encode(name: string, shape: Shape, rows: number, dtype: "f32" | "q8"): Workload {
  const LENGTH = 64;
  return {
    name: `encode-${name}-${dtype}`,
    operations: encoderOperations(shape, rows, LENGTH),
    async prepare(module) {
      const engine = await engineOf(module);
      const files = memoryFiles([["config.json", jsonBytes(configOf("bert", shape))]]);
      const { model } = await loadModel(engine, files, { task: "feature-extraction", scratch: true, seed: 1, dtype });
      const samples = rowsOf(rows, LENGTH);
      return { run: () => bytesOf(hiddenStates(model, samples)), dispose: () => engine.dispose() };
    },
  };
}

const tokenize: Workload = {
  name: "tokenize",
  operations: null,
  async prepare() {
    const tokenizer = trainWordPiece(sentences(200), { size: VOCABULARY });
    const texts = sentences(1000);
    return { run: () => bytesOf(texts.map((text) => tokenizer.encode(text).ids)), dispose() {} };
  },
};

const TINY: Shape = { layers: 2, width: 128, heads: 2 };
const MINILM: Shape = { layers: 6, width: 384, heads: 12 };
const BASE: Shape = { layers: 12, width: 768, heads: 12 };

const STEPS = 4;
const TRAINED: Shape = { layers: 2, width: 128, heads: 2 };

/** Masked language modeling with dropout from fresh weights: the output is the losses and all weights. */
const training: Workload = {
  name: "train",
  operations: /* @__PURE__ */ (() => 3 * STEPS * encoderOperations(TRAINED, 8, 32))(),
  async prepare(module) {
    const engine = await engineOf(module);
    const tokenizer = trainWordPiece(sentences(200), { size: VOCABULARY });
    const samples = sentences(8 * STEPS).map((text) =>
      sampleOf(tokenizer.encode(text, undefined, { truncate: { length: 32 } })),
    );
    return {
      async run() {
        using fresh = freshModel(engine, configOf("bert", TRAINED, 0.1), "masked-lm", 1);
        const losses: number[] = [];
        const objective = single(maskedLm({ tokenizer }));
        const optimizer = adamW(fresh.weights);
        const learningRate = linearSchedule(1e-3, 1, STEPS);
        const settings = { engine, model: fresh.model, objective, samples: () => samples, optimizer, learningRate };
        for await (const { loss } of train({ ...settings, batchSize: 8, seed: 1, steps: STEPS })) losses.push(loss);
        const weights = [...fresh.weights.entries()].map(([, parameter]) => parameter.toArray());
        return bytesOf([Float32Array.from(losses), ...weights]);
      },
      dispose: () => engine.dispose(),
    };
  },
};

const NEW_TOKENS = 48;

/** Greedy search of a small GPT-2 after sixteen tokens. */
const generation: Workload = {
  name: "generate",
  operations: null,
  async prepare(module) {
    const engine = await engineOf(module);
    const { model } = freshModel(engine, configOf("gpt2", { layers: 4, width: 256, heads: 4 }), "causal-lm", 1);
    const prompt = rowsOf(1, 16)[0]!;
    return {
      run() {
        using writer = causalWriter({ engine }, model, [prompt.ids]);
        const newest = greedy(writer, { maxNewTokens: NEW_TOKENS, eosIds: [] });
        return bytesOf(collectRows(writer, newest).map((ids) => Int32Array.from(ids)));
      },
      dispose: () => engine.dispose(),
    };
  },
};

/** An engine, a small model and its first hidden states. */
const start: Workload = {
  name: "start",
  operations: null,
  async prepare(module) {
    const config = configOf("bert", TINY);
    return {
      async run() {
        using engine = await engineOf(module);
        const { model } = freshModel(engine, config, "feature-extraction", 1);
        return bytesOf(hiddenStates(model, rowsOf(1, 16)));
      },
      dispose() {},
    };
  },
};

/** All workloads of this version, in order. */
export const WORKLOADS: readonly Workload[] = /* @__PURE__ */ (() => [
  tokenize,
  encode("tiny", TINY, 16, "f32"),
  encode("tiny", TINY, 16, "q8"),
  encode("minilm", MINILM, 4, "f32"),
  encode("minilm", MINILM, 4, "q8"),
  encode("base", BASE, 2, "f32"),
  encode("base", BASE, 2, "q8"),
  training,
  generation,
  start,
])();
