/** textClassification against transformers' text-classification pipeline. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../sdk/engine/engine.js";
import type { TextExample } from "../../sdk/heads/pooled.js";
import {
  type ClassificationOptions,
  type Classified,
  textClassification,
} from "../../sdk/pipelines/text-classification.js";
import { near } from "../helpers/near.js";
import {
  BOUND,
  type ReferenceCall,
  type ReferenceModel,
  reference,
  referenceFolder,
} from "../helpers/reference-folder.js";
import { refused } from "../helpers/refused.js";

type Model = ReferenceModel & { readonly calls: readonly ReferenceCall<Classified[]>[] };

const test = suite("textClassification");
const engine = await Engine.create();
const models = reference<Readonly<Record<"single" | "multi" | "one" | "regression", Model>>>("text-classification");

const optionsOf = ({
  top_k: topK,
  function_to_apply: how,
}: ReferenceCall<unknown>["options"]): ClassificationOptions => ({
  topK: topK as number | null,
  ...(how !== undefined && { functionToApply: how as "none" }),
});

const inputOf = (given: unknown): string | TextExample => {
  if (typeof given === "string") return given;
  const { text, text_pair: pair } = given as { text: string; text_pair: string };
  return { text, pair };
};

const same = (got: readonly Classified[], want: readonly Classified[]): void => {
  assert.equal(
    got.map(({ label }) => label),
    want.map(({ label }) => label),
  );
  near(
    got.map(({ score }) => score),
    want.map(({ score }) => score),
    BOUND,
  );
};

for (const [name, model] of Object.entries(models)) {
  test(`${name}: every call of the reference`, async () => {
    const files = referenceFolder(model);
    using classify = await textClassification(files, { engine });
    for (const { input, options, result } of model.calls) {
      const text = inputOf(input[0]);
      const asked = optionsOf(options);
      const found = classify(text, asked as { topK: number | null });
      same(found, result);
      assert.equal(classify([text, text], asked as { topK: null }), [found, found]);
      using opened = await textClassification(files, { engine, ...asked } as { topK: null });
      assert.equal(opened(text), found);
      if (asked.functionToApply === undefined) same([classify(text)], result.slice(0, 1));
    }
  });
}

test("a threshold: the labels that reach it, which may be none", async () => {
  using classify = await textClassification(referenceFolder(models.multi), { engine });
  const all = models.multi.calls[0]!;
  const text = all.input[0] as string;
  const [best, second] = all.result as [Classified, Classified];
  const between = (best.score + second.score) / 2;
  same(classify(text, { threshold: between }), [best]);
  same(classify(text, { threshold: 0 }), all.result);
  same(classify(text, { threshold: 1 }), []);
  same(classify(text, { threshold: 0, topK: 2 }), all.result.slice(0, 2));
});

test("labels that are numbers, or repeat, are labels like any other", async () => {
  const [{ input, result }] = models.single.calls as [ReferenceCall<Classified[]>];
  for (const id2label of [
    { 0: 0, 1: 1, 2: 2 },
    { 0: "good", 1: "bad", 2: "good" },
  ]) {
    const model = { ...models.single, config: { ...models.single.config, id2label } };
    using classify = await textClassification(referenceFolder(model), { engine });
    // The reference's labels are of the same columns.
    const columns = Object.values(models.single.config["id2label"] as Record<string, string>);
    const want = result.map(({ label, score }) => ({
      label: String(Object.values(id2label)[columns.indexOf(label)]),
      score,
    }));
    same(classify(input[0] as string, { topK: null }), want);
  }
});

test("inputs that cannot be classified give a clear error", async () => {
  const files = referenceFolder(models.single);
  using classify = await textClassification(files, { engine });
  for (const [bad, message] of [
    [5, /textClassification: the input must be a string, got 5/],
    [undefined, /the input must be a string, got undefined/],
    [null, /the input must be an object with text and pair, got null/],
    [{ text: 1 }, /the input.text must be a string, got 1/],
    [{ text: "a", pair: null }, /the input.pair must be a string, got null/],
    [{ text: "a", text_pair: "b" }, /unknown field "text_pair"; here it is pair/],
    [["a", ["b"]], /input 1 must be an object with text and pair/],
  ] as const)
    await refused(() => classify(bad as never), message);
  await refused(() => classify("a", { return_all_scores: true } as never), /"return_all_scores": topK: null gives/);
  await refused(() => classify("a", { topK: 0 }), /topK must be null, or a whole number of at least 1, got 0/);
  await refused(() => classify("a", { threshold: 50 }), /threshold must be a number from 0 to 1, got 50/);
  await refused(
    () => classify("a", { functionToApply: "relu" as never }),
    /functionToApply must be one of "softmax", "sigmoid", "none"/,
  );
  await refused(() => classify("a", "b" as never), /options must be an object \(.*\), got "b"/);
});

test.run();
