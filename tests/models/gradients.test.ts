import { suite } from "uvu";
import * as assert from "uvu/assert";
import { collate, labelled, type Sample } from "../../sdk/data/sample.js";
import { LabelSet } from "../../sdk/heads/labels.js";
import { classification, regression } from "../../sdk/heads/pooled.js";
import { spanObjective } from "../../sdk/heads/span.js";
import { tagging } from "../../sdk/heads/tagging.js";
import type { Pretrained } from "../../sdk/io/pretrained/pretrained.js";
import type { ModelTask } from "../../sdk/models/family/family.js";
import { maskedLm } from "../../sdk/objectives/masked-lm.js";
import { nextSentencePrediction } from "../../sdk/objectives/next-sentence-prediction.js";
import { combine, type Objective, single } from "../../sdk/objectives/objective.js";
import { add } from "../../sdk/tensor/ops/elementwise.js";
import { seed } from "../../sdk/tensor/random.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { backward } from "../../sdk/tensor/tape.js";
import { engines } from "../helpers/engines.js";
import { cost, Reference, type Rows } from "../helpers/reference-model.js";
import { samples, smallBert, tokenizer } from "../helpers/small-bert.js";
import { wave } from "../helpers/wave.js";

const test = suite("gradients of whole models");

const UNIT = 2 ** -24;
const objectives = {
  mlm: maskedLm({ tokenizer }),
  pair: nextSentencePrediction(),
};

/** Four sequences with labels of every kind. */
const SAMPLES: Sample[] = samples().map((sample, i) => {
  const masked = objectives.mlm.corrupt(sample, seed(1).fork(i));
  return {
    ...masked,
    segments: sample.segments.map((_, t) => (t > 4 ? 1 : 0)),
    labels: { tokens: masked.labels.tokens!, pair: i % 2, row: i % 3, value: i / 3 - 0.5, span: [1, 2 + (i % 2)] },
  };
});

/** The loss of every sample's targets, summed, in double precision; `head` scores from its hidden states. */
type Definition = (r: Reference, x: Rows, sample: Sample) => number;

const tokenLoss: Definition = (r, x, { labels }) => {
  const index = [...labelled(labels.tokens!)];
  return r.tokenScores(x, index).reduce((sum, scores, i) => sum + cost(scores, labels.tokens![index[i]!]!), 0);
};
const pairLoss: Definition = (r, x, { labels }) => cost(r.linear(r.pool(x), "cls.seq_relationship")[0]!, labels.pair!);
const tagLoss: Definition = (r, x, { labels }) => {
  const scores = r.linear(x, "classifier");
  return [...labelled(labels.tokens!)].reduce((sum, t) => sum + cost(scores[t]!, labels.tokens![t]!), 0);
};
const spanLoss: Definition = (r, x, { labels }) => {
  const scores = r.linear(x, "qa_outputs");
  return [0, 1].reduce(
    (sum, c) =>
      sum +
      cost(
        scores.map((row) => row[c]!),
        labels.span![c]!,
      ) /
        2,
    0,
  );
};

interface Case {
  readonly purpose: ModelTask;
  // biome-ignore lint/suspicious/noExplicitAny: objectives of every purpose, each used with its own model
  readonly objective: Objective<any>;
  readonly parts: readonly Definition[];
  readonly classes?: number;
}

const cases: Readonly<Record<string, Case>> = {
  "masked tokens": { purpose: "masked-lm", objective: single(objectives.mlm), parts: [tokenLoss] },
  pairs: { purpose: "next-sentence-prediction", objective: single(objectives.pair), parts: [pairLoss] },
  "pre-training": {
    purpose: "pretraining",
    objective: combine(objectives.mlm, objectives.pair),
    parts: [tokenLoss, pairLoss],
  },
  classes: {
    purpose: "sequence-classification",
    objective: single(classification()),
    parts: [(r, x, { labels }) => cost(r.linear(r.pool(x), "classifier")[0]!, labels.row!)],
    classes: 3,
  },
  scores: {
    purpose: "sequence-classification",
    objective: single(regression()),
    parts: [(r, x, { labels }) => (r.linear(r.pool(x), "classifier")[0]![0]! - labels.value!) ** 2],
    classes: 1,
  },
  tags: { purpose: "token-classification", objective: single(tagging()), parts: [tagLoss], classes: tokenizer.size },
  answers: { purpose: "question-answering", objective: single(spanObjective()), parts: [spanLoss] },
};

/** Losses of all parts and parameters of a model on SAMPLES, in double precision. */
function lossOf({ weights }: Pretrained<ModelTask>, parts: readonly Definition[], counts: readonly number[]) {
  const parameters = new Map([...weights.entries()].map(([name, t]) => [name, Float64Array.from(t.toArray())]));
  const reference = new Reference(parameters, { layers: 2, heads: 2, eps: 1e-12 });
  const loss = () =>
    SAMPLES.reduce((sum, sample) => {
      const x = reference.encode(sample);
      return sum + parts.reduce((total, part, i) => total + part(reference, x, sample) / counts[i]!, 0);
    }, 0);
  return { parameters, loss };
}

for (const engine of engines) {
  for (const [name, { purpose, objective, parts, classes }] of Object.entries(cases)) {
    test(`${engine.build}: ${name}: the loss and the gradient of every parameter agree with the definition`, async () => {
      const labels = classes ? new LabelSet(Array.from({ length: classes }, (_, i) => `${i}`)) : null;
      // Weights as large as trained ones, so that every part of the model matters.
      using loaded = await smallBert(engine, purpose, labels, { initializer_range: 0.25 });
      using _ = new Scope();
      const batch = collate(SAMPLES);
      const counts = objective.counts(batch);
      const got = backward(() => objective.losses(loaded.model, batch, counts).reduce(add)).item();
      const { parameters, loss } = lossOf(loaded, parts, counts);
      const want = loss();
      // Some 40 ops one after the other, each a sum of at most 64 terms: off by up to 11 units of its terms.
      const relative = 40 * 11 * UNIT;
      assert.ok(Math.abs(got - want) <= relative * want, `loss ${got}, expected ${want}`);

      const norms = [...loaded.weights.entries()].map(([, t]) => Math.hypot(...(t.grad?.data ?? [])));
      const largest = Math.max(...norms);
      for (const [i, [parameter, t]] of [...loaded.weights.entries()].entries()) {
        // The change along a direction in which every element takes part.
        const direction = wave(t.size, i);
        const length = Math.hypot(...direction);
        const values = parameters.get(parameter)!;
        const moved = (step: number) => {
          for (const [k, d] of direction.entries()) values[k]! += (step * d) / length;
          const result = loss();
          for (const [k, d] of direction.entries()) values[k]! -= (step * d) / length;
          return result;
        };
        const numeric = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        const slope = direction.reduce((sum, d, k) => sum + (d / length) * (t.grad?.data[k] ?? 0), 0);
        // Gradients that are small by cancellation (a key's bias has no effect at all) are as exact as their terms.
        const bound = relative * (norms[i]! + 0.01 * largest) + 1e-9;
        assert.ok(Math.abs(slope - numeric) <= bound, `${parameter}: ${slope}, expected ${numeric}, bound ${bound}`);
      }
    });
  }
}

test.run();
