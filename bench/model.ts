/**
 * Forward passes of whole models: hidden states of a batch, without a tape. Shares are of the f32 peak; the gain of weights
 * in 8 bits is measured beside f32.
 */
import { collate, type Sample } from "../sdk/data/sample.js";
import { Engine } from "../sdk/engine/engine.js";
import type { Build } from "../sdk/engine/source.js";
import { Scope } from "../sdk/tensor/scope.js";
import { BASE, bodyOperations, freshModel, MINI, MINILM, randomIds, type Size } from "./bert.js";
import type { Subject } from "./measure.js";

/** Rows, and tokens per row. */
const BATCHES = [
  [1, 16],
  [1, 128],
  [8, 128],
] as const;
/** Larger batches of the largest model take seconds and show nothing new. */
const MOST_OPERATIONS = 1e11;

export function sequence(ids: Int32Array): Sample {
  const length = ids.length;
  return {
    ids,
    segments: new Uint8Array(length),
    special: new Uint8Array(length),
    words: new Int32Array(length),
    labels: {},
  };
}

async function subjects(size: Size, build: Build): Promise<Subject[]> {
  const engine = await Engine.create({ build });
  const [f32, q8] = [freshModel(engine, size), freshModel(engine, size, "q8")];
  const batches = BATCHES.filter(([rows, length]) => bodyOperations(size, rows, length) < MOST_OPERATIONS);
  return batches.flatMap(([rows, length]): Subject[] => {
    const ids = randomIds(rows * length, size.vocabulary);
    const batch = collate(
      Array.from({ length: rows }, (_, row) => sequence(ids.slice(row * length, (row + 1) * length))),
    );
    const encode = (model: typeof f32) => () => {
      using _ = new Scope();
      model.encode(batch);
    };
    const name = `${size.name} ${rows} x ${length}`;
    const common = { model: size.name, batch: rows, tokens: rows * length };
    return [
      { ...common, name, operations: bodyOperations(size, rows, length), run: encode(f32) },
      { ...common, name: `${name}, q8`, dtype: "q8", run: encode(q8), other: { name: "f32", run: encode(f32) } },
    ];
  });
}

export async function modelSubjects(build: Build): Promise<Subject[]> {
  return (await Promise.all([MINI, MINILM, BASE].map((size) => subjects(size, build)))).flat();
}
