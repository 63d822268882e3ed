import { suite } from "uvu";
import * as assert from "uvu/assert";
import { collate } from "../../sdk/data/sample.js";
import { Engine } from "../../sdk/engine/engine.js";
import { embedSamples } from "../../sdk/heads/embedding.js";
import { type Counted, type PoolingMode, pool, poolCounted } from "../../sdk/heads/pooling.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { backward } from "../../sdk/tensor/tape.js";
import { tensor } from "../../sdk/tensor/tensor.js";
import { near } from "../helpers/near.js";
import { samples, smallBert } from "../helpers/small-bert.js";
import { parameter } from "../helpers/training.js";
import { wave } from "../helpers/wave.js";

const test = suite("pooling");
const engine = await Engine.create();

/** Rounding unit of f32. */
const UNIT = 2 ** -24;
const WIDTH = 5;

/** The pooled value of one column of a sequence; `places` of its tokens from 0. */
const DEFINITIONS: Readonly<Record<PoolingMode, (column: number[], places: number[]) => number>> = {
  mean: (column) => column.reduce((sum, v) => sum + v, 0) / column.length,
  max: (column) => Math.max(...column),
  cls: (column) => column[0]!,
  last: (column) => column.at(-1)!,
  weighted: (column, places) =>
    column.reduce((sum, v, i) => sum + v * (places[i]! + 1), 0) / places.reduce((sum, place) => sum + place + 1, 0),
  "mean-sqrt": (column) => column.reduce((sum, v) => sum + v, 0) / Math.sqrt(column.length),
};
const MODES = Object.keys(DEFINITIONS) as PoolingMode[];

/** Vectors by definition; `kept` are the places of each sequence that count. */
function defined(values: ArrayLike<number>, starts: Int32Array, kept: number[][], mode: PoolingMode): number[] {
  return kept.flatMap((places, row) =>
    Array.from({ length: WIDTH }, (_, d) =>
      DEFINITIONS[mode](
        places.map((place) => values[(starts[row]! + place) * WIDTH + d]!),
        places,
      ),
    ),
  );
}

const unit = (values: readonly number[]): number[] =>
  values.map(
    (v, i) => v / Math.hypot(...values.slice(Math.floor(i / WIDTH) * WIDTH, (Math.floor(i / WIDTH) + 1) * WIDTH)),
  );

test("every pooling mode agrees with its definition, normalized to length 1 on request", () => {
  using _ = new Scope();
  const starts = Int32Array.of(0, 3, 4, 9);
  const values = wave(9 * WIDTH);
  const hidden = tensor(engine, values, [9, WIDTH]);
  const all = [0, 1, 2].map((row) => Array.from({ length: starts[row + 1]! - starts[row]! }, (__, t) => t));
  for (const mode of MODES) {
    const want = defined(values, starts, all, mode);
    // Sums of at most 5 numbers below 1, each weighed with a factor of at most 3 rounded once; square roots make at most 2.3 of it.
    near(pool(hidden, starts, { mode, normalize: false }).data, want, { atol: 24 * UNIT }, mode);
    near(pool(hidden, starts, { mode, normalize: true }).data, unit(want), { atol: 2e-6 }, `${mode}, normalized`);
  }
});

test("special tokens and those of an instruction are left out on request", () => {
  using _ = new Scope();
  const own = samples(["the cat sat on the mat", "a dog ran"]);
  const batch = collate(own);
  const values = wave(batch.ids.length * WIDTH);
  const hidden = tensor(engine, values, [batch.ids.length, WIDTH]);
  const kept = ({ special = true, skip = 0 }: Counted) =>
    own.map((sample) => [...sample.ids.keys()].filter((t) => t >= skip && (special || sample.special[t] === 0)));
  for (const counted of [{ special: false }, { skip: 2 }, { special: false, skip: 3 }, {}] as Counted[]) {
    for (const mode of MODES) {
      const got = poolCounted(hidden, batch, own, { mode, normalize: false }, counted).data;
      near(got, defined(values, batch.starts, kept(counted), mode), { atol: 40 * UNIT }, mode);
    }
  }
  const pooling = { mode: "mean", normalize: false } as const;
  assert.throws(() => poolCounted(hidden, batch, own, pooling, { skip: 99 }), /the instruction alone has 99/);
  const empty = samples([""]);
  const alone = collate(empty);
  const two = tensor(engine, wave(2 * WIDTH), [2, WIDTH]);
  assert.throws(
    () => poolCounted(two, alone, empty, pooling, { special: false }),
    /text 0 are pooled: all are special/,
  );
});

test("gradients of the weighted mean reach every token by its weight", () => {
  using _ = new Scope();
  const starts = Int32Array.of(0, 3);
  const hidden = parameter(engine, Array.from(wave(3)), [3, 1]);
  backward(() => pool(hidden, starts, { mode: "weighted", normalize: false }));
  near(hidden.grad!.toArray(), [1 / 6, 2 / 6, 3 / 6], { rtol: 4 * UNIT });
});

test("a vector does not depend on the other texts of its batch, in any pooling mode", async () => {
  using loaded = await smallBert(engine, "feature-extraction");
  const own = samples();
  for (const mode of MODES) {
    const pooling = { mode, normalize: true };
    const together = embedSamples(loaded.model, own, pooling, { special: false });
    for (const [i, sample] of own.entries())
      assert.equal(embedSamples(loaded.model, [sample], pooling, { special: false })[0], together[i]);
  }
});

test.run();
