/** wordVectors against PyTorch's hidden states: a word's vector is the mean of those of its pieces. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../sdk/engine/engine.js";
import { type WordVectorsInput, wordVectors } from "../../sdk/pipelines/word-vectors.js";
import { near } from "../helpers/near.js";
import { BOUND, LENGTH, type ReferenceModel, reference, referenceFolder } from "../helpers/reference-folder.js";
import { refused } from "../helpers/refused.js";

interface InContext {
  readonly text?: string;
  readonly split?: readonly string[];
  readonly words: readonly (number | null)[];
  readonly hidden: readonly (readonly (readonly number[])[])[];
}

const test = suite("wordVectors");
const engine = await Engine.create();
const { in_context: inContext, ...model } = reference<ReferenceModel & { in_context: readonly InContext[] }>(
  "feature-extraction",
);
const files = referenceFolder(model);
const vectors = await wordVectors(files, { engine });

/** The vectors of a word from the reference's hidden states, by layer. */
function expected({ words, hidden }: InContext, word: number, layer: number, pieces: "mean" | "first"): number[] {
  const own = hidden.at(layer)!.filter((_, i) => words[i] === word);
  const used = pieces === "first" ? own.slice(0, 1) : own;
  return used[0]!.map((_, d) => used.reduce((sum, row) => sum + row[d]!, 0) / used.length);
}

for (const one of inContext)
  test(one.text ?? `${one.split}`, () => {
    const input: WordVectorsInput = one.text ?? { words: one.split! };
    const count = Math.max(...one.words.map((word) => word ?? -1)) + 1;
    for (const [layer, pieces] of [
      [-1, "mean"],
      [-1, "first"],
      [1, "mean"],
      [0, "first"],
    ] as const) {
      const found = vectors(input, { layers: [layer], pieces });
      assert.is(found.length, count);
      for (const [word, { vector }] of found.entries())
        near(vector, expected(one, word, layer, pieces), BOUND, `word ${word}`);
    }
    assert.equal(vectors(input), vectors(input, { layers: [-1], pieces: "mean" }));
    assert.equal(vectors([input]), [vectors(input)]);
  });

test("words carry their own characters", async () => {
  const text = "A cat, xyzzy!";
  assert.equal(
    vectors(text).map(({ word, start, end }) => [word, start, end]),
    [
      ["A", 0, 1],
      ["cat", 2, 5],
      [",", 5, 6],
      ["xyzzy", 7, 12],
      ["!", 12, 13],
    ],
  );
  const [given] = vectors([{ words: ["A", "xyzzy"] }]);
  assert.equal(
    given!.map(({ word, start, end }) => [word, start, end]),
    [
      ["A", 0, 1],
      ["xyzzy", 0, 5],
    ],
  );
  using deep = await wordVectors(files, { engine, layers: [1, 2], join: "concat" });
  const [word] = deep(text);
  assert.equal(
    [...word!.vector],
    [1, 2].flatMap((layer) => [...vectors(text, { layers: [layer] })[0]!.vector]),
  );
  // Beyond the model's positions there are no vectors.
  assert.is(vectors("cat ".repeat(2 * LENGTH)).length, LENGTH - 2);
});

test("anything but a text throws an error that names it", async () => {
  await refused(() => vectors(5 as never), /wordVectors: the input must be a string, got 5/);
  await refused(() => vectors({ words: "a" } as never), /the input.words must be an array of strings, got "a"/);
  await refused(
    () => vectors({ text: "a" } as never),
    /the input must be an object with words, got an unknown field "text"/,
  );
  await refused(() => vectors("a", { pieces: "last" as never }), /pieces must be one of "mean", "first", got "last"/);
  await refused(() => vectors("a", { layers: [7] }), /layer 7 does not exist/);
  await refused(() => vectors("a", { pooling: "mean" } as never), /unknown option "pooling"/);
});

test.run();
