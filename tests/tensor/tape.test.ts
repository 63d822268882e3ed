import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../sdk/engine/engine.js";
import { matrix } from "../../sdk/tensor/matrix.js";
import { affine } from "../../sdk/tensor/ops/affine.js";
import { dropout } from "../../sdk/tensor/ops/dropout.js";
import { add, columns, multiply, scale, subtract } from "../../sdk/tensor/ops/elementwise.js";
import { gatherRows } from "../../sdk/tensor/ops/embedding.js";
import { matmul } from "../../sdk/tensor/ops/matmul.js";
import { type Rng, seed } from "../../sdk/tensor/random.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { backward, nextDropout } from "../../sdk/tensor/tape.js";
import { reshape, rows, type Tensor, tensor } from "../../sdk/tensor/tensor.js";
import { parameter, weighed } from "../helpers/training.js";
import { wave } from "../helpers/wave.js";

const test = suite("tape");
const engine = await Engine.create();

/** A value of a random computation beside the same in plain numbers, with how its gradient is passed on. */
interface Node {
  readonly t: Tensor;
  readonly values: readonly number[];
  readonly grad: number[];
  /** add to the gradients of the inputs */
  readonly pass: () => void;
}

const SHAPE = [3, 4] as const;
const SIZE = 12;

function node(t: Tensor, values: readonly number[], pass: (grad: readonly number[]) => void = () => {}): Node {
  const grad = new Array<number>(SIZE).fill(0);
  return { t, values, grad, pass: () => pass(grad) };
}

/** The elements of `a` that `index` names, by whatever views and ops `t` was made with. */
function picked(a: Node, index: readonly number[], t: Tensor): Node {
  return node(
    t,
    index.map((i) => a.values[i]!),
    (grad) => {
      for (const [at, i] of index.entries()) a.grad[i]! += grad[at]!;
    },
  );
}

const times = (a: Node, b: Node): Node =>
  node(
    multiply(a.t, b.t),
    a.values.map((v, i) => v * b.values[i]!),
    (grad) => {
      for (const [i, d] of grad.entries()) {
        // Both factors are read before either gradient moves: they may be one.
        const [da, db] = [d * b.values[i]!, d * a.values[i]!];
        a.grad[i]! += da;
        b.grad[i]! += db;
      }
    },
  );

const sum = (a: Node, b: Node, sign: 1 | -1): Node =>
  node(
    (sign > 0 ? add : subtract)(a.t, b.t),
    a.values.map((v, i) => v + sign * b.values[i]!),
    (grad) => {
      for (const [i, d] of grad.entries()) {
        a.grad[i]! += d;
        b.grad[i]! += sign * d;
      }
    },
  );

const scaled = (a: Node, factor: number): Node =>
  node(
    scale(a.t, factor),
    a.values.map((v) => factor * v),
    (grad) => {
      for (const [i, d] of grad.entries()) a.grad[i]! += factor * d;
    },
  );

/** Rows 1 and 2 as a view, of which the second is taken twice. */
const viewed = (a: Node): Node =>
  picked(a, [4, 5, 6, 7, 8, 9, 10, 11, 8, 9, 10, 11], gatherRows(rows(a.t, 1, 3), Int32Array.of(0, 1, 1)));

/** Rows 1 and 2 of one value and rows 0 and 1 of another, as views: their sum, or its double, of which one row is taken twice. */
function halves(a: Node, b: Node, factor: number): Node {
  const both = add(rows(a.t, 1, 3), rows(b.t, 0, 2));
  const t = gatherRows(factor === 1 ? both : scale(reshape(both, [2, 4]), factor), Int32Array.of(0, 1, 1));
  const index = [0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7];
  const values = index.map((i) => factor * (a.values[4 + i]! + b.values[i]!));
  return node(t, values, (grad) => {
    for (const [at, i] of index.entries()) {
      a.grad[4 + i]! += factor * grad[at]!;
      b.grad[i]! += factor * grad[at]!;
    }
  });
}

/** Columns 1 and 2, each element twice, under other shapes on the way. */
const cut = (a: Node): Node =>
  picked(
    a,
    [1, 2, 5, 6, 9, 10, 1, 2, 5, 6, 9, 10],
    reshape(gatherRows(reshape(columns(a.t, 1, 3), [6, 1]), Int32Array.of(0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5)), [
      ...SHAPE,
    ]),
  );

/** One more op on values that are there already. Few products, so that all numbers stay exact in f32. */
function grow(nodes: readonly Node[], rng: Rng, products: number): Node {
  const any = () => nodes[rng.integer(nodes.length)]!;
  switch (rng.integer(products < 3 ? 7 : 6)) {
    case 0:
      return sum(any(), any(), 1);
    case 1:
      return sum(any(), any(), -1);
    case 2:
      return scaled(any(), [-1, 2, 0.5][rng.integer(3)]!);
    case 3:
      return viewed(any());
    case 4:
      return cut(any());
    case 5:
      return halves(any(), any(), 1 + rng.integer(2));
    default:
      return times(any(), any());
  }
}

test("gradients of random computations are exact, whatever is shared, viewed and left unused", () => {
  const before = engine.liveBytes;
  for (let run = 0; run < 300; run++) {
    using _ = new Scope();
    const rng = seed(run);
    const whole = () => Array.from({ length: SIZE }, () => rng.integer(5) - 2);
    const values = [whole(), whole(), whole()];
    const parameters = values.map((v) => parameter(engine, v, [...SHAPE]));
    const [probe, last] = [whole(), rng.fork(1)];
    // Two passes over different computations: gradients add up in the parameters.
    const wanted = parameters.map(() => new Array<number>(SIZE).fill(0));
    for (let pass = 0; pass < 2; pass++) {
      const nodes = parameters.map((t, i) => node(t, values[i]!));
      const share = pass === 0 ? 1 : 0.25;
      backward(
        () => {
          let products = 0;
          for (let op = 0; op < 10; op++) {
            const next = grow(nodes, last, products);
            nodes.push(next);
            if (next.values.some((v) => Math.abs(v) > 64)) products = 3;
            else products++;
          }
          const result = nodes.at(-1)!;
          assert.equal(
            [...result.t.data],
            result.values.map((v) => v),
            `run ${run}`,
          );
          for (const [i, p] of probe.entries()) result.grad[i]! = share * p;
          return weighed(result.t, Float32Array.from(probe));
        },
        null,
        share,
      );
      for (const { pass: passOn } of [...nodes].reverse()) passOn();
      for (const [i, want] of wanted.entries()) for (const [j, d] of nodes[i]!.grad.entries()) want[j]! += d;
    }
    for (const [i, t] of parameters.entries()) {
      const got = t.grad ? [...t.grad.data] : new Array<number>(SIZE).fill(0);
      // -0 and 0 are one number here.
      assert.equal(
        got.map((d) => d + 0),
        wanted[i]!.map((d) => d + 0),
        `run ${run}, parameter ${i}`,
      );
    }
  }
  assert.is(engine.liveBytes, before);
});

test("without a tape nothing is recorded; tensors that need no gradient get none", () => {
  using _ = new Scope();
  const [x, w] = [tensor(engine, [1, 2], [1, 2]), matrix(engine, [3, 4], [1, 2])];
  w.traced = true;
  const frozen = tensor(engine, [5], [1]);
  const y = affine(x, w, frozen);
  assert.equal([y.item(), y.traced], [16, false]);
  const loss = backward(() => affine(x, w, frozen));
  assert.equal([loss.item(), loss.traced], [16, true]);
  assert.equal([...w.grad!.data], [1, 2]);
  assert.equal([x.grad, frozen.grad], [null, null]);
});

test("passes that cannot be run say why, and leave the tape closed", () => {
  using _ = new Scope();
  const w = parameter(engine, [1, 2], [2]);
  const one = parameter(engine, [3], [1]);
  assert.throws(() => backward(() => scale(w, 2)), /backward: the function must return one number, got shape \[2\]/);
  assert.throws(
    () => backward(() => tensor(engine, [1])),
    /the result depends on no parameter; is everything frozen\?/,
  );
  assert.throws(() => backward(() => backward(() => scale(one, 2))), /a tape is already open; passes cannot be nested/);
  assert.throws(
    () =>
      backward(() => {
        throw new Error("in the forward pass");
      }),
    /in the forward pass/,
  );
  backward(() => scale(one, 2));
  assert.equal([...one.grad!.data], [2]);
  assert.is(w.grad, null);
});

test("dropout is keyed by seed, step and site, and is open only in a pass that names them", () => {
  assert.is(nextDropout(), null);
  using _ = new Scope();
  const x = parameter(engine, wave(400), [400]);
  const pass = (randomness: { seed: number; step: number } | null): number[][] => {
    const seen: number[][] = [];
    backward(() => {
      const sites = [dropout(x, 0.5), dropout(x, 0.5)];
      for (const site of sites) seen.push([...site.data]);
      return weighed(add(sites[0]!, sites[1]!), wave(400, 2));
    }, randomness);
    return seen;
  };
  const [a, b] = pass({ seed: 1, step: 0 }) as [number[], number[]];
  assert.not.equal(a, b);
  assert.equal(pass({ seed: 1, step: 0 }), [a, b]);
  assert.not.equal(pass({ seed: 1, step: 1 })[0], a);
  assert.not.equal(pass({ seed: 2, step: 0 })[0], a);
  assert.equal(pass(null), [[...wave(400)], [...wave(400)]]);
});

test("the scope frees the tensors of a failed pass", () => {
  const before = engine.liveBytes;
  for (let i = 0; i < 3; i++) {
    {
      using _ = new Scope();
      const w = parameter(engine, wave(64), [8, 8]);
      assert.throws(() =>
        backward(() => {
          matmul(matmul(w, w), w);
          return matmul(w, parameter(engine, wave(9), [3, 3]));
        }),
      );
    }
    assert.is(engine.liveBytes, before);
  }
});

test.run();
