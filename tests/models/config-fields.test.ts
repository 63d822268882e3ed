/** The table of config.json's fields agrees with each family's behavior, field by field. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { isGenerationField } from "../../sdk/generate/settings.js";
import { jsonBytes, memoryFiles } from "../../sdk/io/files/files.js";
import { describeFolder } from "../../sdk/io/pretrained/describe.js";
import { configFields } from "../../sdk/models/config-fields.js";
import { FAMILIES, familyOf } from "../../sdk/models/families.js";
import type { EncoderFamily } from "../../sdk/models/family/family.js";
import { PUBLISHED } from "../helpers/published-configs.js";
import { root } from "../helpers/shared.js";

const test = suite("fields of config.json");

/** Values of every type: one of them changes or breaks the result of a family that reads the field. */
const VALUES: readonly unknown[] = [{ x: 1 }, "zzz", 7.5, true, 3, [{}], undefined];

/** Whether a family's `read` depends on a field. */
function isRead(family: EncoderFamily<unknown>, config: object, field: string): boolean {
  const before = JSON.stringify(family.read(config));
  return VALUES.some((value) => {
    try {
      return JSON.stringify(family.read({ ...config, [field]: value })) !== before;
    } catch {
      return true;
    }
  });
}

/** Read outside `read`: by the class, the loader, the tokenizer and sentence-transformers; or where another field is absent. */
const ELSEWHERE =
  /^(model_type|architectures|id2label|num_labels|problem_type|tokenizer_class|output_hidden_states|quantization_config|sentence_transformers|sbert_ce_default_activation_function)$/;
const SHARED_NAME =
  /^(hidden_size|num_attention_heads|num_hidden_layers|max_position_embeddings|head_dim|layer_norm_epsilon|n_(embd|head|inner|layer|positions))$/;
const OF_MARIAN = ["decoder_vocab_size", "share_encoder_decoder_embeddings"];

for (const family of FAMILIES as readonly EncoderFamily<unknown>[])
  test(family.type, () => {
    const config = { model_type: family.type, ...PUBLISHED[family.type]!.config };
    const fields = configFields(family);
    for (const [field, fate] of fields) {
      if (fate === "refused") {
        assert.throws(() => familyOf({ ...config, [field]: { 0: [1] } }), new RegExp(`config.json: ${field} must be`));
        familyOf({ ...config, [field]: null });
      } else if (fate === "without effect") assert.not(isRead(family, config, field), `${field} is read`);
      else if (!ELSEWHERE.test(field) && !SHARED_NAME.test(field) && !OF_MARIAN.includes(field))
        assert.ok(isRead(family, config, field), `${field} is not read`);
    }
    const unknown = Object.keys(config).filter((field) => !fields.has(field) && !isGenerationField(field));
    assert.equal(unknown, []);
  });

test("configurations as transformers writes them have no unknown field", () => {
  const sweep = JSON.parse(readFileSync(join(root, "tests/models/sweep/sweep.json"), "utf8")) as { models: object };
  for (const name of Object.keys(sweep.models)) {
    const path = join(root, "tests/models/sweep", name, "config.json");
    const config = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
    const fields = configFields(familyOf(config));
    const unknown = Object.keys(config).filter((field) => !fields.has(field) && !isGenerationField(field));
    assert.equal(unknown, [], name);
  }
});

test("unknown fields of config.json and generation_config.json are mentioned when a folder is described", async () => {
  const { unknownFields } = await describeFolder(
    memoryFiles([
      [
        "config.json",
        jsonBytes({ model_type: "bert", hidden_size: 8, num_attention_heads: 2, new_field: 1, num_beams: 2 }),
      ],
      ["generation_config.json", jsonBytes({ max_length: 5, temperature_of_beams: 2 })],
    ]),
  );
  assert.equal(unknownFields, ["config.json: new_field", "generation_config.json: temperature_of_beams"]);
});

test.run();
