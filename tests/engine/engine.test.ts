import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { collate } from "../../sdk/data/sample.js";
import { Engine } from "../../sdk/engine/engine.js";
import { DisposedError, OutOfMemoryError, UnsupportedBuildError } from "../../sdk/engine/errors.js";
import { type Build, chooseBuild, supportsRelaxed } from "../../sdk/engine/source.js";
import { InputError } from "../../sdk/errors.js";
import { maskedLm } from "../../sdk/objectives/masked-lm.js";
import { single } from "../../sdk/objectives/objective.js";
import { matrix } from "../../sdk/tensor/matrix.js";
import { affine } from "../../sdk/tensor/ops/affine.js";
import { matmul } from "../../sdk/tensor/ops/matmul.js";
import { seed } from "../../sdk/tensor/random.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { backward } from "../../sdk/tensor/tape.js";
import { type Tensor, tensor, zeros } from "../../sdk/tensor/tensor.js";
import { adamW } from "../../sdk/train/optim/adamw.js";
import { builds } from "../helpers/engines.js";
import { root } from "../helpers/shared.js";
import { samples, smallBert, tokenizer } from "../helpers/small-bert.js";
import { wave } from "../helpers/wave.js";

const test = suite("engine");

const moduleOf = (build: Build) => new WebAssembly.Module(readFileSync(join(root, "build", `kernels.${build}.wasm`)));

/** A matrix product whose result depends on every input. */
function product(engine: Engine, salt: number): number[] {
  using _ = new Scope();
  return [...matmul(tensor(engine, wave(35, salt), [5, 7]), tensor(engine, wave(21, 2), [7, 3])).toArray()];
}

test("engines are independent of each other", async () => {
  const three = await Promise.all([1, 2, 3].map(() => Engine.create()));
  const kept = three.map((engine, i) => tensor(engine, wave(1000, i)));
  const alone = three.map((engine, i) => product(engine, i));
  const [first, second, third] = three as [Engine, Engine, Engine];
  assert.ok(new Set(three.map(({ memory }) => memory)).size === 3);
  // One fills its memory, one goes away; the third answers as before.
  zeros(second, [3_000_000]);
  first.dispose();
  assert.equal(product(third, 2), alone[2]);
  assert.equal(kept[1]!.toArray(), wave(1000, 1));
  assert.equal(kept[2]!.toArray(), wave(1000, 2));
  assert.throws(() => kept[0]!.data, /disposed/);
  second.dispose();
  third.dispose();
});

test("tensors of two engines do not mix", async () => {
  using a = await Engine.create();
  using b = await Engine.create();
  using _ = new Scope();
  const [x, w] = [tensor(a, wave(6), [2, 3]), matrix(b, wave(6), [2, 3])];
  assert.throws(() => affine(x, w, null), /affine: its tensors belong to different engines/);
});

test("after dispose every use throws, disposing again does nothing, and tensors can still be freed", async () => {
  const engine = await Engine.create();
  const t = tensor(engine, wave(10));
  {
    using _ = new Scope();
    zeros(engine, [10]);
    assert.ok(engine.liveBytes > 0);
    engine.dispose();
  }
  engine.dispose();
  assert.is(engine.isDisposed, true);
  assert.is(engine.liveBytes, 0);
  for (const use of [
    () => engine.kernels,
    () => engine.memory,
    () => engine.alloc(4),
    () => zeros(engine, [4]),
    () => t.data,
    () => t.toArray(),
    () => t.address,
  ]) {
    assert.throws(use, (error: unknown) => error instanceof DisposedError && /disposed/.test(error.message));
  }
  t.storage[Symbol.dispose]();
  {
    using other = await Engine.create();
    assert.is(other.isDisposed, false);
  }
});

test("an engine never takes more than maximumBytes; a request that does not fit changes nothing", async () => {
  const maximumBytes = 1 << 20;
  using engine = await Engine.create({ maximumBytes });
  const kept = tensor(engine, wave(1000));
  const [live, size] = [engine.liveBytes, engine.memory.buffer.byteLength];
  let error: unknown;
  try {
    zeros(engine, [1 << 18]);
  } catch (caught) {
    error = caught;
  }
  assert.instance(error, OutOfMemoryError);
  const { needed, available, message } = error as OutOfMemoryError;
  assert.ok(needed >= maximumBytes && available < maximumBytes, message);
  assert.match(message, /bytes needed, \d+ bytes available/);
  assert.equal([engine.liveBytes, engine.memory.buffer.byteLength], [live, size]);
  assert.equal(kept.toArray(), wave(1000));
  // What it says can be had can be had: sizes are rounded up by less than a quarter.
  zeros(engine, [Math.floor((available * 0.8) / 4)]);
  assert.ok(engine.memory.buffer.byteLength <= maximumBytes);
});

test("a size that is not a number of bytes is refused, and nothing has changed", async () => {
  using engine = await Engine.create();
  const live = engine.liveBytes;
  for (const bytes of [Number.NaN, -1, 1.5, 2 ** 60, "64", undefined, null]) {
    assert.throws(
      () => engine.alloc(bytes as number),
      (error: Error) => error instanceof InputError && /^alloc: bytes must be a whole number/.test(error.message),
    );
    assert.throws(() => engine.reserve(bytes as number), /^reserve: bytes must be/);
  }
  assert.is(engine.liveBytes, live);
  const address = engine.alloc(64);
  assert.ok(Number.isInteger(address) && address > 0);
  engine.release(address);
  assert.is(engine.liveBytes, live);
});

test("a limit below an engine's initial memory, or none at all, is refused", async () => {
  for (const maximumBytes of [0, -1, 100_000, Number.NaN]) {
    const error = await Engine.create({ maximumBytes }).catch((caught: unknown) => caught);
    assert.instance(error, InputError);
    const expected = `Engine.create: maximumBytes must be a whole number of at least 131072, got ${maximumBytes}`;
    assert.is((error as Error).message, expected);
  }
  using least = await Engine.create({ maximumBytes: 131_072 });
  assert.is(zeros(least, [100]).size, 100);
});

test("a compiled module can be passed in; a module of another build is refused", async () => {
  for (const build of builds) {
    using own = await Engine.create({ build });
    using handed = await Engine.create({ module: moduleOf(build) });
    assert.equal([own.build, handed.build], [build, build]);
    assert.equal(product(handed, 1), product(own, 1));
    using any = await Engine.create({ module: moduleOf(build), build: "auto" });
    assert.is(any.build, build);
    for (const other of builds.filter((name) => name !== build)) {
      const error = await Engine.create({ module: moduleOf(build), build: other }).catch((caught: unknown) => caught);
      assert.instance(error, UnsupportedBuildError);
      assert.match((error as Error).message, new RegExp(`the module is the ${build} build, but build "${other}"`));
    }
  }
});

test("builds are chosen by the features of the runtime", async () => {
  assert.is(chooseBuild("strict"), "strict");
  assert.is(chooseBuild("auto"), supportsRelaxed() ? "relaxed" : "strict");
  if (supportsRelaxed()) assert.is(chooseBuild("relaxed"), "relaxed");
  else assert.throws(() => chooseBuild("relaxed"), /the relaxed build needs relaxed SIMD/);
  using engine = await Engine.create();
  assert.is(engine.build, "strict");
});

/** Require the same bits; says only where they differ first. */
function same(got: Float32Array, want: Float32Array, what: string): void {
  const at = want.findIndex((value, i) => !Object.is(value, got[i]));
  assert.is(at, -1, `${what}: element ${at} is ${got[at]}, expected ${want[at]}`);
}

/** Three training steps of a small BERT; the losses and a hash of all weights. */
async function trained(engine: Engine): Promise<{ losses: number[]; weights: Float32Array[] }> {
  const { model, weights } = await smallBert(engine, "masked-lm");
  const objective = single(maskedLm({ tokenizer }));
  const batch = collate(samples().map((sample, i) => objective.corrupt(sample, seed(1).fork(i))));
  const optimizer = adamW(weights, { weightDecay: 0.01 });
  const losses: number[] = [];
  for (let step = 0; step < 3; step++) {
    using _ = new Scope();
    losses.push(
      backward(() => objective.losses(model, batch, objective.counts(batch))[0] as Tensor, { seed: 1, step }).item(),
    );
    optimizer.step(1e-3, 1);
  }
  return { losses, weights: [...weights.entries()].map(([, parameter]) => parameter.toArray()) };
}

for (const build of builds) {
  test(`${build}: no view is kept over an allocation: training gives the same bits when every one grows the memory`, async () => {
    using calm = await Engine.create({ build });
    using restless = await Engine.create({ build });
    const alloc = restless.alloc.bind(restless);
    let growths = 0;
    restless.alloc = (bytes) => {
      const address = alloc(bytes);
      // Growing takes all views of the memory away: who still holds one reads nothing.
      restless.memory.grow(1);
      growths++;
      return address;
    };
    const want = await trained(calm);
    const got = await trained(restless);
    assert.equal(got.losses, want.losses);
    assert.ok(got.losses.every(Number.isFinite) && got.losses[2]! < got.losses[0]!, `${got.losses}`);
    for (const [i, values] of want.weights.entries()) same(got.weights[i]!, values, `weight ${i}`);
    assert.ok(growths > 300, `${growths} growths`);
  });
}

test.run();
