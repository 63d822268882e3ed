/** featureExtraction against sentence-transformers: every way of pooling, prompts, and folders that say so themselves. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../sdk/engine/engine.js";
import type { PoolingMode } from "../../sdk/heads/pooling.js";
import { featureExtraction } from "../../sdk/pipelines/feature-extraction.js";
import { near } from "../helpers/near.js";
import { BOUND, LENGTH, type ReferenceModel, reference, referenceFolder } from "../helpers/reference-folder.js";
import { refused } from "../helpers/refused.js";

interface Embedded {
  readonly pooling: string;
  readonly normalize: boolean;
  readonly vectors: readonly (readonly number[])[];
  /** with the prompt "who " */
  readonly prompted?: readonly (readonly number[])[];
}

interface InContext {
  readonly text?: string;
  /** the word of each token, null for special ones */
  readonly words: readonly (number | null)[];
  /** hidden states by layer, then by token; the embeddings first */
  readonly hidden: readonly (readonly (readonly number[])[])[];
}

const test = suite("featureExtraction");
const engine = await Engine.create();
const {
  texts,
  embeddings,
  in_context: inContext,
  ...model
} = reference<
  ReferenceModel & { texts: readonly string[]; embeddings: readonly Embedded[]; in_context: readonly InContext[] }
>("feature-extraction");
const files = referenceFolder(model);
const embed = await featureExtraction(files, { engine });

/** The reference's names of ways of pooling, and ours. */
const MODES: Readonly<Record<string, PoolingMode>> = {
  mean: "mean",
  cls: "cls",
  max: "max",
  lasttoken: "last",
  weightedmean: "weighted",
  mean_sqrt_len_tokens: "mean-sqrt",
};

/** The files that make the folder one of sentence-transformers. */
const sentenceFiles = (mode: string, normalize: boolean, prompts: object = {}) => ({
  "modules.json": [
    { idx: 0, name: "0", path: "", type: "sentence_transformers.models.Transformer" },
    { idx: 1, name: "1", path: "1_Pooling", type: "sentence_transformers.models.Pooling" },
    ...(normalize ? [{ idx: 2, name: "2", path: "2_Normalize", type: "sentence_transformers.models.Normalize" }] : []),
  ],
  "1_Pooling/config.json": { embedding_dimension: 16, pooling_mode: mode, include_prompt: true },
  "config_sentence_transformers.json": prompts,
});

for (const { pooling, normalize, vectors, prompted } of embeddings)
  test(`${pooling}, ${normalize ? "normalized" : "as it is"}: at the call, at opening, and as the folder says`, async () => {
    const asked = { pooling: MODES[pooling]!, normalize };
    const found = embed(texts, asked);
    for (const [i, want] of vectors.entries()) near(found[i]!, want, BOUND, texts[i]);
    assert.equal(embed(texts[0]!, asked), found[0]);
    using opened = await featureExtraction(files, { engine, ...asked });
    assert.equal(opened(texts), found);
    const folder = referenceFolder(model, "wordpiece", sentenceFiles(pooling, normalize));
    using said = await featureExtraction(folder, { engine });
    assert.equal(said(texts), found);
    if (!prompted) return;
    const withPrefix = embed(texts, { ...asked, prefix: "who " });
    for (const [i, want] of prompted.entries()) near(withPrefix[i]!, want, BOUND, texts[i]);
    const prompts = { prompts: { query: "who ", passage: "it " } };
    using named = await featureExtraction(
      referenceFolder(model, "wordpiece", sentenceFiles(pooling, normalize, prompts)),
      { engine, prompt: "query" },
    );
    assert.equal(named(texts), withPrefix);
    assert.not.equal(named(texts, { prompt: "passage" }), withPrefix);
    await refused(() => named("a", { prompt: "title" }), /there is no prompt "title"; there are query, passage/);
  });

test("other layers: means of the hidden states that PyTorch gives, alone and joined", () => {
  const [{ text, hidden }] = inContext as [Required<InContext>];
  const mean = (rows: readonly (readonly number[])[]): number[] =>
    rows[0]!.map((_, d) => rows.reduce((sum, row) => sum + row[d]!, 0) / rows.length);
  const layer = (n: number): number[] => mean(hidden.at(n)!);
  const [first, second] = [layer(1), layer(2)];
  near(embed(text, { layers: [0] }), layer(0), BOUND);
  near(embed(text, { layers: [-1] }), second, BOUND);
  near(
    embed(text, { layers: [1, 2] }),
    first.map((x, d) => (x + second[d]!) / 2),
    BOUND,
  );
  near(
    embed(text, { layers: [1, 2], join: "sum" }),
    first.map((x, d) => x + second[d]!),
    BOUND,
  );
  near(embed(text, { layers: [1, 2], join: "concat" }), [...first, ...second], BOUND);
  // Without [CLS] and [SEP].
  near(embed(text, { special: false }), mean(hidden.at(-1)!.slice(1, -1)), BOUND);
});

test("texts longer than length are truncated", () => {
  const long = "the dog ran ".repeat(LENGTH);
  assert.equal(embed(long, { length: 8 }), embed("the dog ran the dog ran"));
  assert.equal(embed(long), embed(long.slice(0, 4 * LENGTH * 3)));
  assert.equal(embed([]), []);
});

test("anything but a text, and options of another type, throw an error that names them", async () => {
  for (const [bad, got] of [
    [5, "5"],
    [null, "null"],
    [undefined, "undefined"],
    [true, "true"],
    [{ text: "a" }, "an object with text"],
    [() => "a", "a function"],
  ] as const)
    await refused(() => embed(bad as never), new RegExp(`featureExtraction: the input must be a string, got ${got}`));
  await refused(() => embed(["a", 5] as never), /featureExtraction: input 1 must be a string, got 5/);
  await refused(() => embed([undefined] as never), /input 0 must be a string, got undefined/);
  // biome-ignore lint/suspicious/noSparseArray: the hole is under test
  await refused(() => embed(["a", , "b"] as never), /input 1 must be a string, got undefined/);
  await refused(() => embed([["a"]] as never), /input 0 must be a string, got \["a"\]/);
  const options: readonly (readonly [object, RegExp])[] = [
    [{ quantized: true }, /unknown option "quantized": weights in 8 bits are dtype: "q8"/],
    [{ lenght: 8 }, /unknown option "lenght"; did you mean "length"\?/],
    [{ normalise: true }, /unknown option "normalise": normalize/],
    [{ pooling: { mode: "cls" } }, /pooling must be one of "mean", "cls", .*got an object with mode/],
    [{ pooling: "none" }, /pooling must be one of .*got "none"/],
    [{ normalize: "yes" }, /normalize must be true or false, got "yes"/],
    [{ length: 0 }, /length must be a whole number of at least 1, got 0/],
    [{ length: Number.NaN }, /length must be .* got NaN/],
    [{ length: LENGTH + 1 }, /length 33 is more than the model's 32 positions/],
    [{ layers: "last" }, /layers must be an array/],
    [{ layers: [9] }, /layer 9 does not exist/],
    [{ prompt: "a", prefix: "b" }, /the name of a prompt or a prefix, not both/],
    [{ prompt: "passage" }, /there is no prompt "passage"/],
  ];
  for (const [asked, message] of options) {
    await refused(() => embed("a", asked), message);
    await refused(async () => (await featureExtraction(files, { engine, ...asked }))("a"), message);
  }
  await refused(
    () => featureExtraction(files, { engine: {} as never }),
    /engine must be an Engine, made by Engine.create\(\), got/,
  );
  await refused(
    () => featureExtraction(files, { build: "fast" as never }),
    /build must be one of "strict", "relaxed", "auto", got "fast"/,
  );
  await refused(
    () => featureExtraction(files, { adapter: 3 as never }),
    /adapter must be a folder or a name, or the files of a model/,
  );
  await refused(() => featureExtraction("./no-such-folder"), /the folder .*no-such-folder does not exist/);
  await refused(() => featureExtraction(files, { revision: 3 as never }), /revision must be a string, got 3/);
  await refused(() => (embed as (...args: unknown[]) => unknown)("a", undefined, 3), /got 3 arguments/);
});

test.run();
