import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "../../sdk/engine/engine.js";
import { type AttentionOptions, attention } from "../../sdk/tensor/ops/attention.js";
import { matmul } from "../../sdk/tensor/ops/matmul.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { backward } from "../../sdk/tensor/tape.js";
import { reshape, type Shape, type Tensor, tensor } from "../../sdk/tensor/tensor.js";
import { engines } from "../helpers/engines.js";
import { near } from "../helpers/near.js";
import { wave } from "../helpers/wave.js";

const test = suite("attention");

/** A tensor that wants a gradient; owned by the open scope. */
function parameter(engine: Engine, values: ArrayLike<number>, shape: Shape): Tensor {
  const t = tensor(engine, values, shape);
  t.storage.traced = true;
  return t;
}

/** The sum of y * probe: a number that depends on every element of y. */
function weighed(y: Tensor, probe: Float32Array): Tensor {
  return matmul(reshape(y, [1, y.size]), tensor(y.engine, probe, [y.size, 1]));
}

interface Inputs {
  readonly query: ArrayLike<number>;
  readonly key: ArrayLike<number>;
  readonly value: ArrayLike<number>;
}

/**
 * The definition, in float64.
 *
 * @param kept factor of dropout for each probability, in their order: 0, or 1 / (1 - share)
 */
function definition({ query, key, value }: Inputs, width: number, options: AttentionOptions, kept?: ArrayLike<number>) {
  const { heads, starts, keyStarts = starts, causal = false, window = Number.POSITIVE_INFINITY } = options;
  const dim = width / heads;
  const scale = options.scale ?? 1 / Math.sqrt(dim);
  const out = new Float64Array(query.length);
  const probabilities: number[] = [];
  for (let row = 0; row + 1 < starts.length; row++) {
    const [q0, queries, k0, keys] = [
      starts[row]!,
      starts[row + 1]! - starts[row]!,
      keyStarts[row]!,
      keyStarts[row + 1]! - keyStarts[row]!,
    ];
    for (let head = 0; head < heads; head++) {
      for (let i = 0; i < queries; i++) {
        const place = i + keys - queries;
        const scores = Array.from({ length: keys }, (_, j) => {
          if ((causal && j > place) || Math.abs(j - place) > window) return Number.NEGATIVE_INFINITY;
          let sum = 0;
          for (let d = 0; d < dim; d++)
            sum += query[(q0 + i) * width + head * dim + d]! * key[(k0 + j) * width + head * dim + d]!;
          return sum * scale;
        });
        const largest = Math.max(...scores);
        const weights = scores.map((score) => Math.exp(score - largest));
        const total = weights.reduce((sum, weight) => sum + weight);
        for (let j = 0; j < keys; j++) {
          const p = weights[j]! / total;
          const left = p * (kept?.[probabilities.length] ?? 1);
          probabilities.push(p);
          for (let d = 0; d < dim; d++)
            out[(q0 + i) * width + head * dim + d]! += left * value[(k0 + j) * width + head * dim + d]!;
        }
      }
    }
  }
  return { out, probabilities };
}

/** Compare a gradient with central differences of `loss` in float64, at up to 60 elements spread over the tensor. */
function agreesWithDifferences(t: Tensor, inputs: Inputs, name: keyof Inputs, loss: (inputs: Inputs) => number): void {
  const step = 1e-5;
  const apart = Math.ceil(t.size / 60);
  const places = Array.from({ length: Math.floor(t.size / apart) }, (_, i) => i * apart + (i % apart));
  const want = places.map((place) => {
    const values = Float64Array.from(inputs[name]);
    const shifted = (to: number) => {
      values[place] = to;
      return loss({ ...inputs, [name]: values });
    };
    const now = values[place]!;
    return (shifted(now + step) - shifted(now - step)) / (2 * step);
  });
  const grad = t.grad!.toArray();
  // Up to 70 terms below 1, each off by a few units of 2^-24.
  near(
    places.map((place) => grad[place]!),
    want,
    { atol: 1e-5 },
    `the gradient of ${name}`,
  );
}

/** Sums of lengths: [3, 1] -> 0, 3, 4. */
function startsOf(lengths: readonly number[]): Int32Array {
  let sum = 0;
  return Int32Array.from([0, ...lengths.map((length) => (sum += length))]);
}

const ragged = startsOf([5, 1, 17, 9]);
const CASES: readonly (readonly [string, number, AttentionOptions])[] = [
  ...[1, 5, 7, 8, 16, 17].map((dim) => [`heads of ${dim}`, 2 * dim, { heads: 2, starts: ragged }] as const),
  ["an empty sequence", 8, { heads: 2, starts: startsOf([3, 0, 4]) }],
  ["causal", 12, { heads: 2, starts: startsOf([40, 3, 17]), causal: true }],
  ["windowed", 12, { heads: 2, starts: startsOf([70, 3]), window: 2 }],
  ["causal and windowed", 6, { heads: 1, starts: startsOf([67, 5]), window: 3, causal: true }],
  ["cross", 10, { heads: 2, starts: ragged, keyStarts: startsOf([3, 20, 2, 33]) }],
  ["causal behind a prefix", 8, { heads: 1, starts: startsOf([2, 35]), keyStarts: startsOf([20, 37]), causal: true }],
  ["a scale", 8, { heads: 1, starts: ragged, scale: 1.5 }],
];

for (const engine of engines) {
  for (const [name, width, options] of CASES) {
    test(`${engine.build}: ${name}: result, probabilities and gradients agree with the definition`, () => {
      using _ = new Scope();
      const queries = options.starts.at(-1)!;
      const keys = (options.keyStarts ?? options.starts).at(-1)!;
      const inputs = { query: wave(queries * width, 1), key: wave(keys * width, 2), value: wave(keys * width, 3) };
      const probe = wave(queries * width, 4);
      const q = parameter(engine, inputs.query, [queries, width]);
      const k = parameter(engine, inputs.key, [keys, width]);
      const v = parameter(engine, inputs.value, [keys, width]);
      const want = definition(inputs, width, options);
      let p: Tensor | null = null;
      const out = attention(q, k, v, { ...options, probabilities: (given) => (p = given) });
      // Scores are below 17 * 1.5 with an error of at most 20 units of 2^-24, so e^score is right to 3e-5 of itself at worst.
      near(out.data, want.out, { atol: 5e-6 }, "out");
      near(p!.data, want.probabilities, { atol: 2e-6 }, "probabilities");
      near(attention(q, k, v, options).data, out.toArray(), {}, "without keeping probabilities");
      backward(() => weighed(attention(q, k, v, options), probe));
      const loss = (changed: Inputs) =>
        definition(changed, width, options).out.reduce((sum, o, i) => sum + o * probe[i]!, 0);
      agreesWithDifferences(q, inputs, "query", loss);
      agreesWithDifferences(k, inputs, "key", loss);
      agreesWithDifferences(v, inputs, "value", loss);
      const once = [q, k, v].map((t) => t.grad!.toArray());
      backward(() => weighed(attention(q, k, v, options), probe));
      for (const [i, t] of [q, k, v].entries())
        near(
          t.grad!.data,
          once[i]!.map((g) => 2 * g),
          { atol: 1e-5 },
          "a second pass adds",
        );
    });
  }

  test(`${engine.build}: many keys: result agrees with the definition`, () => {
    using _ = new Scope();
    const [width, starts] = [64, startsOf([600, 33])];
    const [a, b, c] = [1, 2, 3].map((seed) => wave(633 * width, seed).map((value) => 3 * value));
    const [q, k, v] = [a!, b!, c!].map((values) => tensor(engine, values, [633, width]));
    const want = definition({ query: a!, key: b!, value: c! }, width, { heads: 2, starts });
    // Scores of 32 products of up to 9, divided by sqrt(32): errors below 34 * 50 * 2^-24 = 1e-4 of a probability; values to 3.
    near(attention(q!, k!, v!, { heads: 2, starts }).data, want.out, { atol: 1e-4 });
  });

  test(`${engine.build}: one tensor as query, key and value gets the sum of the three gradients`, () => {
    using _ = new Scope();
    const [tokens, width, options] = [90, 6, { heads: 2, starts: startsOf([80, 10]) }] as const;
    const x = parameter(engine, wave(tokens * width, 1), [tokens, width]);
    const parts = [0, 1, 2].map(() => parameter(engine, wave(tokens * width, 1), [tokens, width]));
    const probe = wave(tokens * width, 2);
    backward(() => weighed(attention(x, x, x, options), probe));
    backward(() => weighed(attention(parts[0]!, parts[1]!, parts[2]!, options), probe));
    const grads = parts.map((t) => t.grad!.toArray());
    near(
      x.grad!.data,
      grads[0]!.map((g, i) => g + grads[1]![i]! + grads[2]![i]!),
      { atol: 1e-6 },
    );
  });

  test(`${engine.build}: a sequence has the same bits whatever sequences are around it`, () => {
    using _ = new Scope();
    const [width, starts] = [20, startsOf([3, 37, 1, 64, 18])];
    const tokens = starts.at(-1)!;
    const [a, b, c] = [1, 2, 3].map((seed) => wave(tokens * width, seed));
    const run = (begin: number, end: number, within: Int32Array) => {
      const part = (values: Float32Array) =>
        tensor(engine, values.slice(begin * width, end * width), [end - begin, width]);
      return attention(part(a!), part(b!), part(c!), { heads: 4, starts: within }).toArray();
    };
    const all = run(0, tokens, starts);
    for (let row = 0; row + 1 < starts.length; row++) {
      const [begin, end] = [starts[row]!, starts[row + 1]!];
      const alone = run(begin, end, startsOf([end - begin]));
      assert.ok(
        alone.every((value, i) => Object.is(value, all[begin * width + i])),
        `sequence ${row}`,
      );
    }
  });

  test(`${engine.build}: probabilities that no f32 sum would notice are exact zeros`, () => {
    using _ = new Scope();
    const x = tensor(engine, [0, 39, 41, 200, 0], [5, 1]);
    const q = tensor(engine, [0, -1, 1, 0, 0], [5, 1]);
    let p: Tensor | null = null;
    attention(q, x, x, { heads: 1, starts: Int32Array.of(0, 5), probabilities: (given) => (p = given) });
    assert.equal(
      [...p!.data.slice(5, 10)].map((value) => value === 0),
      [false, false, true, true, false],
    );
    assert.equal([...p!.data.slice(10, 15)], [0, 0, 0, 1, 0]);
  });

  test(`${engine.build}: dropout zeros its share and scales the rest, and gradients flow through the rest alone`, () => {
    using _ = new Scope();
    const [heads, dim, share] = [2, 16, 0.3];
    const [width, starts] = [heads * dim, startsOf([16, 7, 12, 16])];
    const tokens = starts.at(-1)!;
    // With the unit matrix for v the result is the probabilities after dropout.
    const unit = Float32Array.from({ length: tokens * width }, (_, at) => {
      const token = Math.floor(at / width);
      const row = starts.findLastIndex((start) => start <= token);
      return Number(at % dim === token - starts[row]!);
    });
    const inputs = { query: wave(tokens * width, 1), key: wave(tokens * width, 2), value: unit };
    const [q, k] = [inputs.query, inputs.key].map((values) => parameter(engine, values, [tokens, width]));
    const v = parameter(engine, unit, [tokens, width]);
    const probe = wave(tokens * width, 4);
    const left: number[] = [];
    const randomness = { seed: 5, step: 9 };
    const pass = () => {
      const out = attention(q!, k!, v, { heads, starts, dropout: share });
      const values = out.toArray();
      for (let row = 0; row + 1 < starts.length; row++) {
        const [begin, end] = [starts[row]!, starts[row + 1]!];
        for (let head = 0; head < heads; head++)
          for (let i = begin; i < end; i++)
            for (let j = 0; j < end - begin; j++) left.push(values[i * width + head * dim + j]!);
      }
      return weighed(out, probe);
    };
    backward(pass, randomness);
    const { probabilities } = definition(inputs, width, { heads, starts });
    const kept = left.map((value) => (value === 0 ? 0 : 1 / (1 - share)));
    near(
      left,
      probabilities.map((p, i) => p * kept[i]!),
      { atol: 2e-6 },
      "what is left",
    );
    const taken = kept.filter((factor) => factor === 0).length / kept.length;
    // 1,410 draws: four standard deviations are 0.05.
    assert.ok(Math.abs(taken - share) < 0.05, `${taken} was taken, not ${share}`);
    const loss = (changed: Inputs) =>
      definition(changed, width, { heads, starts }, kept).out.reduce((sum, o, i) => sum + o * probe[i]!, 0);
    agreesWithDifferences(q!, inputs, "query", loss);
    agreesWithDifferences(k!, inputs, "key", loss);
    agreesWithDifferences(v, inputs, "value", loss);
    const first = left.splice(0);
    backward(pass, randomness);
    assert.equal(left.splice(0), first, "the same seed and step take the same");
    backward(pass, { seed: 5, step: 10 });
    assert.not.equal(left, first, "another step takes others");
  });

  test(`${engine.build}: memory is flat`, () => {
    const live: number[] = [];
    for (let step = 0; step < 4; step++) {
      {
        using _ = new Scope();
        const x = parameter(engine, wave(40 * 8, step), [40, 8]);
        backward(() => weighed(attention(x, x, x, { heads: 2, starts: startsOf([30, 10]) }), wave(320, 1)));
      }
      live.push(engine.liveBytes);
    }
    assert.equal(live, [0, 0, 0, 0]);
  });
}

test("parts that do not belong together throw an error that names them", () => {
  using _ = new Scope();
  const x = tensor(engines[0]!, wave(12), [3, 4]);
  const run = (options: Partial<AttentionOptions>) => () =>
    attention(x, x, x, { heads: 2, starts: Int32Array.of(0, 3), ...options });
  assert.throws(run({ heads: 3 }), /heads must divide the width 4, got 3/);
  assert.throws(run({ starts: Int32Array.of(0, 2) }), /starts must ascend from 0 to the 3 tokens, got \[0,2\]/);
  assert.throws(run({ keyStarts: Int32Array.of(0, 1, 3) }), /starts has 1 sequences, keyStarts has 2/);
  assert.throws(
    run({ starts: Int32Array.of(0, 1, 3), keyStarts: Int32Array.of(0, 0, 3) }),
    /sequence 0 has 1 queries and no key/,
  );
  assert.throws(run({ dropout: 1 }), /dropout must be a share/);
  assert.throws(
    () => attention(x, tensor(engines[0]!, wave(6), [3, 2]), x, { heads: 1, starts: Int32Array.of(0, 3) }),
    /key must be/,
  );
});

test.run();
