/** Descriptions of folders, without their weights. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../../sdk/engine/engine.js";
import { LabelSet } from "../../../sdk/heads/labels.js";
import { type Files, jsonBytes, memoryFiles } from "../../../sdk/io/files/files.js";
import { describeFolder } from "../../../sdk/io/pretrained/describe.js";
import { saveModel } from "../../../sdk/io/pretrained/save.js";
import { readSentenceSettings } from "../../../sdk/io/sentence-transformers/sentence.js";
import { SENTENCE_FIELDS } from "../../../sdk/io/sentence-transformers/sentence-fields.js";
import { writeSentenceSettings } from "../../../sdk/io/sentence-transformers/write-sentence.js";
import { LENGTH, smallBert, tokenizer } from "../../helpers/small-bert.js";

const test = suite("describe");
const engine = await Engine.create();
test.after(() => engine.dispose());

/** A classifier's folder. */
async function classifier(): Promise<ReturnType<typeof memoryFiles>> {
  using made = await smallBert(engine, "sequence-classification", new LabelSet(["a", "b", "c"]));
  const files = memoryFiles();
  await saveModel(files, { ...made, tokenizer, maxLength: LENGTH });
  return files;
}

test("family, task, classes, tensors, tokenizer and longest sequence, without a byte of the weights", async () => {
  const files = await classifier();
  let read = 0;
  const header = 8 + Number(new DataView(files.files.get("model.safetensors")!.buffer).getBigUint64(0, true));
  const source: Files = {
    read: (name) => (name === "model.safetensors" ? Promise.reject(new Error("read whole")) : files.read(name)),
    async open(name) {
      const file = (await files.open!(name))!;
      const slice = (begin: number, end: number) => {
        read = Math.max(read, end);
        return file.slice(begin, end);
      };
      return { size: file.size, slice };
    },
  };
  const before = engine.liveBytes;
  const found = await describeFolder(source);
  assert.is(engine.liveBytes, before);
  assert.is(read, header);
  assert.equal(
    [found.family, found.task, found.classes, found.tokenizerSize, found.sentence, found.problems],
    ["bert", "sequence-classification", 3, tokenizer.size, null, []],
  );
  assert.equal(found.maxLength, { tokens: LENGTH, origin: "tokenizer_config.json: model_max_length" });
  assert.is(found.bytes, files.files.get("model.safetensors")!.length);
  assert.equal(
    found.tensors.find(({ name }) => name === "classifier.weight"),
    { name: "classifier.weight", dtype: "F32", shape: [3, 16] },
  );
});

test("a sentence-transformers folder describes how its vectors are made", async () => {
  using made = await smallBert(engine, "feature-extraction");
  const files = memoryFiles();
  await saveModel(files, { ...made, tokenizer, maxLength: LENGTH });
  const settings = { ...(await readSentenceSettings(memoryFiles())), maxLength: 9 };
  await writeSentenceSettings(files, settings, 16);
  const { sentence, maxLength, problems } = await describeFolder(files);
  assert.equal(sentence, settings);
  assert.equal(maxLength, { tokens: 9, origin: "sentence_bert_config.json: max_seq_length" });
  assert.equal(problems, []);
});

test("fields that no table knows are mentioned, those that one knows are not", async () => {
  const { files } = await classifier();
  const all = Object.entries(SENTENCE_FIELDS).map(([name, { computed, idle }]) => {
    assert.equal([...new Set([...computed, ...idle])].length, computed.length + idle.length, name);
    return [name, jsonBytes(Object.fromEntries([...computed, ...idle].map((field) => [field, null])))] as const;
  });
  assert.equal((await describeFolder(memoryFiles([...files, ...all]))).unknownFields, []);
  const odd = memoryFiles([...files, ["sentence_bert_config.json", jsonBytes({ max_seq_length: 8, truncate_at: 3 })]]);
  assert.equal((await describeFolder(odd)).unknownFields, ["sentence_bert_config.json: truncate_at"]);
});

test("unusable parts are reported, with everything else that can be found out", async () => {
  const { files } = await classifier();
  const without = (...names: string[]) => memoryFiles([...files].filter(([name]) => !names.includes(name)));
  const bare = await describeFolder(without("model.safetensors", "tokenizer.json", "vocab.txt"));
  assert.is(bare.family, "bert");
  assert.is(bare.tokenizerSize, null);
  assert.is(bare.problems.length, 2);
  assert.match(bare.problems.join("\n"), /model\.safetensors is missing/);
  assert.match(bare.problems.join("\n"), /the folder has no tokenizer/);
  const other = await describeFolder(memoryFiles([...files, ["config.json", jsonBytes({ model_type: "llama" })]]));
  assert.equal([other.family, other.task, other.tokenizerSize], [null, null, tokenizer.size]);
  assert.match(other.problems.join("\n"), /model_type "llama" is not supported/);
  assert.ok(other.tensors.length > 0);
  const modules = jsonBytes([{ type: "sentence_transformers.models.CNN", path: "" }]);
  const odd = await describeFolder(memoryFiles([...files, ["modules.json", modules]]));
  assert.match(odd.problems.join("\n"), /module CNN in place 0 is not supported/);
  assert.match((await describeFolder(memoryFiles())).problems.join("\n"), /config\.json is missing/);
});

test.run();
