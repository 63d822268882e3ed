/** Adapters, frozen parts and layer-wise rates on the command line. */
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { commandIn } from "../helpers/command.js";
import { root } from "../helpers/shared.js";

const test = suite("adapters on the command line");
const { place, cloze, lastObject, remove } = commandIn("adapters");
const [train, held] = ["train", "test"].map((part) => join(root, `corpus/sentiment/${part}.tsv`)) as [string, string];
const text = join(root, "corpus/text/a-animals.txt");

const sizes = "--layers 2 --width 32 --heads 2 --vocabulary 300 --length 48 --rows 8".split(" ");
const learn = ["finetune", "--task", "classify", "--model", "model", "--train", train, "--test", held, "--epochs", "1"];

test("an adapter is trained, evaluated and merged, with the same predictions each way", () => {
  lastObject(["pretrain", "--out", "model", "--json", "--steps", "5", ...sizes, "--dev", text, text]);
  const figures = lastObject([...learn, "--lora", "4", "--lora-target", "query,value", "--out", "adapter", "--json"]);
  assert.equal(readdirSync(join(place, "adapter")).sort(), [
    "adapter_config.json",
    "adapter_model.safetensors",
    "config.json",
    "curves.jsonl",
    "run_manifest.json",
    // How it reads texts: the longest sequence that it was trained with is not its model's.
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
  ]);
  const scored = lastObject(["evaluate", "--model", "model", "--adapter", "adapter", "--test", held, "--json"]);
  assert.is(scored["test_accuracy"], figures["test_accuracy"]);
  assert.is(
    lastObject(["merge", "--model", "model", "--adapter", "adapter", "--out", "merged", "--json"])["layers"],
    4,
  );
  const line = '{"text": "A lovely day."}\n';
  const adapted = lastObject(["predict", "--model", "model", "--adapter", "adapter"], line);
  const merged = lastObject(["predict", "--model", "merged"], line);
  assert.is(adapted["label"], merged["label"]);
  // Two layers of f32 sums, added up in another order.
  assert.ok(Math.abs((adapted["score"] as number) - (merged["score"] as number)) < 1e-5);
});

test("an adapter of an embedding model is learned from pairs, and its merged model has the same vectors", () => {
  const pairs = Array.from({ length: 40 }, (_, i) => `text ${i} of ${i % 7}\tline ${i} of ${i % 7}\n`).join("");
  writeFileSync(join(place, "pairs.tsv"), `text\tpair\n${pairs}`);
  const words = "--task embed --model model --train pairs.tsv --dev pairs.tsv --epochs 3 --lora 4 --out vectors --json";
  const { dev_mrr: learned } = lastObject(["finetune", ...words.split(" ")]);
  const scored = "evaluate --task embed --model model --adapter vectors --test pairs.tsv --json";
  assert.is(lastObject(scored.split(" "))["test_mrr"], learned);
  lastObject("merge --model model --adapter vectors --out merged-vectors --json".split(" "));
  const embedded = (...of: string[]) =>
    lastObject(["embed", "--text", "--json", ...of], "text 1 of 1\n")["embedding"] as number[];
  const [plain, adapted, merged] = [
    embedded("--model", "model"),
    embedded("--model", "model", "--adapter", "vectors"),
    embedded("--model", "merged-vectors"),
  ];
  const distance = (other: readonly number[]) => Math.max(...adapted.map((x, i) => Math.abs(x - other[i]!)));
  // Two layers of f32 sums, added up in another order.
  assert.ok(distance(merged) < 1e-5, `${distance(merged)}`);
  assert.ok(distance(plain) > 1e-3, `${distance(plain)}`);
  const files = (folder: string) => readdirSync(join(place, folder));
  assert.ok(files("merged-vectors").includes("modules.json"));
  // sentence-transformers opens it as it is: beside a config.json it would look for the whole model's weights.
  assert.ok(files("vectors").includes("modules.json") && !files("vectors").includes("config.json"));
});

test("the report of an adapter shows the attention of the adapted model, where its model is", () => {
  const report = (...more: string[]) => {
    const text = "She drank a cup of tea.";
    const words = ["report", "adapter", "--out", "report.html", "--force", "--text", text, ...more];
    const { status, stderr } = cloze(words);
    assert.is(status, 0, stderr);
    return readFileSync(join(place, "report.html"), "utf8");
  };
  const found = report();
  assert.match(found, /Attention in “She drank a cup of tea\.”/);
  assert.is(report("--model", "model"), found);
  renameSync(join(place, "model"), join(place, "moved"));
  assert.match(report(), /The adapter's model model is not here; name it with --model/);
  assert.is(report("--model", "moved"), found);
  assert.match(report("--model", "merged"), /merged is not the model that the adapter was trained on/);
  renameSync(join(place, "moved"), join(place, "model"));
});

test("frozen parts and layer-wise rates", () => {
  const slow = [
    ...learn,
    "--freeze",
    "embeddings,encoder.layer.0-0",
    "--layer-decay",
    "0.8",
    "--out",
    "slow",
    "--json",
  ];
  assert.type(lastObject(slow)["test_accuracy"], "number");
});

test("options that contradict each other or name nothing are refused", () => {
  const cases: [string[], RegExp][] = [
    [["--lora-alpha", "8"], /--lora-dropout need --lora/],
    [["--lora", "4", "--out", "model", "--force"], /--lora: the adapter needs its model model/],
    [["--lora", "4", "--freeze", "embeddings"], /--lora and --freeze exclude each other/],
    [["--lora", "4", "--lora-target", "qeury"], /no layer is named qeury/],
    [["--freeze", "encoder.layer.9"], /no parameter is named like encoder\.layer\.9/],
    [["--layer-decay", "2"], /above 0 and at most 1/],
  ];
  for (const [words, message] of cases) {
    const { status, stderr } = cloze([...learn, "--out", "new", ...words]);
    assert.is(status, 2, words.join(" "));
    assert.match(stderr, message);
  }
  const nowhere = cloze(["merge", "--model", "model", "--adapter", "model", "--out", "new"]);
  assert.is(nowhere.status, 2);
  assert.match(nowhere.stderr, /adapter_config\.json is missing/);
});

test.after(remove);
test.run();
