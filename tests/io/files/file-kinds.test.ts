/** Files of another kind than their name says are recognized, and the error names the kind. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../../sdk/engine/engine.js";
import { InputError } from "../../../sdk/errors.js";
import { type Files, memoryFiles } from "../../../sdk/io/files/files.js";
import { loadModel } from "../../../sdk/io/pretrained/pretrained.js";
import { saveModel } from "../../../sdk/io/pretrained/save.js";
import { readSafetensors } from "../../../sdk/io/safetensors/safetensors.js";
import { writeSafetensors } from "../../../sdk/io/safetensors/write-safetensors.js";
import { loadTokenizer } from "../../../sdk/io/tokenizers/tokenizer-files.js";
import { LENGTH, smallBert, tokenizer } from "../../helpers/small-bert.js";

const test = suite("file kinds");
const engine = await Engine.create();
test.after(() => engine.dispose());
const made = await smallBert(engine, "masked-lm");
const whole = memoryFiles();
await saveModel(whole, { ...made, tokenizer, maxLength: LENGTH });

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const POINTER = bytes(`version https://git-lfs.github.com/spec/v1\noid sha256:${"ab".repeat(32)}\nsize 90868376\n`);

async function refused(files: Files, message: RegExp, load: (files: Files) => Promise<unknown>): Promise<void> {
  const error = await load(files).catch((caught: unknown) => caught);
  assert.instance(error, InputError);
  assert.match((error as Error).message, message);
}

const FOREIGN: Readonly<Record<string, readonly [Uint8Array, RegExp]>> = {
  "a Git LFS pointer": [POINTER, /is a Git LFS pointer, not the file itself; fetch it with: git lfs pull/],
  "a page": [bytes("<!DOCTYPE html>\n<html><body>Sign in</body></html>"), /is a web page/],
  "a page without a type": [bytes("<html lang='en'>"), /is a web page/],
  "what PyTorch writes": [bytes(`PK\x03\x04${"\0".repeat(60)}`), /is a ZIP archive, as PyTorch writes/],
  "what PyTorch wrote": [bytes(`\x80\x02\x8a\x0al\xfc\x9cF${"\0".repeat(60)}`), /is a Python pickle/],
  GGUF: [bytes(`GGUF\x03\0\0\0${"\x01".repeat(60)}`), /is a GGUF file/],
};

for (const [what, [content, message]] of Object.entries(FOREIGN))
  test(`${what} in the place of weights`, () =>
    refused(
      memoryFiles([...whole.files, ["model.safetensors", content]]),
      new RegExp(`model\\.safetensors: the file ${message.source}`),
      (files) => loadModel(engine, files),
    ));

test("pointers and pages in the place of JSON and vocabularies", async () => {
  for (const name of ["config.json", "tokenizer.json", "tokenizer_config.json"])
    for (const [content, message] of [FOREIGN["a Git LFS pointer"]!, FOREIGN["a page"]!])
      await refused(
        memoryFiles([...whole.files, [name, content]]),
        new RegExp(`${name.replace(".", "\\.")} ${message.source}`),
        (files) => (name === "config.json" ? loadModel(engine, files) : loadTokenizer(files)),
      );
  const old = memoryFiles([["vocab.txt", POINTER]]);
  await refused(old, /vocab\.txt is a Git LFS pointer/, loadTokenizer);
});

test("weights in other formats are named", async () => {
  const { files } = whole;
  const without = [...files].filter(([name]) => name !== "model.safetensors");
  const load = (all: Files) => loadModel(engine, all);
  await refused(memoryFiles(without), /model\.safetensors is missing, and so is/, load);
  for (const name of ["pytorch_model.bin", "tf_model.h5", "onnx/model.onnx"])
    await refused(
      memoryFiles([...without, [name, bytes("x")]]),
      new RegExp(`model\\.safetensors is missing; ${name.replace(".", "\\.")} cannot be read`),
      load,
    );
});

test("a header as long as another format's first bytes say is no other format", () => {
  // 640 is 80 02 in the file, as pickles begin.
  const name = "x".repeat(640 - 91);
  const file = writeSafetensors([{ name, shape: [1], values: Float32Array.of(1) }]);
  const length = Number(new DataView(file.buffer).getBigUint64(0, true));
  assert.is(length, 640);
  assert.equal([...readSafetensors(file).names()], [name]);
});

test.run();
