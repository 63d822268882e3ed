/**
 * Token embeddings that are the output's weights too: their gradient is the sum of the output's and
 * the body's contributions.
 */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { collate, type Sample } from "../../../sdk/data/sample.js";
import type { Engine } from "../../../sdk/engine/engine.js";
import type { Pretrained } from "../../../sdk/io/pretrained/pretrained.js";
import type { Model } from "../../../sdk/models/family/build.js";
import { crossEntropy } from "../../../sdk/tensor/ops/loss.js";
import { Scope } from "../../../sdk/tensor/scope.js";
import { backward } from "../../../sdk/tensor/tape.js";
import type { Tensor } from "../../../sdk/tensor/tensor.js";
import { engines } from "../../helpers/engines.js";
import { near } from "../../helpers/near.js";
import { type TinyType, tinyModel } from "../../helpers/tiny-models.js";
import { parameter, weighed } from "../../helpers/training.js";

const test = suite("tied embeddings");
const [engine] = engines as [Engine];
const WIDTH = 16;
const VOCABULARY = 40;

function sample(ids: readonly number[]): Sample {
  const none = new Uint8Array(ids.length);
  return { ids: Int32Array.from(ids), segments: none, special: none, words: Int32Array.from(ids), labels: {} };
}
const SOURCE = collate([sample([5, 6, 7, 8, 5]), sample([9, 10, 6])]);
const TARGET = collate([sample([2, 11, 5]), sample([2, 12, 13, 9])]);
/** Targets: ids that are inputs too, and others. */
const LABELS = Int32Array.of(6, 7, 20, 5, 21, 9, 2);
const PLACES = Int32Array.from(LABELS, (_, i) => i);

/** The source of the states that are scored: the encoder, or a decoder over it. */
function statesOf(model: Model<"masked-lm"> | Model<"seq2seq-lm">): Tensor {
  const hidden = model.encode(SOURCE);
  return "decode" in model ? model.decode(TARGET, { hidden, starts: SOURCE.starts }) : hidden;
}

/** The gradient of the table of token embeddings after a pass. */
function gradient({ weights }: Pretrained, name: string, pass: () => Tensor): Float32Array {
  const table = new Map(weights.entries()).get(name)!;
  using _ = new Scope();
  backward(pass);
  const values = table.grad!.toArray();
  for (const [, t] of weights.entries()) t.grad?.data.fill(0);
  return values;
}

const TABLES = {
  bert: "bert.embeddings.word_embeddings.weight",
  roberta: "roberta.embeddings.word_embeddings.weight",
  albert: "albert.embeddings.word_embeddings.weight",
  distilbert: "distilbert.embeddings.word_embeddings.weight",
  electra: "electra.embeddings.word_embeddings.weight",
  mpnet: "mpnet.embeddings.word_embeddings.weight",
  modernbert: "model.embeddings.tok_embeddings.weight",
  "deberta-v2": "deberta.embeddings.word_embeddings.weight",
  gpt2: "transformer.wte.weight",
  bart: "model.shared.weight",
  t5: "shared.weight",
} as const satisfies Record<TinyType, string>;

for (const [type, name] of Object.entries(TABLES) as [TinyType, string][])
  test(`${type}: the gradient is the sum of both`, () => {
    const purpose = type === "gpt2" ? "causal-lm" : type === "bart" || type === "t5" ? "seq2seq-lm" : "masked-lm";
    const sizes = { vocabulary: VOCABULARY, width: WIDTH, deviation: 0.2 };
    using loaded = tinyModel(engine, type, purpose, sizes);
    const model = loaded.model as Model<"masked-lm"> | Model<"seq2seq-lm">;
    const loss = (states: Tensor) => crossEntropy(model.tokenScores(states, PLACES), LABELS);
    const both = gradient(loaded, name, () => loss(statesOf(model)));
    using _ = new Scope();
    const { data, shape } = statesOf(model);
    // The same states as constants: parameters before them get no gradient.
    const states = parameter(engine, data, shape);
    const output = gradient(loaded, name, () => loss(states));
    const through = gradient(loaded, name, () => weighed(statesOf(model), states.grad!.toArray()));
    const largest = (values: Float32Array) => Math.max(...values.map(Math.abs));
    assert.ok(largest(output) > 1e-3 && largest(through) > 1e-3, `${largest(output)}, ${largest(through)}`);
    // The same numbers on the same way, added up in another order: a few units of 2^-24 of the largest.
    const unit = 2 ** -24 * (largest(output) + largest(through));
    near(
      both,
      output.map((g, i) => g + through[i]!),
      { atol: 8 * unit },
    );
  });

test.run();
