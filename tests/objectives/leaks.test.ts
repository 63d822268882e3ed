/** Targets do not leak into the model's input: labels change no score, later tokens no earlier one. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Batch, type BatchLabels, collate, type Sample } from "../../sdk/data/sample.js";
import type { Engine } from "../../sdk/engine/engine.js";
import type { ModelTask } from "../../sdk/models/family/family.js";
import { denoising } from "../../sdk/objectives/bart-noise.js";
import { causalLm } from "../../sdk/objectives/causal-lm.js";
import { gapSentences } from "../../sdk/objectives/gap-sentences.js";
import { type LmHead, maskedLm } from "../../sdk/objectives/masked-lm.js";
import { mass } from "../../sdk/objectives/mass.js";
import { ngramMaskedLm } from "../../sdk/objectives/ngram-masking.js";
import { type Objective, single } from "../../sdk/objectives/objective.js";
import { replacedTokenDetection } from "../../sdk/objectives/replaced-token-detection.js";
import { type Decoder, sequenceToSequence } from "../../sdk/objectives/sequence-to-sequence.js";
import { spanCorruption } from "../../sdk/objectives/span-corruption.js";
import { spanMaskedLm } from "../../sdk/objectives/span-masking.js";
import { IGNORE } from "../../sdk/tensor/ops/loss.js";
import { seed } from "../../sdk/tensor/random.js";
import { Scope } from "../../sdk/tensor/scope.js";
import type { Tensor } from "../../sdk/tensor/tensor.js";
import { engines } from "../helpers/engines.js";
import { MASK, SEP, sequence, t5Tokenizer } from "../helpers/sequences.js";
import { SIZE, type TinyType, tinyModel } from "../helpers/tiny-models.js";

const test = suite("leaks");
const [engine] = engines as [Engine];
const tokenizer = { size: SIZE, special: { mask: MASK } };
const TEXTS = [
  [1, 2, 1, 3],
  [1, 1],
  [2, 1, 1, 2, 3],
].map((pieces, i) => sequence(pieces, 10 + 20 * i));

interface Learned {
  readonly type: TinyType;
  readonly purpose: ModelTask;
  // biome-ignore lint/suspicious/noExplicitAny: objectives of every purpose, each used with its own model
  readonly objective: Objective<any>;
}

const judged = (sample: Sample): Sample => ({ ...sample, labels: { tokens: sample.ids.map((_, i) => i % 2) } });
const masked: Omit<Learned, "objective"> = { type: "bert", purpose: "masked-lm" };
const rewrites: Omit<Learned, "objective"> = { type: "bart", purpose: "seq2seq-lm" };
const OBJECTIVES: Readonly<Record<string, Learned>> = {
  "masked-lm": { ...masked, objective: single(maskedLm({ tokenizer, maskingRate: 0.3 })) },
  "ngram-masked-lm": { ...masked, objective: single(ngramMaskedLm({ tokenizer, maskingRate: 0.3 })) },
  "span-masked-lm": { ...masked, objective: single(spanMaskedLm({ tokenizer, maskingRate: 0.3 })) },
  "replaced-token": {
    type: "electra",
    purpose: "replaced-token-detection",
    objective: { ...single(replacedTokenDetection()), corrupt: judged },
  },
  "causal-lm": { type: "gpt2", purpose: "causal-lm", objective: single(causalLm()) },
  mass: { ...rewrites, objective: mass({ tokenizer }) },
  "BART's noise": { ...rewrites, objective: sequenceToSequence("bart", denoising({ tokenizer, permuteSentences: 1 })) },
  "gap sentences": {
    ...rewrites,
    objective: sequenceToSequence("gap-sentences", gapSentences({ tokenizer, endsSentence: (id) => id % 3 === 0 })),
  },
  "span corruption": {
    type: "t5",
    purpose: "seq2seq-lm",
    objective: sequenceToSequence("t5", spanCorruption({ tokenizer: t5Tokenizer(SIZE - 1, SEP) })),
  },
};

/** Every label another one that the head has, at the same places. */
function otherLabels({ tokens, ...rest }: BatchLabels): BatchLabels {
  return {
    ...rest,
    ...(tokens && { tokens: tokens.map((label) => (label === IGNORE ? IGNORE : Number(label === 0))) }),
  };
}

/** The loss, and every score that it was made of. */
function lossOf({ model }: { readonly model: object }, objective: Learned["objective"], batch: Batch) {
  using _ = new Scope();
  const scores: number[][] = [];
  const heads = model as Record<"tokenScores" | "replacedScores", (...given: unknown[]) => Tensor>;
  const watched =
    (name: keyof typeof heads) =>
    (...given: unknown[]) => {
      const result = heads[name](...given);
      scores.push(Array.from(result.data));
      return result;
    };
  const spied = { ...model, tokenScores: watched("tokenScores"), replacedScores: watched("replacedScores") };
  const loss = objective.losses(spied, batch, objective.counts(batch))[0]!.item();
  return { loss, scores };
}

for (const [name, { type, purpose, objective }] of Object.entries(OBJECTIVES))
  test(`${name}: other labels give another loss, and not one other bit of a score`, () => {
    using loaded = tinyModel(engine, type, purpose, { deviation: 0.2 });
    const batch = collate(TEXTS.map((sample, i) => objective.corrupt(sample, seed(1).fork(0, i))));
    const { target } = batch;
    const other: Batch = {
      ...batch,
      labels: otherLabels(batch.labels),
      ...(target && { target: { ...target, labels: otherLabels(target.labels) } }),
    };
    const [before, after] = [lossOf(loaded, objective, batch), lossOf(loaded, objective, other)];
    assert.is(before.scores.length, 1);
    assert.equal(after.scores, before.scores);
    assert.is.not(after.loss, before.loss);
  });

/** The scores (tokens × vocabulary) at every token of a decoder's inputs. */
function scoresOf(model: LmHead & Partial<Decoder>, source: Batch, inputs: Batch): Float32Array {
  using _ = new Scope();
  const encoder = model as LmHead & { encode(batch: Batch): Tensor } & Partial<Decoder>;
  const states = encoder.decode
    ? encoder.decode(inputs, { hidden: encoder.encode(source), starts: source.starts })
    : encoder.encode(inputs);
  return model
    .tokenScores(
      states,
      Int32Array.from(inputs.ids, (__, i) => i),
    )
    .toArray();
}

for (const [type, purpose] of [
  ["gpt2", "causal-lm"],
  ["bart", "seq2seq-lm"],
  ["t5", "seq2seq-lm"],
] as const)
  test(`${type}: changing a token changes no score before it, and its own`, () => {
    using loaded = tinyModel(engine, type, purpose, { deviation: 0.2 });
    const source = collate(TEXTS.slice(0, 1));
    const inputs = collate(TEXTS.slice(2));
    const before = scoresOf(loaded.model, source, inputs);
    for (let place = 0; place < inputs.ids.length; place++) {
      const ids = inputs.ids.map((id, i) => (i === place ? id + 1 : id));
      const after = scoresOf(loaded.model, source, { ...inputs, ids });
      assert.equal(after.slice(0, place * SIZE), before.slice(0, place * SIZE));
      assert.not.equal(after.slice(place * SIZE, (place + 1) * SIZE), before.slice(place * SIZE, (place + 1) * SIZE));
    }
  });

test.run();
