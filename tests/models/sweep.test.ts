/**
 * Every field of every family's config.json at other values than the published ones, alone and in pairs, beside PyTorch:
 * a field that changes the result is computed or refused by name, and one that changes nothing is accepted. Likewise
 * weights under old names, and tied weights of which the file has two.
 *
 * `sweep/make.py` made the weights and results, `sweep/twins.py` those of tied weights.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Batch, collate, type Sample } from "../../sdk/data/sample.js";
import type { Engine } from "../../sdk/engine/engine.js";
import { InputError } from "../../sdk/errors.js";
import { memoryFiles } from "../../sdk/io/files/files.js";
import { loadModel, type Pretrained } from "../../sdk/io/pretrained/pretrained.js";
import { readSafetensors } from "../../sdk/io/safetensors/safetensors.js";
import type { Model } from "../../sdk/models/family/build.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { engines } from "../helpers/engines.js";
import { near } from "../helpers/near.js";
import { type RawTensor, rawSafetensors } from "../helpers/raw-safetensors.js";

interface Entry {
  readonly change: Readonly<Record<string, unknown>>;
  /** whether the result is that of the unchanged configuration */
  readonly same: boolean;
  readonly logits?: readonly number[];
}

const test = suite("sweep of configurations");
const [engine] = engines as [Engine];
const folder = join("tests", "models", "sweep");
const sweep = JSON.parse(readFileSync(join(folder, "sweep.json"), "utf8")) as {
  ids: number[];
  target: number[];
  models: Record<string, Entry[]>;
};
/** As for the reference models: float32 sums in another order. */
const BOUND = { atol: 2e-5, rtol: 2e-5 };

/** Values that Cloze refuses on purpose although the reference computes with them, by the field that the error names. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  // Weights of relative positions, which transformers no longer reads and so passes over; encoders that read from left to
  // right; decoders without an encoder.
  position_embedding_type: ["bert"],
  is_decoder: [
    "albert",
    "bert",
    "bert-sequence",
    "camembert",
    "electra",
    "electra-sequence",
    "mt5",
    "roberta",
    "t5",
    "umt5",
    "xlm-roberta",
  ],
};

function batchOf(ids: readonly number[]): Batch {
  const sample: Sample = {
    ids: Int32Array.from(ids),
    segments: new Uint8Array(ids.length),
    special: new Uint8Array(ids.length),
    words: Int32Array.from(ids, (_, i) => i),
    labels: {},
  };
  return collate([sample]);
}

function logitsOf({ model, task }: Pretrained): Float32Array {
  using _ = new Scope();
  const batch = batchOf(sweep.ids);
  const hidden = model.encode(batch);
  if (task === "sequence-classification")
    return (model as Model<"sequence-classification">).sequenceScores(hidden, batch).toArray() as Float32Array;
  const head = model as Model<"masked-lm"> & Partial<Model<"seq2seq-lm">>;
  const target = batchOf(sweep.target);
  const states = head.decode ? head.decode(target, { hidden, starts: batch.starts }) : hidden;
  const all = Int32Array.from({ length: states.shape[0]! }, (__, i) => i);
  return head.tokenScores(states, all).toArray() as Float32Array;
}

/** In a function of its own: `using` in the body of a loop keeps the error of an earlier turn once it is compiled. */
async function compare(files: ReturnType<typeof memoryFiles>, want: readonly number[]): Promise<void> {
  using loaded = await loadModel(engine, files);
  near(logitsOf(loaded), want, BOUND);
}

for (const [name, entries] of Object.entries(sweep.models)) {
  const config = JSON.parse(readFileSync(join(folder, name, "config.json"), "utf8")) as Record<string, unknown>;
  const weights = new Uint8Array(readFileSync(join(folder, name, "model.safetensors")));
  const unchanged = entries[0]!.logits!;

  test(`${name}: ${entries.length} configurations`, async () => {
    const wrong: string[] = [];
    for (const { change, same, logits = unchanged } of entries) {
      const json = new TextEncoder().encode(JSON.stringify({ ...config, ...change }));
      const files = memoryFiles([
        ["config.json", json],
        ["model.safetensors", weights],
      ]);
      const fields = Object.keys(change);
      try {
        await compare(files, logits);
      } catch (error) {
        const { message } = error as Error;
        const named = error instanceof InputError && fields.some((field) => message.includes(field));
        const meant = !same || fields.some((field) => REFUSED[field]?.includes(name));
        if (!(named && meant)) wrong.push(`${JSON.stringify(change)}: ${message.slice(0, 150)}`);
      }
    }
    assert.equal(wrong, []);
  });
}

type Tensors = readonly RawTensor[];

function tensorsOf(name: string): Tensors {
  const file = readSafetensors(new Uint8Array(readFileSync(join(folder, name, "model.safetensors"))));
  return Array.from(file.names(), (tensor) => ({
    name: tensor,
    dtype: "F32",
    shape: file.shape(tensor)!,
    bytes: new Uint8Array(file.floats(tensor).buffer),
  }));
}

const folderOf = (name: string, tensors: Tensors) =>
  memoryFiles([
    ["config.json", new Uint8Array(readFileSync(join(folder, name, "config.json")))],
    ["model.safetensors", rawSafetensors(tensors)],
  ]);

const LANGUAGE_MODELS = Object.entries(sweep.models).filter(([name]) => !name.endsWith("-sequence"));

test("every family: gamma and beta of early layer norms, and buffers of early versions", async () => {
  for (const [name, [first]] of LANGUAGE_MODELS) {
    const tensors = tensorsOf(name).map((tensor) => ({
      ...tensor,
      name: tensor.name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"),
    }));
    const body = tensors.find((tensor) => tensor.name.includes("embeddings."));
    const place = body?.name.slice(0, body.name.indexOf("embeddings.")) ?? "";
    const buffers = ["position_ids", "token_type_ids"].map((buffer) => ({
      name: `${place}embeddings.${buffer}`,
      dtype: "I64",
      shape: [1, 1],
      bytes: new Uint8Array(8),
    }));
    await compare(folderOf(name, [...tensors, ...buffers]), first!.logits!);
  }
});

const { models: twinsOf } = JSON.parse(readFileSync(join(folder, "twins.json"), "utf8")) as {
  models: Record<string, { twins: Record<string, string>; logits: number[] }[]>;
};

test("every family but EuroBERT ties its weights by default", () => {
  assert.equal(
    LANGUAGE_MODELS.map(([name]) => name).filter((name) => twinsOf[name]!.length === 0),
    ["eurobert"],
  );
});

for (const [name, [first]] of LANGUAGE_MODELS.filter(([other]) => other !== "eurobert"))
  test(`${name}: of a tied weight and its copy each is computed with, unless they are equal`, async () => {
    const tensors = tensorsOf(name);
    const copies = (twins: Record<string, string>, change: (value: number) => number): Tensors =>
      Object.entries(twins).map(([copy, shared]) => {
        const tensor = tensors.find((other) => other.name === shared)!;
        const { buffer } = tensor.bytes;
        return { ...tensor, name: copy, bytes: new Uint8Array(new Float32Array(buffer).map(change).buffer) };
      });
    for (const { twins, logits } of twinsOf[name]!) {
      await compare(folderOf(name, [...tensors, ...copies(twins, (value) => value * -0.5 + 0.125)]), logits);
      await compare(folderOf(name, [...tensors, ...copies(twins, (value) => value)]), first!.logits!);
    }
  });

test("gpt2: classes are read at the last token that is not padding", async () => {
  const config = JSON.parse(readFileSync(join(folder, "gpt2", "config.json"), "utf8")) as object;
  const json = { ...config, architectures: ["GPT2ForSequenceClassification"], pad_token_id: 4 };
  using loaded = await loadModel(
    engine,
    memoryFiles([
      ["config.json", new TextEncoder().encode(JSON.stringify(json))],
      ["model.safetensors", rawSafetensors(tensorsOf("gpt2"))],
    ]),
  );
  const model = loaded.model as Model<"sequence-classification">;
  const scoresOf = (...ids: number[]) => {
    using _ = new Scope();
    const batch = batchOf(ids);
    return [...model.sequenceScores(model.encode(batch), batch).toArray()];
  };
  assert.equal(scoresOf(5, 4, 9, 4, 4), scoresOf(5, 4, 9));
  assert.equal(scoresOf(4, 4), scoresOf(4));
  assert.not.equal(scoresOf(5, 4, 9, 6), scoresOf(5, 4, 9));
});

test.run();
