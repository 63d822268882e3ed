/**
 * Models whose code is in their own repository: fields that make them another architecture are refused by name, before weights are
 * read. They are never computed as the architecture whose model_type they borrow.
 */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "../../sdk/engine/engine.js";
import { jsonBytes, memoryFiles } from "../../sdk/io/files/files.js";
import { describeFolder } from "../../sdk/io/pretrained/describe.js";
import { loadModel } from "../../sdk/io/pretrained/pretrained.js";
import { ConfigError } from "../../sdk/models/family/config.js";
import { engines } from "../helpers/engines.js";
import { weightsFor } from "../helpers/family-weights.js";
import { PUBLISHED } from "../helpers/published-configs.js";

const test = suite("remote code");
const [engine] = engines as [Engine];

const plain = (type: string) => ({ ...PUBLISHED[type]!.config, model_type: type });
const bert = plain("bert");
const remote = (name: string) => ({ auto_map: { AutoModel: `modeling.${name}` } });

/** Fields that set each apart, and the one that the error names. */
const FOREIGN: readonly (readonly [name: string, fields: object, named: RegExp])[] = [
  [
    "Jina's ALiBi BERT",
    { ...remote("JinaBertModel"), position_embedding_type: "alibi", feed_forward_type: "geglu" },
    /position_embedding_type|feed_forward_type/,
  ],
  ["ALiBi alone", { ...remote("JinaBertModel"), position_embedding_type: "alibi" }, /position_embedding_type/],
  ["gated feed-forward alone", { ...remote("JinaBertModel"), feed_forward_type: "geglu" }, /feed_forward_type/],
  ["GTE's own code", { ...remote("NewModel"), model_type: "new" }, /model_type "new"/],
  [
    "Jina's XLM-R with rotary positions",
    { ...plain("xlm-roberta"), ...remote("XLMRobertaLoRA"), position_embedding_type: "rotary" },
    /position_embedding_type/,
  ],
  ["MosaicBERT", { ...remote("BertModel"), alibi_starting_size: 512 }, /alibi_starting_size/],
];

for (const [name, fields, named] of FOREIGN)
  test(name, async () => {
    const files = memoryFiles([
      ["config.json", jsonBytes({ ...bert, ...fields })],
      ["model.safetensors", weightsFor(engine, bert)],
    ]);
    const before = engine.liveBytes;
    const error = await loadModel(engine, files).catch((caught: unknown) => caught);
    assert.instance(error, ConfigError);
    assert.match((error as Error).message, named);
    assert.is(engine.liveBytes, before);
    assert.match((await describeFolder(files)).problems.join("\n"), named);
  });

test("models with remote code load if transformers computes them without it", async () => {
  const json = { ...bert, ...remote("BertModel") };
  using loaded = await loadModel(
    engine,
    memoryFiles([
      ["config.json", jsonBytes(json)],
      ["model.safetensors", weightsFor(engine, json)],
    ]),
  );
  assert.is(loaded.family.type, "bert");
});

test.run();
