/**
 * Every head of every family: its loss and the gradients of its parameters and of the hidden states that it
 * reads, against central differences of its definition in double precision.
 */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Batch, collate, type Sample } from "../../sdk/data/sample.js";
import type { Engine } from "../../sdk/engine/engine.js";
import { LabelSet } from "../../sdk/heads/labels.js";
import { classification, regression } from "../../sdk/heads/pooled.js";
import { spanObjective } from "../../sdk/heads/span.js";
import { spanBoundaryHead } from "../../sdk/heads/span-boundary.js";
import { tagging } from "../../sdk/heads/tagging.js";
import type { ModelTask } from "../../sdk/models/family/family.js";
import { normal } from "../../sdk/nn/init.js";
import { Weights } from "../../sdk/nn/weights.js";
import { causalLm } from "../../sdk/objectives/causal-lm.js";
import { tokenTargets } from "../../sdk/objectives/masked-lm.js";
import { nextSentencePrediction } from "../../sdk/objectives/next-sentence-prediction.js";
import type { HeadObjective } from "../../sdk/objectives/objective.js";
import { replacedTokenDetection } from "../../sdk/objectives/replaced-token-detection.js";
import { edgesOf, spanBoundary } from "../../sdk/objectives/span-masking.js";
import { IGNORE } from "../../sdk/tensor/ops/loss.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { backward } from "../../sdk/tensor/tape.js";
import { engines } from "../helpers/engines.js";
import * as d from "../helpers/head-definitions.js";
import { near } from "../helpers/near.js";
import { disturb } from "../helpers/parameters.js";
import { cost } from "../helpers/reference-model.js";
import { type TinyType, tinyModel } from "../helpers/tiny-models.js";
import { numericGradient, parameter } from "../helpers/training.js";
import { wave } from "../helpers/wave.js";

const test = suite("gradients of heads");
const WIDTH = 8;
const VOCABULARY = 32;
const CLASSES = new LabelSet(["a", "b", "c"]);
const ONE = new LabelSet(["score"]);

/** Three sequences, with labels of every kind; every other token has one, a number below 2 that any head has as a class. */
const SAMPLES: readonly Sample[] = [5, 3, 4].map((length, row) => {
  const ids = Int32Array.from({ length }, (_, i) => 10 + 7 * row + i);
  return {
    ids,
    segments: new Uint8Array(length),
    special: new Uint8Array(length),
    words: ids.map((_, i) => i),
    labels: {
      tokens: ids.map((_, i) => (i % 2 ? i >> 1 : IGNORE)),
      pair: row % 2,
      row,
      value: row / 2 - 0.3,
      span: [row % 2, length - 1],
    },
  };
});
const PLAIN = collate(SAMPLES);
/** All tokens have a label. */
const JUDGED = collate(
  SAMPLES.map((sample) => ({ ...sample, labels: { tokens: sample.ids.map((_, i) => Number(i % 3 === 0)) } })),
);

interface Head {
  readonly type: TinyType;
  readonly purpose: ModelTask;
  // biome-ignore lint/suspicious/noExplicitAny: objectives of every purpose, each used with its own head
  readonly objective: HeadObjective<any>;
  readonly scores: d.Step;
  readonly cost: d.Cost;
  readonly labels?: LabelSet;
  readonly batch?: Batch;
  readonly extra?: object;
  /** a bias that every score of a softmax shares: nothing depends on it */
  readonly unfelt?: string;
}

const tied = (word: string, bias?: string): d.Step => d.product(`${word}.weight`, bias);
const masked = (type: TinyType, ...steps: d.Step[]): Head => ({
  type,
  purpose: "masked-lm",
  objective: { name: "masked-lm", corrupt: (sample) => sample, ...tokenTargets("masked-lm") },
  scores: d.chain(...steps),
  cost: d.tokenCost,
});
const written = (type: TinyType, purpose: ModelTask, ...steps: d.Step[]): Head => ({
  ...masked(type, ...steps),
  purpose,
  objective: causalLm(),
});
const rows = (type: TinyType, ...steps: d.Step[]): Head => ({
  type,
  purpose: "sequence-classification",
  objective: classification(),
  scores: d.chain(...steps),
  cost: d.rowCost,
  labels: CLASSES,
});
const pairs = (type: TinyType, ...steps: d.Step[]): Head => ({
  type,
  purpose: "next-sentence-prediction",
  objective: nextSentencePrediction(),
  scores: d.chain(d.first, ...steps),
  cost: d.pairCost,
});
const tags = (type: TinyType, ...steps: d.Step[]): Head => ({
  type,
  purpose: "token-classification",
  objective: tagging(),
  scores: d.chain(...steps),
  cost: d.tokenCost,
  labels: CLASSES,
});
const spans = (type: TinyType, last: string, ...before: d.Step[]): Head => ({
  type,
  purpose: "question-answering",
  objective: spanObjective(),
  scores: d.chain(...before, d.linear(last)),
  cost: d.spanCost,
  unfelt: `${last}.bias`,
});

const robertaRows = (type: TinyType): Head =>
  rows(type, d.first, d.linear("classifier.dense"), d.tanh, d.linear("classifier.out_proj"));
const robertaMask = (type: TinyType): Head =>
  masked(
    type,
    d.linear("lm_head.dense"),
    d.gelu,
    d.norm("lm_head.layer_norm", 1e-5),
    tied(`${type}.embeddings.word_embeddings`, "lm_head.bias"),
  );
const modernHead: readonly d.Step[] = [d.product("head.dense.weight"), d.gelu, d.norm("head.norm", 1e-5, false)];
const bertPool = [d.linear("bert.pooler.dense"), d.tanh];

/** The definition of each head: one step after the other. */
const HEADS: Readonly<Record<string, Head>> = {
  "bert, masked tokens": masked(
    "bert",
    d.linear("cls.predictions.transform.dense"),
    d.gelu,
    d.norm("cls.predictions.transform.LayerNorm", 1e-12),
    tied("bert.embeddings.word_embeddings", "cls.predictions.bias"),
  ),
  "roberta, masked tokens": robertaMask("roberta"),
  "mpnet, masked tokens": robertaMask("mpnet"),
  "albert, masked tokens": masked(
    "albert",
    d.linear("predictions.dense"),
    d.geluTanh,
    d.norm("predictions.LayerNorm", 1e-12),
    tied("albert.embeddings.word_embeddings", "predictions.bias"),
  ),
  "distilbert, masked tokens": masked(
    "distilbert",
    d.linear("vocab_transform"),
    d.gelu,
    d.norm("vocab_layer_norm", 1e-12),
    tied("distilbert.embeddings.word_embeddings", "vocab_projector.bias"),
  ),
  "electra, the generator's tokens": masked(
    "electra",
    d.linear("generator_predictions.dense"),
    d.gelu,
    d.norm("generator_predictions.LayerNorm", 1e-12),
    tied("electra.embeddings.word_embeddings", "generator_lm_head.bias"),
  ),
  "modernbert, masked tokens": masked(
    "modernbert",
    ...modernHead,
    tied("model.embeddings.tok_embeddings", "decoder.bias"),
  ),
  "deberta-v2, masked tokens": masked(
    "deberta-v2",
    d.linear("cls.predictions.transform.dense"),
    d.gelu,
    d.norm("cls.predictions.transform.LayerNorm", 1e-7),
    tied("deberta.embeddings.word_embeddings", "cls.predictions.bias"),
  ),
  "gpt2, next token": written("gpt2", "causal-lm", tied("transformer.wte")),
  "bart, next token of the target": written("bart", "seq2seq-lm", tied("model.shared", "final_logits_bias")),
  "t5, next token of the target": written("t5", "seq2seq-lm", d.scaled(WIDTH ** -0.5), tied("shared")),
  "bert, pairs": pairs("bert", ...bertPool, d.linear("cls.seq_relationship")),
  "albert, pairs": pairs("albert", d.linear("albert.pooler"), d.tanh, d.linear("sop_classifier.classifier")),
  "electra, replaced tokens": {
    type: "electra",
    purpose: "replaced-token-detection",
    objective: replacedTokenDetection(),
    scores: d.chain(
      d.linear("discriminator_predictions.dense"),
      d.gelu,
      d.linear("discriminator_predictions.dense_prediction"),
    ),
    cost: d.detectCost,
    batch: JUDGED,
  },
  "bert, classes": rows("bert", d.first, ...bertPool, d.linear("classifier")),
  "bert, a score": {
    ...rows("bert", d.first, ...bertPool, d.linear("classifier")),
    objective: regression(),
    cost: d.valueCost,
    labels: ONE,
  },
  "albert, classes": rows("albert", d.first, d.linear("albert.pooler"), d.tanh, d.linear("classifier")),
  "roberta, classes": robertaRows("roberta"),
  "mpnet, classes": robertaRows("mpnet"),
  "distilbert, classes": rows("distilbert", d.first, d.linear("pre_classifier"), d.relu, d.linear("classifier")),
  "electra, classes": rows("electra", d.first, d.linear("classifier.dense"), d.gelu, d.linear("classifier.out_proj")),
  "modernbert, classes by the first token": rows("modernbert", d.first, ...modernHead, d.linear("classifier")),
  "modernbert, classes by the mean": {
    ...rows("modernbert", d.mean, ...modernHead, d.linear("classifier")),
    extra: { classifier_pooling: "mean" },
  },
  "deberta-v2, classes": rows("deberta-v2", d.first, d.linear("pooler.dense"), d.gelu, d.linear("classifier")),
  "gpt2, classes": rows("gpt2", d.last, d.product("score.weight")),
  "bert, tags": tags("bert", d.linear("classifier")),
  "distilbert, tags": tags("distilbert", d.linear("classifier")),
  "modernbert, tags": tags("modernbert", ...modernHead, d.linear("classifier")),
  "gpt2, tags": tags("gpt2", d.linear("classifier")),
  "bert, answers": spans("bert", "qa_outputs"),
  "distilbert, answers": spans("distilbert", "qa_outputs"),
  "modernbert, answers": spans("modernbert", "classifier", ...modernHead),
};

const rowsOf = (x: ArrayLike<number>): d.Row[] =>
  Array.from({ length: x.length / WIDTH }, (_, t) => Array.from(x).slice(t * WIDTH, (t + 1) * WIDTH));

/**
 * A head is at most 5 ops forward and 5 backward, each a sum of at most 32 products whose roundings add up to some √32 =
 * 6 units of 2⁻²⁴ of the largest: 4e-6 of a gradient's largest element. Differences with a step of 1e-5 in double
 * precision are off by some 1e-10.
 */
const SHARE = 10 * 6 * 2 ** -24;

interface Comparison {
  readonly weights: Weights;
  readonly objective: HeadObjective<never>;
  readonly model: never;
  readonly batch: Batch;
  /** the loss by definition */
  readonly loss: (parameters: d.Parameters, hidden: readonly d.Row[]) => number;
  readonly unfelt?: string | undefined;
}

function expectGradient(what: string, got: ArrayLike<number>, want: Float64Array, unfelt = false): void {
  const largest = Math.max(...want.map(Math.abs));
  assert.is(largest < 1e-3, unfelt, `${what}: gradients up to ${largest}`);
  // What adds up to 0 is as exact as its terms, which are shares of 1.
  near(got, want, { atol: SHARE * (unfelt ? 1 : largest) + 1e-9 }, what);
}

function compare(engine: Engine, { weights, objective, model, batch, loss, unfelt }: Comparison): void {
  using _ = new Scope();
  const x = wave(batch.ids.length * WIDTH, 99).map((v) => 2 * v);
  const hidden = parameter(engine, x, [batch.ids.length, WIDTH]);
  const got = backward(() => objective.loss(model, hidden, batch, objective.count(batch))).item();
  const parameters = new Map([...weights.entries()].map(([name, t]) => [name, Float64Array.from(t.toArray())]));
  const read = new Set<string>();
  const watched: d.Parameters = {
    get(name) {
      read.add(name);
      return parameters.get(name);
    },
  };
  near([got], [loss(watched, rowsOf(x))], { rtol: SHARE }, "loss");

  const numeric = numericGradient((moved) => loss(parameters, rowsOf(moved)), x);
  expectGradient("hidden states", hidden.grad!.data, numeric);
  for (const [name, t] of weights.entries()) {
    // Parameters get a gradient exactly if the definition reads them and they are not frozen.
    assert.is(t.grad !== null, read.has(name) && t.traced, name);
    if (t.grad === null) continue;
    const own = (moved: ArrayLike<number>) =>
      loss(new Map<string, ArrayLike<number>>(parameters).set(name, moved), rowsOf(x));
    expectGradient(name, t.grad.data, numericGradient(own, parameters.get(name)!), name === unfelt);
  }
}

for (const engine of engines) {
  for (const [name, { type, purpose, labels = null, extra = {}, unfelt, ...head }] of Object.entries(HEADS))
    test(`${engine.build}: ${name}`, () => {
      using loaded = tinyModel(engine, type, purpose, { labels, extra, width: WIDTH, vocabulary: VOCABULARY });
      disturb(loaded.weights, 0.3);
      const { batch = PLAIN, objective } = head;
      const loss = (parameters: d.Parameters, hidden: readonly d.Row[]) =>
        head.cost(head.scores(parameters, hidden, batch), batch) / objective.count(batch);
      compare(engine, { weights: loaded.weights, objective, model: loaded.model as never, batch, loss, unfelt });
    });

  test(`${engine.build}: span-boundary, from both edges and the place in the span`, () => {
    using weights = new Weights(engine, { seed: 1 });
    const table = weights.table("words.weight", [VOCABULARY, WIDTH], normal(0.02));
    const model = spanBoundaryHead(
      weights,
      { hiddenSize: WIDTH, vocabSize: VOCABULARY, placeWidth: 3, places: 3 },
      table,
    );
    disturb(weights, 0.3);
    // Spans of one to four tokens, the fourth beyond the places; one at the edge, which has no neighbor on its left.
    const spans = [[1, 3], [2, 6], [0, 2], [4, 5]]; // biome-ignore format: a list
    const batch = collate(
      spans.map(([begin, end], row) => {
        const sample = { ...SAMPLES[0]!, ids: Int32Array.from({ length: 7 }, (_, i) => 2 + 7 * row + i) };
        const tokens = sample.ids.map((id, i) => (i >= begin! && i < end! ? id : IGNORE));
        return { ...sample, segments: new Uint8Array(7), labels: { tokens } };
      }),
    );
    const objective = spanBoundary({ tokenizer: { special: { cls: -1, sep: -2 } } });
    const loss = (parameters: d.Parameters, hidden: readonly d.Row[]) =>
      boundaryCost(parameters, hidden, batch, model.places) / objective.count(batch);
    compare(engine, { weights, objective, model: model as never, batch, loss });
  });
}

/** Joshi et al. 2020, equations 2 to 4, of every token of a span that has a place; W is stored as three parts. */
function boundaryCost(parameters: d.Parameters, hidden: readonly d.Row[], batch: Batch, places: number): number {
  const part = (name: string, x: d.Row): d.Row =>
    d.product(`mlp_layer_norm.${name}.weight`)(parameters, [x], batch)[0]!;
  const bias = parameters.get("mlp_layer_norm.left.bias")!;
  const table = parameters.get("position_embeddings.weight")!;
  const width = table.length / places;
  const { index, left, right, place } = edgesOf(batch, new Set(), places);
  assert.equal([...index], [1, 2, 9, 10, 11, 25]);
  const sums = Array.from(index, (_, i) => {
    const own = Array.from(table).slice(place[i]! * width, (place[i]! + 1) * width);
    const parts = [part("left", hidden[left[i]!]!), part("right", hidden[right[i]!]!), part("place", own)];
    return parts[0]!.map((v, o) => v + parts[1]![o]! + parts[2]![o]! + bias[o]!);
  });
  const scores = d.chain(
    d.gelu,
    d.norm("mlp_layer_norm.layer_norm1", 1e-5),
    d.linear("mlp_layer_norm.linear2"),
    d.gelu,
    d.norm("mlp_layer_norm.layer_norm2", 1e-5),
    d.product("words.weight", "bias"),
  )(parameters, sums, batch);
  return scores.reduce((sum, row, i) => sum + cost(row, batch.labels.tokens![index[i]!]!), 0);
}

test.run();
