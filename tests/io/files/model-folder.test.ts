/** A folder is opened once: how often its files are requested, and which arguments are refused. */
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../../sdk/engine/engine.js";
import { InputError } from "../../../sdk/errors.js";
import { type Files, ModelFileError, memoryFiles } from "../../../sdk/io/files/files.js";
import { folder } from "../../../sdk/io/files/folder.js";
import { openFolder } from "../../../sdk/io/files/model-folder.js";
import { writableFolder } from "../../../sdk/io/files/write-whole.js";
import { loadModel } from "../../../sdk/io/pretrained/pretrained.js";
import { saveModel } from "../../../sdk/io/pretrained/save.js";
import { readSafetensors } from "../../../sdk/io/safetensors/safetensors.js";
import { readSentenceSettings } from "../../../sdk/io/sentence-transformers/sentence.js";
import { writeSentenceSettings } from "../../../sdk/io/sentence-transformers/write-sentence.js";
import { loadTokenizer } from "../../../sdk/io/tokenizers/tokenizer-files.js";
import { featureExtraction } from "../../../sdk/pipelines/feature-extraction.js";
import { halfFloats, rawSafetensors } from "../../helpers/raw-safetensors.js";
import { LENGTH, smallBert, tokenizer } from "../../helpers/small-bert.js";

const test = suite("model folder");
const engine = await Engine.create();
test.after(() => engine.dispose());

/** A sentence-transformers folder in memory. */
async function sentenceFolder(): Promise<ReturnType<typeof memoryFiles>> {
  using made = await smallBert(engine, "feature-extraction");
  const files = memoryFiles();
  await saveModel(files, { ...made, tokenizer, maxLength: LENGTH });
  await writeSentenceSettings(files, { ...(await readSentenceSettings(memoryFiles())), maxLength: LENGTH }, 16);
  return files;
}

/** Files that answer slowly and note every request: its name, and how many were under way with it. */
function watched(files: ReturnType<typeof memoryFiles>) {
  const requests: string[] = [];
  let underWay = 0;
  let rounds = 0;
  let most = 0;
  const slowly = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    requests.push(name);
    if (underWay++ === 0) rounds++;
    most = Math.max(most, underWay);
    await pause(20);
    underWay--;
    return work();
  };
  const source: Files = {
    read: (name) => slowly(name, () => files.read(name)),
    open: async (name) => {
      const file = await slowly(name, () => files.open!(name));
      return file && { size: file.size, slice: (begin, end) => file.slice(begin, end) };
    },
  };
  return { source, requests, rounds: () => rounds, most: () => most };
}

test("a pipeline asks for every file once, side by side", async () => {
  const { source, requests, rounds, most } = watched(await sentenceFolder());
  using embed = await featureExtraction(source, { engine });
  assert.is(embed("the cat").length, 16);
  assert.equal([...requests].sort(), [...new Set(requests)].sort(), "a file was asked for twice");
  assert.equal([...requests].sort(), [
    "1_Pooling/config.json",
    "added_tokens.json",
    "config.json",
    "config_sentence_transformers.json",
    "generation_config.json",
    "model.safetensors",
    "modules.json",
    "sentence_bert_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
  ]);
  assert.ok(most() >= 9, `${most()} at once`);
  // The second round reads the files that the first one names; weights are opened when the configuration is known.
  assert.ok(rounds() <= 3, `${rounds()} rounds`);
});

test("every byte of the weights is read once, in pieces, in the order of the file", async () => {
  const config = { vocab_size: 3000, hidden_size: 128, intermediate_size: 512, num_attention_heads: 2 };
  using made = await smallBert(engine, "feature-extraction", null, config);
  const files = memoryFiles();
  await saveModel(files, { ...made, tokenizer, maxLength: LENGTH });
  const ranges: [number, number][] = [];
  let closed = 0;
  const source: Files = {
    read: (name) => files.read(name),
    async open(name) {
      const file = (await files.open!(name))!;
      return {
        size: file.size,
        slice(begin, end) {
          ranges.push([begin, end]);
          return file.slice(begin, end);
        },
        close: async () => void closed++,
      };
    },
  };
  using loaded = await loadModel(engine, source);
  const size = files.files.get("model.safetensors")!.length;
  assert.is(ranges[0]![0], 0);
  assert.is(ranges.at(-1)![1], size);
  for (const [i, [begin, end]] of ranges.entries()) {
    assert.ok(end - begin <= 2 ** 19, `a piece of ${end - begin} bytes`);
    if (i > 0) assert.is(begin, ranges[i - 1]![1]);
  }
  assert.ok(size > 2 ** 21, "the file is larger than a piece");
  assert.is(closed, 1);
  const values = new Map(made.weights.entries());
  for (const [name, parameter] of loaded.weights.entries())
    assert.equal(parameter.toArray(), values.get(name)!.toArray(), name);
});

test("an engine keeps each weight once, whether the file has f32, f16 or f64", async () => {
  const config = { vocab_size: 20_000, hidden_size: 128, intermediate_size: 512, num_attention_heads: 2 };
  const files = memoryFiles();
  using made = await smallBert(engine, "feature-extraction", null, config);
  await saveModel(files, { ...made, tokenizer, maxLength: LENGTH });
  const bytes = 4 * made.weights.count;
  const file = readSafetensors(files.files.get("model.safetensors")!);
  const stored = (dtype: string, convert: (values: Float32Array) => Uint8Array) =>
    rawSafetensors(
      [...file.names()].map((name) => ({ name, dtype, shape: file.shape(name)!, bytes: convert(file.floats(name)) })),
    );
  const kinds = {
    F32: files.files.get("model.safetensors")!,
    F16: stored("F16", halfFloats),
    F64: stored("F64", (values) => new Uint8Array(Float64Array.from(values).buffer)),
  };
  for (const [dtype, weights] of Object.entries(kinds)) {
    using own = await Engine.create();
    const source = memoryFiles([...files.files, ["model.safetensors", weights]]);
    using embed = await featureExtraction(source, { engine: own });
    embed("the cat sat");
    // Weights are whole cache lines; beside them only the temporaries of the last text are free, and the memory grows by 2 MB.
    assert.ok(own.liveBytes <= 1.01 * bytes, `${dtype}: ${own.liveBytes} bytes for ${bytes}`);
    assert.ok(own.memory.buffer.byteLength <= 1.05 * bytes + 2 ** 21, `${dtype}: ${own.memory.buffer.byteLength}`);
  }
});

test("weights are closed when loading fails", async () => {
  const files = await sentenceFolder();
  let open = 0;
  const source: Files = {
    read: (name) => files.read(name),
    async open(name) {
      const file = (await files.open!(name))!;
      open++;
      return { size: file.size, slice: (begin, end) => file.slice(begin, end), close: async () => void open-- };
    },
  };
  const before = engine.liveBytes;
  await files.write("config.json", new TextEncoder().encode("{"));
  assert.ok((await loadModel(engine, source).catch((caught: unknown) => caught)) instanceof ModelFileError);
  await files.write("config.json", new TextEncoder().encode('{"model_type": "bert", "hidden_size": 32}'));
  assert.ok((await loadModel(engine, source).catch((caught: unknown) => caught)) instanceof InputError);
  assert.is(open, 0);
  const broken: Files = {
    read: async (name) => (await sentenceFolder()).read(name),
    async open(name) {
      const file = (await source.open!(name))!;
      const slice = (begin: number, end: number) =>
        begin > file.size / 2 ? Promise.reject(new Error("the line is dead")) : file.slice(begin, end);
      return { size: file.size, slice, close: () => file.close!() };
    },
  };
  const error = await loadModel(engine, broken).catch((caught: unknown) => caught);
  assert.match((error as Error).message, /the line is dead/);
  assert.is(open, 0);
  assert.is(engine.liveBytes, before);
});

test("an open folder is shared by model, tokenizer and settings", async () => {
  const { source, requests } = watched(await sentenceFolder());
  const opened = openFolder(source);
  assert.is(openFolder(opened), opened);
  using _ = await loadModel(engine, opened);
  await loadTokenizer(opened);
  await readSentenceSettings(opened);
  assert.equal([...requests].sort(), [...new Set(requests)].sort());
});

test("a model alone asks for no more than its configuration and its weights", async () => {
  const { source, requests } = watched(await sentenceFolder());
  using _ = await loadModel(engine, source);
  assert.equal(requests.sort(), ["config.json", "model.safetensors"]);
});

test("anything but files is refused, with the right form to type", async () => {
  const refused = async (files: unknown, message: RegExp): Promise<void> => {
    for (const load of [
      () => loadModel(engine, files as Files),
      () => loadTokenizer(files as Files),
      ...(typeof files === "string" ? [] : [() => readSentenceSettings(files as Files)]),
      () => featureExtraction(files as Files, { engine }),
    ]) {
      const error = await load().then(
        () => null,
        (caught: unknown) => caught,
      );
      assert.instance(error, InputError);
      assert.match((error as Error).message, message);
    }
  };
  Object.assign(process.env, { HF_HUB_OFFLINE: "1", HF_HUB_CACHE: join(tmpdir(), "cloze-no-such-cache") });
  await refused("my-model", /my-model: revision main is not in the cache.*There is no folder .*my-model either/);
  const inside = await readSentenceSettings("my-model" as never).catch((caught: unknown) => caught);
  assert.match((inside as Error).message, /files must be the files of a model.*modelFiles\("my-model"\) of cloze\/hub/);
  await refused("./my-model", /the folder .*my-model does not exist/);
  await refused("", /"" is neither a folder nor a model's name/);
  await refused(undefined, /files must be .*the files of a model.*got (undefined|nothing)/);
  await refused(null, /got null/);
  await refused({}, /read\(name\), got /);
  await refused(Promise.resolve(memoryFiles()), /await/);
});

test("unknown options of loadModel and values of another type are refused by name", async () => {
  const files = await sentenceFolder();
  const refused = async (options: object, message: RegExp): Promise<void> => {
    const error = await loadModel(engine, files, options).catch((caught: unknown) => caught);
    assert.instance(error, InputError);
    assert.match((error as Error).message, message);
  };
  await refused({ purpose: "masked-lm" }, /loadModel: unknown option "purpose"/);
  await refused({ tsak: "masked-lm" }, /did you mean "task"\?|its options are/);
  await refused({ task: "embed" }, /loadModel: task must be one of "feature-extraction", .*, got "embed"/);
  await refused({ labels: ["a", "b"] }, /labels must be a LabelSet, or null, got \["a", "b"\]/);
  await refused({ seed: -1 }, /seed must be a whole number/);
  await refused({ scratch: 1 }, /scratch must be true or false/);
});

test("a folder that does not exist is named with its full path", async () => {
  const missing = join(tmpdir(), "cloze-there-is-no-such-folder");
  for (const path of [missing, "./cloze-there-is-no-such-folder"]) {
    const error = await loadModel(engine, folder(path)).catch((caught: unknown) => caught);
    assert.instance(error, ModelFileError);
    assert.ok((error as Error).message.includes(resolve(path)), (error as Error).message);
    const second = await featureExtraction(folder(path), { engine }).catch((caught: unknown) => caught);
    assert.ok((second as Error).message.includes(resolve(path)));
  }
  // One that is going to be written has nothing in it yet.
  assert.is(await writableFolder(missing).read("config.json"), undefined);
  for (const path of [undefined, null, 3, ""])
    assert.throws(() => folder(path as string), /folder: path must be the path of a folder/);
});

test.run();
