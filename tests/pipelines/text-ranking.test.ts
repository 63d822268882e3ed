/** textRanking against sentence-transformers' CrossEncoder.rank. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../sdk/engine/engine.js";
import { textRanking } from "../../sdk/pipelines/text-ranking.js";
import { near } from "../helpers/near.js";
import { BOUND, type ReferenceModel, reference, referenceFolder } from "../helpers/reference-folder.js";
import { refused } from "../helpers/refused.js";

interface Model extends ReferenceModel {
  readonly query: string;
  readonly texts: readonly string[];
  readonly result: readonly { readonly corpus_id: number; readonly score: number }[];
}

const test = suite("textRanking");
const engine = await Engine.create();
const { models } = reference<{ models: readonly Model[] }>("text-ranking");

for (const { query, texts, result, ...model } of models) {
  const { activation_fn: activation = "its default" } = (model.config["sentence_transformers"] ?? {}) as {
    activation_fn?: string;
  };
  test(`a cross-encoder whose activation is ${activation}`, async () => {
    const files = referenceFolder(model);
    using rank = await textRanking(files, { engine });
    const ranked = rank(query, texts);
    assert.equal(
      ranked.map(({ index }) => index),
      result.map(({ corpus_id: index }) => index),
    );
    near(
      ranked.map(({ score }) => score),
      result.map(({ score }) => score),
      BOUND,
    );
    assert.equal(rank({ query, texts }), ranked);
    assert.equal(rank([{ query, texts }]), [ranked]);
    assert.equal(rank(query, texts, { topK: 2 }), ranked.slice(0, 2));
    assert.equal(rank({ query, texts }, { topK: null }), ranked);
    using best = await textRanking(files, { engine, topK: 1 });
    assert.equal(best(query, texts), ranked.slice(0, 1));
    assert.equal(rank(query, []), []);
  });
}

test("the activation that older files name", async () => {
  const [, { query, texts, result, ...identity }] = models as [Model, Model];
  const { sentence_transformers: _, ...config } = identity.config;
  const older = {
    ...identity,
    config: { ...config, sbert_ce_default_activation_function: "torch.nn.modules.linear.Identity" },
  };
  using rank = await textRanking(referenceFolder(older), { engine });
  near(
    rank(query, texts).map(({ score }) => score),
    result.map(({ score }) => score),
    BOUND,
  );
});

const MODULE = "sentence_transformers.base.modules";

/** The folder with two files that sentence-transformers 6 writes. */
const saved = (model: ReferenceModel, library: object, more: readonly object[] = []) =>
  referenceFolder(model, "wordpiece", {
    "modules.json": [{ idx: 0, name: "0", path: "", type: `${MODULE}.transformer.Transformer` }, ...more],
    "config_sentence_transformers.json": library,
  });

test("a folder's default prompt is prepended to the query, as CrossEncoder.predict does", async () => {
  const [model] = models as [Model];
  const { query, texts } = model;
  const library = { model_type: "CrossEncoder", prompts: { query: "the dog: " }, default_prompt_name: "query" };
  using plain = await textRanking(referenceFolder(model), { engine });
  using prompted = await textRanking(saved(model, library), { engine });
  assert.equal(prompted(query, texts), plain(`the dog: ${query}`, texts));
  assert.not.equal(prompted(query, texts), plain(query, texts));
  using unnamed = await textRanking(saved(model, { ...library, default_prompt_name: null }), { engine });
  assert.equal(unnamed(query, texts), plain(query, texts));
  await refused(
    () => textRanking(saved(model, { ...library, default_prompt_name: "q" }), { engine }),
    /config_sentence_transformers.json: default_prompt_name is "q", but the prompts are query/,
  );
});

test("a cross-encoder of more modules than a transformer is refused by the name of the module", async () => {
  const [model] = models as [Model];
  for (const kind of ["Pooling", "LogitScore"]) {
    const more = [{ idx: 1, name: "1", path: `1_${kind}`, type: `sentence_transformers.any.${kind}` }];
    await refused(
      () => textRanking(saved(model, { model_type: "CrossEncoder" }, more), { engine }),
      new RegExp(`modules.json: module ${kind} in place 1 is not supported`),
    );
  }
});

test("inputs that cannot be ranked give a clear error", async () => {
  const [model] = models as [Model];
  const files = referenceFolder(model);
  using rank = await textRanking(files, { engine });
  await refused(() => rank("a" as never), /textRanking: the input.texts must be an array of strings, got undefined/);
  await refused(() => rank("a", "b" as never), /the input.texts must be an array of strings, got "b"/);
  await refused(() => rank("a", ["b", null] as never), /the input.texts\[1\] must be a string, got null/);
  await refused(() => rank({ query: "a", documents: ["b"] } as never), /unknown field "documents"; here it is texts/);
  await refused(() => rank("a", ["b"], { topK: 0 }), /topK must be null, or a whole number of at least 1, got 0/);
  await refused(
    () => rank("a", ["b"], { return_documents: true } as never),
    /the index of each result is the place of its text/,
  );
  const odd = {
    ...model,
    config: { ...model.config, sentence_transformers: { activation_fn: "torch.nn.modules.activation.GELU" } },
  };
  await refused(
    () => textRanking(referenceFolder(odd), { engine }),
    /activation_fn "torch\.nn\.modules\.activation\.GELU" is not supported/,
  );
  const classes = reference<{ single: ReferenceModel }>("text-classification").single;
  await refused(
    () => textRanking(referenceFolder(classes), { engine }),
    /this model has 3 outputs; one that ranks has a single one/,
  );
});

test.run();
