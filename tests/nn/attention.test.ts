/** Grouped-query attention: heads of keys and values are repeated, and their gradients add up over the group. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "../../sdk/engine/engine.js";
import { repeatHeads } from "../../sdk/nn/attention.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { backward } from "../../sdk/tensor/tape.js";
import { reshape, tensor } from "../../sdk/tensor/tensor.js";
import { engines } from "../helpers/engines.js";
import { near } from "../helpers/near.js";
import { parameter, weighed } from "../helpers/training.js";
import { wave } from "../helpers/wave.js";

const test = suite("attention");
const [engine] = engines as [Engine];

test("each of two heads of two dimensions serves three query heads", () => {
  using _ = new Scope();
  const x = tensor(engine, [1, 2, 3, 4, 5, 6, 7, 8], [2, 4]);
  const repeated = repeatHeads(x, 2, 6);
  assert.equal(repeated.shape, [2, 12]);
  assert.equal([...repeated.data], [1, 2, 1, 2, 1, 2, 3, 4, 3, 4, 3, 4, 5, 6, 5, 6, 5, 6, 7, 8, 7, 8, 7, 8]);
  assert.is(repeatHeads(x, 2, 2), x);
});

test("the gradient of a head is the sum over its group", () => {
  using _ = new Scope();
  const [tokens, keyHeads, heads, dim] = [3, 2, 4, 5];
  const x = parameter(engine, wave(tokens * keyHeads * dim), [tokens, keyHeads * dim]);
  const probe = wave(tokens * heads * dim, 1);
  backward(() => weighed(reshape(repeatHeads(x, keyHeads, heads), [tokens * heads * dim]), probe));
  const want = Float64Array.from({ length: tokens * keyHeads * dim }, (__, i) => {
    const [row, d] = [Math.floor(i / dim), i % dim];
    return probe[2 * row * dim + d]! + probe[(2 * row + 1) * dim + d]!;
  });
  // A sum of two values below 1: half a unit in the last place.
  near(x.grad!.data, want, { atol: 2 ** -23 });
});

test.run();
