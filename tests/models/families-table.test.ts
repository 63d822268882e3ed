/**
 * The table of families: the record in a family's one file suffices for every user of the table.
 * A new architecture is tested here without a change to this file.
 */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "../../sdk/engine/engine.js";
import { LabelSet } from "../../sdk/heads/labels.js";
import { FAMILIES, familyOf } from "../../sdk/models/families.js";
import type { EncoderFamily, ModelTask } from "../../sdk/models/family/family.js";
import { studentOf } from "../../sdk/train/fresh/student.js";
import { depths } from "../../sdk/train/optim/parameter-groups.js";
import { engines } from "../helpers/engines.js";
import { filesNaming } from "../helpers/files-naming.js";
import { tinyModel } from "../helpers/tiny-models.js";

const test = suite("table of families");
const [engine] = engines as [Engine];
const labels = new LabelSet(["a", "b", "c"]);
const LAYERS = 2;

const fresh = FAMILIES.filter((family) => family.fresh !== undefined) as readonly EncoderFamily<unknown>[];
const tasksOf = ({ architectures }: EncoderFamily<unknown>) => Object.keys(architectures) as ModelTask[];

test("a new architecture is one file and one word in the table", () => {
  const named = filesNaming("jina_embeddings_v3", "jina-embeddings-v3", "jinaEmbeddingsV3", "JinaEmbeddingsV3");
  assert.equal(named, ["models/encoders/jina-embeddings-v3.ts", "models/families.ts"]);
});

test("types are distinct and found by config.json", () => {
  const types = FAMILIES.map(({ type }) => type);
  assert.is(new Set(types).size, types.length);
  for (const type of types) assert.is(familyOf({ model_type: type }).type, type);
});

for (const family of fresh) {
  test(`${family.type}: a head for every published class, and a class for every head`, () => {
    const heads = Object.keys(family.heads);
    for (const task of tasksOf(family)) {
      const needed = task === "pretraining" ? ["masked-lm", "next-sentence-prediction"] : [task];
      if (task !== "feature-extraction")
        for (const head of needed) assert.ok(heads.includes(head), `${task} needs ${head}`);
      using loaded = tinyModel(engine, family.type, task, { labels });
      assert.is(loaded.family.type, family.type);
    }
    const unpublished = heads.filter(
      (head) => !(head in family.architectures) && !("pretraining" in family.architectures),
    );
    assert.equal(unpublished, []);
  });

  test(`${family.type}: every layer is within its stacks, with embeddings below and heads above`, () => {
    for (const task of tasksOf(family)) {
      using loaded = tinyModel(engine, family.type, task, { labels });
      const names = Array.from(loaded.weights.entries(), ([name]) => name);
      const { embeddings, stacks } = family.parameters;
      const depthOf = depths(names, family.parameters);
      const top = Math.max(...depthOf.values());
      for (const [name, depth] of depthOf) {
        if (family.isHead(name)) assert.is(depth, top, name);
        const numbered = /\.\d+\./.test(name) && !family.isHead(name);
        if (numbered)
          assert.ok(depth > 0 && stacks.some((stack) => name.startsWith(`${stack}.`)), `${name} is in no stack`);
      }
      // An encoder-decoder without its decoder has the first stack only.
      for (const stack of task === "feature-extraction" ? stacks.slice(0, 1) : stacks)
        assert.ok(
          names.some((name) => name.startsWith(`${stack}.0.`)),
          stack,
        );
      const below = names.filter((name) => depthOf.get(name) === 0);
      assert.ok(below.length > 0, `${embeddings} name no parameter`);
    }
  });

  const { countField } = family.parameters;
  if (countField !== undefined)
    test(`${family.type}: a student has fewer layers, with the teacher's values`, () => {
      using teacher = tinyModel(engine, family.type, "feature-extraction");
      assert.is(Number(teacher.config[countField]), LAYERS);
      using student = studentOf(teacher, 1, [1]);
      const [values, own] = [teacher, student].map(({ weights }) => new Map(weights.entries()));
      const stack = family.parameters.stacks[0]!;
      const layer = [...own!.keys()].filter((name) => name.startsWith(`${stack}.`));
      assert.ok(layer.length > 0 && layer.every((name) => name.startsWith(`${stack}.0.`)));
      for (const name of layer) {
        const source = values!.get(name.replace(`${stack}.0.`, `${stack}.1.`));
        assert.equal([...own!.get(name)!.toArray()], [...source!.toArray()], name);
      }
    });
}

test.run();
