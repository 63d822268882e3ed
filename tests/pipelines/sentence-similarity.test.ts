/** sentenceSimilarity against sentence-transformers' cosines, and the definitions of the other measures. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../sdk/engine/engine.js";
import { sentenceSimilarity } from "../../sdk/pipelines/sentence-similarity.js";
import { near } from "../helpers/near.js";
import { BOUND, type ReferenceModel, reference, referenceFolder } from "../helpers/reference-folder.js";
import { refused } from "../helpers/refused.js";

interface Embedded {
  readonly pooling: string;
  readonly normalize: boolean;
  readonly vectors: readonly (readonly number[])[];
  readonly similarity?: readonly number[];
}

const test = suite("sentenceSimilarity");
const engine = await Engine.create();
const { texts, embeddings, ...model } = reference<
  ReferenceModel & { texts: readonly string[]; embeddings: readonly Embedded[] }
>("feature-extraction");
const files = referenceFolder(model);
const [first, ...others] = texts as [string, ...string[]];

test("the cosine, as the reference computes it", async () => {
  const { similarity } = embeddings.find((one) => one.similarity)!;
  using compare = await sentenceSimilarity(files, { engine, normalize: true });
  const found = compare(first, others);
  near(found, similarity!, BOUND);
  assert.equal(compare({ text: first, texts: others }), found);
  assert.equal(compare([{ text: first, texts: others }]), [found]);
  assert.equal(compare(first, []), []);
  // The cosine does not ask for the length of vectors.
  near(compare(first, others, { normalize: false }), similarity!, BOUND);
});

test("the folder's own measure instead", async () => {
  const [a, ...rest] = embeddings.find((one) => one.pooling === "mean" && !one.normalize)!.vectors as [
    number[],
    ...number[][],
  ];
  const sum = (b: number[], term: (x: number, y: number) => number): number =>
    a.reduce((total, x, d) => total + term(x, b[d]!), 0);
  const measures: Readonly<Record<string, (b: number[]) => number>> = {
    dot: (b) => sum(b, (x, y) => x * y),
    euclidean: (b) => -Math.sqrt(sum(b, (x, y) => (x - y) ** 2)),
    manhattan: (b) => -sum(b, (x, y) => Math.abs(x - y)),
  };
  for (const [name, measure] of Object.entries(measures)) {
    const said = { "config_sentence_transformers.json": { similarity_fn_name: name } };
    using compare = await sentenceSimilarity(referenceFolder(model, "wordpiece", said), { engine });
    // Sums of 16 terms, each of a relative error of 1e-5.
    near(compare(first, others), rest.map(measure), { atol: 1e-4, rtol: 1e-5 }, name);
  }
});

test("inputs that cannot be compared give a clear error", async () => {
  using compare = await sentenceSimilarity(files, { engine });
  await refused(
    () => compare("a" as never),
    /sentenceSimilarity: the input.texts must be an array of strings, got undefined/,
  );
  await refused(() => compare("a", "b" as never), /the input.texts must be an array of strings, got "b"/);
  await refused(() => compare("a", [1] as never), /the input.texts\[0\] must be a string, got 1/);
  await refused(
    () => compare({ source_sentence: "a", sentences: ["b"] } as never),
    /unknown field "source_sentence"; here it is text/,
  );
  await refused(
    () => compare([{ text: "a", texts: ["b"] }, 5] as never),
    /input 1 must be an object with text and texts, got 5/,
  );
  await refused(
    () => compare("a", ["b"], { poling: "cls" } as never),
    /sentenceSimilarity: unknown option "poling"; did you mean "pooling"\?/,
  );
  await refused(() => (compare as (...args: unknown[]) => unknown)("a", ["b"], {}, 1), /got 4 arguments/);
  await refused(
    () => sentenceSimilarity(files, { engine, topK: 1 } as never),
    /sentenceSimilarity: unknown option "topK"/,
  );
});

test.run();
