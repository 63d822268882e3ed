import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../sdk/engine/engine.js";
import { DisposedError } from "../../sdk/engine/errors.js";
import { add } from "../../sdk/tensor/ops/elementwise.js";
import { Scope, unscoped } from "../../sdk/tensor/scope.js";
import { intTensor, reshape, rows, type Tensor, tensor, zeros } from "../../sdk/tensor/tensor.js";
import { wave } from "../helpers/wave.js";

const test = suite("scopes and tensors");
const engine = await Engine.create();

/** Whether a tensor's memory was freed. */
const gone = (t: Tensor): boolean => t.storage.isDisposed;

test("a scope frees its tensors; scopes nest; a kept tensor moves one scope out", () => {
  const before = engine.liveBytes;
  let made: Tensor[] = [];
  {
    using outer = new Scope();
    const a = tensor(engine, wave(8));
    let kept: Tensor;
    {
      using inner = new Scope();
      const b = tensor(engine, wave(8));
      kept = inner.keep(add(a, b));
      made = [a, b, kept];
    }
    assert.equal(made.map(gone), [false, true, false]);
    assert.equal(
      kept.toArray(),
      wave(8).map((v) => v + v),
    );
    assert.is(outer.keep(a), a);
  }
  // Kept by the outermost scope: it is the caller's now.
  assert.equal(made.map(gone), [false, true, true]);
  made[0]!.storage[Symbol.dispose]();
  assert.is(engine.liveBytes, before);
  assert.is(Scope.current, null);
});

test("keeping a tensor twice, or one that the scope does not own, changes nothing", () => {
  const before = engine.liveBytes;
  const free = zeros(engine, [4]);
  {
    using outer = new Scope();
    const a = zeros(engine, [4]);
    {
      using inner = new Scope();
      inner.keep(free);
      inner.keep(a);
      inner.keep(a);
    }
    assert.not.ok(gone(a));
    outer.keep(free);
  }
  assert.not.ok(gone(free));
  free.storage[Symbol.dispose]();
  assert.is(engine.liveBytes, before);
});

test("scopes closed out of order say so", () => {
  const outer = new Scope();
  const inner = new Scope();
  assert.throws(() => outer[Symbol.dispose](), /scopes closed out of order: was there an `await` inside a scope\?/);
  inner[Symbol.dispose]();
  outer[Symbol.dispose]();
  assert.throws(() => outer[Symbol.dispose](), /out of order/);
  assert.is(Scope.current, null);
});

test("a scope gives everything back when its body throws", () => {
  const before = engine.liveBytes;
  assert.throws(() => {
    using _ = new Scope();
    zeros(engine, [100]);
    throw new Error("in the middle");
  }, /in the middle/);
  assert.is(engine.liveBytes, before);
  assert.is(Scope.current, null);
});

test("dropped early, a tensor goes once; unscoped, it stays", () => {
  const before = engine.liveBytes;
  let stays: Tensor;
  {
    using scope = new Scope();
    const early = zeros(engine, [100]);
    scope.drop(early.storage);
    assert.ok(gone(early));
    assert.is(engine.liveBytes, before);
    scope.drop(early.storage);
    stays = unscoped(() => zeros(engine, [4]));
    assert.is(Scope.current, scope);
    assert.throws(() =>
      unscoped(() => {
        throw new Error("inside");
      }),
    );
    assert.is(Scope.current, scope);
  }
  assert.not.ok(gone(stays));
  stays.storage[Symbol.dispose]();
  stays.storage[Symbol.dispose]();
  assert.is(engine.liveBytes, before);
});

test("a freed tensor throws an error wherever it is used", () => {
  let t: Tensor;
  {
    using _ = new Scope();
    t = tensor(engine, wave(4), [2, 2]);
  }
  for (const use of [() => t.data, () => t.toArray(), () => t.address, () => add(t, t), () => rows(t, 0, 1).data]) {
    assert.throws(use, (error: unknown) => error instanceof DisposedError && /was freed/.test(error.message));
  }
});

test("views share storage, gradient and lifetime with their tensor", () => {
  using _ = new Scope();
  const t = tensor(engine, wave(12), [4, 3]);
  const middle = rows(t, 1, 3);
  assert.equal([middle.shape, middle.offset], [[2, 3], 3]);
  assert.equal(middle.toArray(), wave(12).slice(3, 9));
  middle.data[0] = 7;
  assert.is(t.data[3], 7);
  assert.is(reshape(middle, [6]).data[0], 7);
  assert.is(rows(middle, 1, 2).offset, 6);
  assert.is(rows(t, 2, 2).size, 0);
  assert.is(middle.storage, t.storage);
});

test("shapes, counts and element types that do not fit throw an error that names them", () => {
  using _ = new Scope();
  const t = tensor(engine, wave(6), [2, 3]);
  const ids = intTensor(engine, [1, 2]);
  assert.throws(() => tensor(engine, wave(5), [2, 3]), /tensor: shape \[2,3\] has 6 elements, got 5 values/);
  assert.throws(() => intTensor(engine, [1], [2]), /intTensor: shape \[2\] has 2 elements, got 1 values/);
  assert.throws(() => reshape(t, [4]), /reshape: \[2,3\] has 6 elements, \[4\] would have 4/);
  for (const [begin, end] of [
    [-1, 1],
    [1, 0],
    [0, 3],
    [Number.NaN, 1],
  ] as const)
    assert.throws(() => rows(t, begin, end), /is not within the 2 rows of \[2,3\]/);
  assert.throws(() => ids.data, /data: the tensor holds i32; read it through ints/);
  assert.throws(() => t.ints, /ints: the tensor holds f32; read it through data/);
  assert.throws(() => t.item(), /item: the tensor has 6 values/);
  assert.equal([...ids.ints], [1, 2]);
  assert.is(tensor(engine, [3]).item(), 3);
});

test.run();
