/** zeroShotClassification against transformers' zero-shot-classification pipeline. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../sdk/engine/engine.js";
import {
  type ZeroShotOptions,
  type ZeroShotResult,
  zeroShotClassification,
} from "../../sdk/pipelines/zero-shot-classification.js";
import { near } from "../helpers/near.js";
import {
  BOUND,
  type ReferenceCall,
  type ReferenceModel,
  reference,
  referenceFolder,
} from "../helpers/reference-folder.js";
import { refused } from "../helpers/refused.js";

type Model = ReferenceModel & { readonly calls: readonly ReferenceCall<ZeroShotResult>[] };

const test = suite("zeroShotClassification");
const engine = await Engine.create();
const { models } = reference<{ models: readonly Model[] }>("zero-shot-classification");

const optionsOf = ({ multi_label, hypothesis_template }: ReferenceCall<unknown>["options"]): ZeroShotOptions => ({
  ...(multi_label !== undefined && { multiLabel: multi_label as boolean }),
  ...(hypothesis_template !== undefined && { hypothesisTemplate: hypothesis_template as string }),
});

for (const model of models) {
  const names = Object.values(model.config["id2label"] as Record<string, string>);
  test(`${names}: every call of the reference`, async () => {
    const files = referenceFolder(model);
    using classify = await zeroShotClassification(files, { engine });
    for (const { input, options, result } of model.calls) {
      const [text, labels] = input as [string, string[]];
      const asked = optionsOf(options);
      const found = classify(text, labels, asked);
      assert.equal([found.sequence, found.labels], [result.sequence, result.labels]);
      near(found.scores, result.scores, BOUND);
      assert.equal(classify({ text, labels }, asked), found);
      assert.equal(classify([{ text, labels }], asked), [found]);
      assert.equal(classify([text, text], labels, asked), [found, found]);
      using opened = await zeroShotClassification(files, { engine, ...asked });
      assert.equal(opened(text, labels), found);
    }
  });
}

test("a class's name is put in as it is, at every {}", async () => {
  using classify = await zeroShotClassification(referenceFolder(models[0]!), { engine });
  const odd = classify("the sun", ["$&", "cat"], { hypothesisTemplate: "{} {}" });
  // As if the sentences had been written out: the template of one class is the other's name.
  for (const name of ["$&", "cat"]) {
    const alone = classify("the sun", [name], { hypothesisTemplate: "{} {}" });
    assert.equal(
      alone,
      classify("the sun", [`${name} ${name}`], { hypothesisTemplate: "{}" }).scores[0] === alone.scores[0]
        ? alone
        : null,
    );
  }
  assert.equal([...odd.labels].sort(), ["$&", "cat"]);
});

test("impossible requests give a clear error", async () => {
  const files = referenceFolder(models[0]!);
  using classify = await zeroShotClassification(files, { engine });
  await refused(() => classify("a", []), /the input.labels must be an array of at least 1 string, got \[\]/);
  await refused(() => classify("a", ["x", "y", "x"]), /the label "x" is given twice/);
  await refused(
    () => classify("a" as never),
    /labels \(the second argument\) must be an array of strings, got undefined/,
  );
  await refused(
    () => classify("a", { candidate_labels: ["x"] } as never),
    /labels \(the second argument\) must be an array of strings, got an object with candidate_labels/,
  );
  await refused(
    () => classify({ text: "a", labels: ["x"] }, { candidate_labels: ["x"] } as never),
    /the classes are the second argument/,
  );
  await refused(
    () => classify({ text: "a", candidate_labels: ["x"] } as never),
    /unknown field "candidate_labels"; here it is labels/,
  );
  await refused(() => classify("a", ["x", 5] as never), /the input.labels\[1\] must be a string, got 5/);
  await refused(() => classify("a", ["x"], { multi_label: true } as never), /did you mean "multiLabel"\?/);
  await refused(
    () => zeroShotClassification(files, { engine, hypothesisTemplate: "no place" }),
    /hypothesisTemplate must be a string with \{\} .*, got "no place"/,
  );
  const other = { ...models[0]!, config: { ...models[0]!.config, id2label: { 0: "good", 1: "bad", 2: "fair" } } };
  await refused(
    () => zeroShotClassification(referenceFolder(other), { engine }),
    /no label that begins with "entail" \(it has good, bad, fair\).*needs a model of inference/,
  );
});

test.run();
