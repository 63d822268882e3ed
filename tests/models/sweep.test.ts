/**
 * Every field of every family's config.json at other values than the published ones, alone and in pairs, beside PyTorch:
 * a field that changes the result is computed or refused by name, and one that changes nothing is accepted.
 *
 * `sweep/make.py` made the weights and results.
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
import type { Model } from "../../sdk/models/family/build.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { engines } from "../helpers/engines.js";
import { near } from "../helpers/near.js";

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

test.run();
