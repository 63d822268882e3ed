/** `cloze verify`: a run is derived again from the record beside its model. */
import { createHash } from "node:crypto";
import { copyFileSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { commandIn, interruptedIn, objectsOf } from "../helpers/command.js";

const test = suite("cloze verify");
const { place, cloze, objects, remove } = commandIn("verify");
const interrupted = interruptedIn(place);
const at = (...names: string[]) => join(place, ...names);

const WORDS = "the cat dog sun moon sat ran on over a mat hill and slept sang".split(" ");
const sentence = (i: number) =>
  Array.from({ length: 6 }, (_, k) => WORDS[(i * 7 + k * (1 + (i % 5))) % WORDS.length]).join(" ");
writeFileSync(
  at("text.txt"),
  Array.from({ length: 240 }, (_, i) => sentence(i) + (i % 6 === 5 ? "\n" : "")).join("\n"),
);
const rows = Array.from({ length: 60 }, (_, i) => `${sentence(i)}\t${i % 2 ? "odd" : "even"}`);
writeFileSync(at("train.tsv"), ["text\tlabel", ...rows].join("\n"));

const SIZES = "--layers 1 --width 16 --heads 2 --vocab-size 60 --length 16 --batch-size 4".split(" ");
const LONG = ["pretrain", ...SIZES, "--steps", "110", "--objective", "masked-lm", "text.txt", "--out"];

interface Manifest {
  weights: { step: number; weights: string; chain: string }[];
  settings: Record<string, unknown>;
  options: Record<string, unknown>;
}
const manifestOf = (folder: string): Manifest => JSON.parse(readFileSync(at(folder, "run_manifest.json"), "utf8"));
const rewrite = (folder: string, change: (manifest: Manifest) => void) => {
  const manifest = manifestOf(folder);
  change(manifest);
  writeFileSync(at(folder, "run_manifest.json"), JSON.stringify(manifest));
};

test("a pre-training run is derived again, to the bytes of its weights", () => {
  objects([...LONG, "whole", "--json"]);
  assert.equal(
    manifestOf("whole").weights.map(({ step }) => step),
    [0, 50, 100],
  );
  copyFileSync(at("text.txt"), at("same-text-elsewhere.txt"));
  const said = objects(["verify", "whole", "same-text-elsewhere.txt", "--json"]);
  assert.equal(
    said.map(({ step, file, same, verified }) => step ?? file ?? [same, verified]),
    [0, 50, 100, 110, "model.safetensors", [undefined, true]],
  );
  assert.ok(said.slice(0, -1).every(({ same }) => same === true));
  // Nothing names the machine on which the run was.
  assert.not.match(readFileSync(at("whole", "run_manifest.json"), "utf8"), place);
});

test("a part of a run is compared with --steps", () => {
  const said = objects(["verify", "whole", "text.txt", "--steps", "50", "--json"]);
  assert.equal(
    said.map(({ step }) => step),
    [0, 50, undefined],
  );
  assert.equal(said.at(-1), { verified: true, from: 0, to: 50 });
});

test("a resumed run has the record of an uninterrupted one, and its checkpoint verifies the rest", () => {
  interrupted([...LONG, "parts", "--checkpoint-every", "60", "--json"], "parts");
  copyFileSync(at("parts.checkpoint"), at("sixty.checkpoint"));
  objects(["pretrain", "--resume", "parts", "--json"]);
  assert.equal(manifestOf("parts").weights, manifestOf("whole").weights);
  const said = objects(["verify", "parts", "text.txt", "--checkpoint", "sixty.checkpoint", "--json"]);
  assert.equal(said.map(({ step }) => step).slice(0, 2), [100, 110]);
  assert.equal(said.at(-1), { verified: true, from: 100, to: 110 });
});

test("a run from a model is verified whatever the record beside that model says of its threads", () => {
  const from = [
    "--from",
    "whole",
    ..."--length 16 --batch-size 4 --steps 50 --seed 2 --objective masked-lm".split(" "),
  ];
  objects(["pretrain", ...from, "text.txt", "--out", "second", "--json"]);
  rewrite("whole", ({ options }) => {
    options["threads"] = 2;
  });
  const said = objects(["verify", "second", "text.txt", "whole", "--json"]);
  assert.equal(said.at(-1), { verified: true, from: 0, to: 50 });
});

test("weights that differ are found at their step, with status 1", () => {
  objects([...LONG, "changed", "--json"]);
  const other = "0".repeat(64);
  rewrite("changed", ({ weights }) => {
    weights[1]!.weights = other;
  });
  const broken = cloze(["verify", "changed", "text.txt"]);
  assert.is(broken.status, 2);
  assert.match(broken.stderr, /hashes of step 50 do not follow from those before/);
  // A record of other weights whose links are right.
  rewrite("changed", ({ weights }) => {
    for (const [i, at] of weights.entries())
      at.chain = createHash("sha256").update(weights[i - 1]?.chain ?? "").update(at.weights).digest("hex"); // biome-ignore format: one line
  });
  const { status, stdout } = cloze(["verify", "changed", "text.txt", "--json"]);
  assert.is(status, 1);
  const said = objectsOf(stdout);
  assert.equal(
    said.map(({ step, same }) => [step, same]),
    [
      [0, true],
      [50, false],
      [undefined, undefined],
    ],
  );
  assert.equal(said.at(-1), { verified: false, from: 0, to: 50, differs: 50 });
});

test("a model file that was changed after the run is named", () => {
  objects([...LONG, "edited", "--json"]);
  const file = at("edited", "model.safetensors");
  const bytes = readFileSync(file);
  bytes[bytes.length - 3]! ^= 1;
  writeFileSync(file, bytes);
  const { status, stdout } = cloze(["verify", "edited", "text.txt"]);
  assert.is(status, 1);
  assert.match(stdout, "model.safetensors");
});

test("other data, other settings and a missing record are refused by name", () => {
  writeFileSync(at("other.txt"), "another text\n\nand more of it\n");
  for (const [words, expected] of [
    [["verify", "whole"], /text\.txt with SHA-256/],
    [["verify", "whole", "other.txt"], /other\.txt has/],
    [["verify", "whole", "text.txt", "other.txt"], /other\.txt: the run did not read it/],
    [["verify", "whole", "absent.txt"], /cannot read absent\.txt: there is no such file/],
    [["verify", "."], /no run_manifest\.json/],
    [["verify", "whole", "text.txt", "--steps", "x"], /whole number/],
  ] as const) {
    const { status, stderr } = cloze([...words]);
    assert.is(status, 2, stderr);
    assert.match(stderr, expected);
  }
  objects([...LONG, "reset", "--json"]);
  rewrite("reset", ({ settings }) => {
    settings["seed"] = 2;
  });
  const { status, stderr } = cloze(["verify", "reset", "text.txt"]);
  assert.is(status, 2);
  assert.match(stderr, /seed was 2, and is 1/);
});

test("a damaged record is refused with the name of the field", () => {
  for (const [field, value] of [
    ["format", "cloze-run-0"],
    ["command", 5],
    ["options", []],
    ["inputs", [{ role: "files[0]" }]],
    ["settings", { seed: [] }],
    ["weights", [{ step: 0 }]],
    ["saved", "abc"],
  ] as const) {
    writeFileSync(at("run_manifest.json"), JSON.stringify({ ...manifestOf("whole"), [field]: value }));
    const { status, stderr } = cloze(["verify", ".", "text.txt"]);
    assert.is(status, 2, stderr);
    assert.match(stderr, field);
  }
  rmSync(at("run_manifest.json"));
});

test("fine-tuning and distillation are derived again too, from inputs under other names", () => {
  objects([
    "finetune",
    "--task",
    "classify",
    "--model",
    "whole",
    "--train",
    "train.tsv",
    "--epochs",
    "4",
    "--out",
    "classes",
    "--json",
  ]);
  renameSync(at("train.tsv"), at("rows.tsv"));
  const tuned = objects(["verify", "classes", "rows.tsv", "whole", "--json"]);
  assert.equal(tuned.at(-1), { verified: true, from: 0, to: 16 });
  objects([
    "distill",
    "--teacher",
    "whole",
    "--layers",
    "1",
    "--steps",
    "60",
    "--out",
    "student",
    "text.txt",
    "--json",
  ]);
  const taught = objects(["verify", "student", "whole", "text.txt", "--json"]);
  assert.equal(taught.at(-1), { verified: true, from: 0, to: 60 });
});

test.after(remove);
test.run();
