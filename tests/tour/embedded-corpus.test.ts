/** The labeled data of the tour: enough test items, balanced, and nothing of a test part in any training text. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { labelled, runningText, unlabelled } from "../../sdk/tour/embedded-corpus.js";
import { RECIPE } from "../../sdk/tour/recipe.js";
import { root } from "../helpers/shared.js";

const test = suite("data of the tour");
const place = pathToFileURL(join(root, "corpus/"));
const data = await labelled(place, RECIPE);

const counts = (labels: readonly string[]): Record<string, number> => {
  const found: Record<string, number> = {};
  for (const label of labels) found[label] = (found[label] ?? 0) + 1;
  return found;
};

test("at most 300 training examples, and test parts that can separate", () => {
  for (const [name, { train, test }] of Object.entries(data)) {
    assert.ok(train.length <= 300 && train.length >= 290, `${name}: ${train.length} to train`);
    assert.ok(test.length >= 300, `${name}: ${test.length} to test`);
  }
});

test("classes are balanced, so the baseline is close to chance", () => {
  assert.equal(counts(data.sentiment.test.map(({ label }) => label)), { positive: 1066, negative: 1066 });
  assert.equal(counts(data.inference.train.map(({ label }) => label)), {
    entailment: 100,
    neutral: 100,
    contradiction: 100,
  });
  assert.equal(counts(data.inference.test.map(({ label }) => label)), {
    entailment: 3368,
    neutral: 3219,
    contradiction: 3237,
  });
});

test("training and test parts share no text", () => {
  const disjoint = (name: string, train: readonly string[], test: readonly string[]) => {
    const seen = new Set(train);
    assert.equal(
      test.filter((text) => seen.has(text)),
      [],
      name,
    );
  };
  const texts = (rows: readonly { readonly text: string }[]) => rows.map(({ text }) => text);
  const contexts = (rows: readonly { readonly context: string }[]) => rows.map(({ context }) => context);
  disjoint("sentiment", texts(data.sentiment.train), texts(data.sentiment.test));
  disjoint("inference", texts(data.inference.train), texts(data.inference.test));
  disjoint("tags", texts(data.tags.train), texts(data.tags.test));
  disjoint("questions", contexts(data.questions.train), contexts(data.questions.test));
});

test("no sentence of a test part is in the text of pre-training", async () => {
  const { training, heldOut } = await runningText(place);
  const read = new Set([...training, ...unlabelled(data)].flat());
  const unseen = [
    ...heldOut.flat(),
    ...data.sentiment.test.map(({ text }) => text),
    ...data.inference.test.map(({ pair }) => pair!),
    ...data.questions.test.map(({ question }) => question),
  ];
  // Short sentences that anybody writes, such as "A man is outside.", may occur twice.
  const shared = unseen.filter((text) => read.has(text) && text.split(" ").length > 6);
  assert.equal(shared, []);
});

test("every sample of published data is credited", () => {
  const credits = readFileSync(join(root, "corpus/CREDITS.md"), "utf8");
  for (const name of ["movie-reviews", "snli", "ud-english-ewt"]) assert.match(credits, new RegExp(`samples/${name}`));
});

test.run();
