/** Samples of several languages in smoothed shares, and configurations of new models. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { boundaries, mixLanguages, type Sample } from "../../../sdk/data.js";
import { Engine, freshConfig, freshModel } from "../../../sdk/index.js";
import { FRESH_FAMILIES, familyOf } from "../../../sdk/tensor.js";
import { tokenizer } from "../../helpers/small-bert.js";

const test = suite("corpus");

/** Samples that say which language they are of. */
const numbered = (language: number, count: number): Sample[] =>
  Array.from({ length: count }, (_, i) => ({
    ids: Int32Array.of(language, i),
    segments: new Uint8Array(2),
    special: new Uint8Array(2),
    words: new Int32Array(2),
    labels: {},
  }));

test("languages are drawn with shares proportional to n^smoothing; a large one does not always restart", () => {
  const [large, small] = [numbered(0, 9000), numbered(1, 1000)];
  const shareOfSmall = (smoothing: number): number => {
    const samples = mixLanguages({ large: () => large, small: () => small }, { smoothing, seed: 1 })(0);
    assert.is(samples.length, 10_000);
    return samples.filter(({ ids }) => ids[0] === 1).length / samples.length;
  };
  // Of 10,000 draws the share has a standard deviation of at most 0.005.
  assert.ok(Math.abs(shareOfSmall(1) - 0.1) < 0.02);
  assert.ok(Math.abs(shareOfSmall(0) - 0.5) < 0.02);
  const expected = 1000 ** 0.3 / (1000 ** 0.3 + 9000 ** 0.3);
  assert.ok(Math.abs(shareOfSmall(0.3) - expected) < 0.02);
  const samples = mixLanguages({ large: () => large, small: () => small }, { smoothing: 0, seed: 1 });
  const drawn = (epoch: number) => samples(epoch).map(({ ids }) => `${ids[0]} ${ids[1]}`);
  assert.equal(drawn(3), drawn(3), "the same for the same epoch");
  assert.is.not(String(drawn(3)), String(drawn(4)));
  const seen = new Set([...drawn(0), ...drawn(1), ...drawn(2)].filter((name) => name.startsWith("0 ")));
  assert.ok(seen.size > 6500, `of 9,000 samples ${seen.size} were seen in three epochs`);
});

/** The pre-training tasks of each family. */
const TASKS = ["masked-lm", "causal-lm", "seq2seq-lm"] as const;

test("every family has a configuration for new models, which its own reader accepts", async () => {
  using engine = await Engine.create();
  const { cls, sep } = boundaries(tokenizer);
  const sizes = {
    vocabSize: tokenizer.size,
    numHiddenLayers: 2,
    hiddenSize: 32,
    numAttentionHeads: 2,
    maxPositionEmbeddings: 24,
    dropout: 0.1,
    special: { ...tokenizer.special, cls, sep },
  };
  for (const family of FRESH_FAMILIES) {
    const config = freshConfig(family, sizes);
    assert.is(familyOf(config).type, family);
    const task = TASKS.find((known) => known in familyOf(config).architectures)!;
    using made = freshModel(engine, config, task, 1);
    assert.is(made.model.hiddenSize, 32, family);
    // T5 and DeBERTa have no places to run out of.
    assert.ok(made.model.maxLength >= 24, `${family}: ${made.model.maxLength} places`);
    assert.ok([...made.weights.entries()].some(([, { shape }]) => shape[0] === tokenizer.size));
  }
  assert.throws(() => freshConfig("magic", sizes), /there are albert, bart, bert/);
  assert.throws(
    () => freshConfig("bert", { ...sizes, numAttentionHeads: 3 }),
    /hiddenSize 32 is not a multiple of numAttentionHeads 3/,
  );
});

test.run();
