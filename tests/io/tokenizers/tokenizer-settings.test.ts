/**
 * tokenizer_config.json, special_tokens_map.json and added_tokens.json mean the same as to transformers' AutoTokenizer:
 * the ids of reference/tokenizer-settings.json are that library's. And every field of them is known.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { memoryFiles } from "../../../sdk/io/files/files.js";
import { describeFolder } from "../../../sdk/io/pretrained/describe.js";
import {
  requireTokenizerFields,
  tokenizerFields,
  unknownTokenizerFields,
} from "../../../sdk/io/tokenizers/tokenizer-fields.js";
import { loadTokenizer } from "../../../sdk/io/tokenizers/tokenizer-files.js";
import type { Tokenizer } from "../../../sdk/tokenizer/index.js";
import { root } from "../../helpers/shared.js";

interface Reference {
  readonly texts: readonly string[];
  readonly shared: Readonly<Record<string, { readonly text?: string; readonly base64?: string }>>;
  readonly cases: Readonly<
    Record<
      string,
      {
        readonly files: Readonly<Record<string, string>>;
        readonly json: Readonly<Record<string, object>>;
        readonly ids: readonly (readonly number[])[];
      }
    >
  >;
}

const test = suite("tokenizer settings");
const reference = JSON.parse(
  readFileSync(join(root, "tests/io/reference/tokenizer-settings.json"), "utf8"),
) as Reference;

function load(name: string, change: Readonly<Record<string, unknown>> = {}): Promise<Tokenizer> {
  const { files, json } = reference.cases[name]!;
  const entries = Object.entries(files).map(([file, shared]) => {
    const { text, base64 } = reference.shared[shared]!;
    return [file, Buffer.from(text ?? base64!, text === undefined ? "base64" : "utf8") as Uint8Array] as const;
  });
  const config = { ...json["tokenizer_config.json"], ...change };
  const settings = Object.entries({ ...json, "tokenizer_config.json": config }).map(
    ([file, value]) => [file, new TextEncoder().encode(JSON.stringify(value))] as const,
  );
  return loadTokenizer(memoryFiles([...entries, ...settings]));
}

for (const [name, { ids }] of Object.entries(reference.cases)) {
  test(name, async () => {
    const tokenizer = await load(name);
    const seen = reference.texts.map((text) => [...tokenizer.encode(text).ids]);
    for (const [i, text] of reference.texts.entries()) assert.equal(seen[i], ids[i], JSON.stringify(text));
    // What leaves the tokenizer is in its vocabulary, and a tokenizer.json written from it says the same.
    assert.ok(seen.flat().every((id) => id < tokenizer.size && tokenizer.token(id) !== undefined));
  });
}

test("truncation_side says which end encode cuts off", async () => {
  const name = "do_lower_case false over uncased, PreTrainedTokenizerFast".replace("false", "False");
  const text = "hello the cat a b";
  const whole = [...(await load(name)).encode(text).ids];
  for (const [side, kept] of [
    ["left", [whole[0], ...whole.slice(-3)]],
    ["right", [...whole.slice(0, 3), whole.at(-1)]],
  ] as const) {
    const tokenizer = await load(name, { truncation_side: side });
    assert.equal([...tokenizer.encode(text, undefined, { truncate: { length: 4 } }).ids], kept, side);
    const asked = tokenizer.encode(text, undefined, { truncate: { length: 4, direction: "right" } });
    assert.equal([...asked.ids], [...whole.slice(0, 3), whole.at(-1)], `${side}, and the call says right`);
  }
});

test("every known field is computed, changes nothing, or is checked", async () => {
  const values: Readonly<Record<string, unknown>> = {
    truncation_side: "middle",
    padding_side: "top",
    separate_vocabs: true,
  };
  for (const [field, fate] of tokenizerFields()) {
    assert.equal(unknownTokenizerFields({ [field]: 1 }), [], field);
    if (fate !== "checked") assert.not.throws(() => requireTokenizerFields({ [field]: "some value" }), field);
    else {
      const wrong = field === "sp_model_kwargs" ? { enable_sampling: true } : (values[field] ?? "some value");
      assert.throws(
        () => requireTokenizerFields({ [field]: wrong }),
        new RegExp(`tokenizer_config.json: ${field} must be`),
      );
      assert.not.throws(() => requireTokenizerFields({ [field]: null }), field);
    }
  }
  assert.equal(unknownTokenizerFields({ do_lower_case: true, image_token: "<image>", new_field: 1 }), ["new_field"]);
});

test("a field that is not known is mentioned when the folder is described", async () => {
  const config = new TextEncoder().encode('{"tokenizer_class": "BertTokenizer", "new_field": 1}');
  const { unknownFields } = await describeFolder(memoryFiles([["tokenizer_config.json", config]]));
  assert.equal(unknownFields, ["tokenizer_config.json: new_field"]);
});

test("src_lang must be a language of the vocabulary", async () => {
  const refused = await load("mBART de_DE", { src_lang: "de" }).catch((error: unknown) => error);
  assert.match(String(refused), /tokenizer_config.json: src_lang/);
});

test.run();
