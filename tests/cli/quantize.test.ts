/** `cloze quantize`, as a user runs it: on a tiny model trained by the command itself. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { commandIn } from "../helpers/command.js";
import { root } from "../helpers/shared.js";

const test = suite("cloze quantize");
const { place, cloze, lastObject, objects, remove } = commandIn("quantize");

const text = join(root, "corpus/text/a-animals.txt");
const sizes = ["--layers", "2", "--width", "64", "--heads", "2", "--vocabulary", "400", "--length", "48"];
const weightsOf = (name: string): number => statSync(join(place, name, "model.safetensors")).size;

test.before(() => {
  const { status, stderr } = cloze(["pretrain", "--out", "model", "--json", "--steps", "4", ...sizes, text]);
  assert.is(status, 0, stderr);
  const pairs = ["a cat sleeps", "the dog runs", "it rained"].map((line, i) =>
    JSON.stringify({ text: line, pair: "a dog sleeps", score: 5 - i }),
  );
  writeFileSync(join(place, "pairs.jsonl"), `${pairs.join("\n")}\n`);
  mkdirSync(join(place, "model/notes"));
  writeFileSync(join(place, "model/notes/card.md"), "kept\n");
  writeFileSync(join(place, "model/pytorch_model.bin"), "weights in another format");
});

/** Bytes of a weight in each type, scales included, and how near its vectors must be: 8 bits lose hardly anything. */
const TYPES = {
  f16: { share: 0.55, cosine: 0.9999 },
  q8: { share: 0.35, cosine: 0.998 },
  q4: { share: 0.35, cosine: 0.9 },
};

for (const [dtype, { share, cosine }] of Object.entries(TYPES))
  test(`${dtype}: the loss of quality is printed, and the folder loads like any other`, () => {
    const figures = lastObject([
      "quantize",
      "--model",
      "model",
      "--dtype",
      dtype,
      "--out",
      dtype,
      "--json",
      "pairs.jsonl",
    ]);
    assert.is(figures["dtype"], dtype);
    assert.is(figures["size"], weightsOf(dtype));
    assert.is(figures["size_before"], weightsOf("model"));
    // Norms, biases and the header stay as they are, which counts in a model this small.
    assert.ok(weightsOf(dtype) < share * weightsOf("model"), `${weightsOf(dtype)} of ${weightsOf("model")}`);
    assert.is(figures["texts"], 6);
    assert.ok((figures["cosine_mean"] as number) >= cosine, JSON.stringify(figures));
    assert.ok((figures["cosine_least"] as number) <= (figures["cosine_mean"] as number));
    for (const name of ["spearman", "spearman_before", "speed"]) assert.type(figures[name], "number");
    const words = ["embed", "--text", "--json", "--model"];
    const [own] = objects([...words, dtype], "a cat\n");
    const [later] = objects([...words, "model", "--dtype", dtype], "a cat\n");
    // Quantized as it loads or before it is loaded: the same weights.
    assert.equal(own, later);
    assert.equal(readdirSync(join(place, dtype, "notes")), ["card.md"]);
    assert.not(existsSync(join(place, dtype, "pytorch_model.bin")), "weights in another format would be the old ones");
  });

test("a quantized folder is trained, merged and distilled in f32", () => {
  const [rows, rest] = ["rows.tsv", ["--epochs", "1", "--batch-size", "2", "--max-length", "16"]];
  writeFileSync(join(place, rows), "text\tlabel\na cat\tgood\na dog\tbad\nit rained\tgood\n");
  const classify = ["finetune", "--task", "classify", "--train", rows, ...rest];
  const calls = (model: string, out: string): string[][] => [
    [...classify, "--model", model, "--out", `${out}-classifier`],
    [...classify, "--model", model, "--lora", "2", "--out", `${out}-adapter`],
    ["merge", "--model", model, "--adapter", `${out}-adapter`, "--out", `${out}-merged`],
    ["pretrain", "--from", model, "--steps", "1", "--length", "32", "--rows", "2", "--out", `${out}-longer`, text],
    ["distill", "--teacher", model, "--layers", "1", "--steps", "1", "--length", "32", "--rows", "2", "--out", `${out}-student`, text], // biome-ignore format: one line
  ];
  const folders = ["classifier", "merged", "longer", "student"];
  for (const dtype of ["q8", "q4"]) {
    for (const words of calls(dtype, `from-${dtype}`)) {
      const { status, stderr } = cloze(words);
      assert.is(status, 0, `${words.join(" ")}: ${stderr}`);
      if (words[0] !== "distill")
        assert.match(stderr, new RegExp(`${dtype} is kept in ${dtype}; the new folder is in f32`));
    }
    for (const folder of folders) {
      assert.not.match(readFileSync(join(place, `from-${dtype}-${folder}/config.json`), "utf8"), /quantization_config/);
      const tensors = lastObject(["inspect", "--json", `from-${dtype}-${folder}`])["tensor_list"];
      assert.ok(
        (tensors as { dtype: string }[]).every((tensor) => tensor.dtype === "F32"),
        folder,
      );
    }
  }
});

test("without texts only sizes are printed", () => {
  const figures = lastObject(["quantize", "--model", "model", "--out", "plain", "--json"]);
  assert.equal(Object.keys(figures), ["done", "dtype", "size", "size_before", "out"]);
  assert.match(readFileSync(join(place, "plain/config.json"), "utf8"), /"quantization_config"/);
});

test("impossible requests are refused, and nothing is written", () => {
  writeFileSync(join(place, "empty.txt"), "\n");
  writeFileSync(join(place, "numbers.jsonl"), "7\n");
  const refusals: [string[], RegExp][] = [
    [["--out", "plain"], /plain.*exists|exists.*plain/],
    [["--out", "new", "--dtype", "q2"], /q2/],
    [["--out", "new", "empty.txt"], /empty.txt has no texts/],
    [["--out", "new", "numbers.jsonl"], /numbers.jsonl:1: expected a JSON string/],
    [["--out", "new", "absent.jsonl"], /absent.jsonl/],
  ];
  for (const [words, message] of refusals) {
    const { status, stderr } = cloze(["quantize", "--model", "model", ...words]);
    assert.is(status, 2, `${words.join(" ")}: ${stderr}`);
    assert.match(stderr, message);
    assert.not(existsSync(join(place, "new")));
  }
});

test.after(remove);
test.run();
