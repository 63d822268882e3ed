/** `cloze finetune` over several seeds and numbers of examples, with weighted classes, and by its defaults. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { commandIn, objectsOf } from "../helpers/command.js";
import { root } from "../helpers/shared.js";

const test = suite("finetune on the command line");
const { place, cloze, objects, lastObject, remove } = commandIn("finetune");
test.after(remove);

const sizes = "--layers 1 --width 16 --heads 2 --length 32 --rows 4 --vocabulary 300 --steps 1 --json".split(" ");
objects(["pretrain", "--out", "base", "--objective", "masked-lm", ...sizes, join(root, "corpus/text/a-animals.txt")]);

const rows = Array.from({ length: 24 }, (_, i) => (i % 3 === 0 ? "the sun\tweather" : "the cat\tanimal"));
const write = (name: string, lines: readonly string[]) =>
  writeFileSync(join(place, name), `text\tlabel\n${lines.join("\n")}\n`);
write("train.tsv", rows);
write("dev.tsv", rows.slice(0, 6));
write("test.tsv", rows.slice(6, 15));
const task = ["finetune", "--task", "classify", "--model", "base", "--train", "train.tsv", "--json"];
const files = ["--dev", "dev.tsv", "--test", "test.tsv"];
const short = ["--epochs", "2", "--rate", "0.003", "--rows", "4"];

type Figures = Readonly<Record<string, number>>;
const weightsOf = (folder: string) => readFileSync(join(place, folder, "model.safetensors"));

test("several seeds: means and deviations of the runs; the best on dev is kept, as a run of its own seed", () => {
  const all = objects([...task, ...files, ...short, "--seeds", "3,1,2", "--out", "several"]);
  const runs = all.filter((line) => "seed" in line) as unknown as Figures[];
  assert.equal(
    runs.map(({ seed }) => seed),
    [3, 1, 2],
  );
  const last = all.at(-1)!;
  const accuracies = runs.map((run) => run["test_accuracy"]!);
  const mean = accuracies.reduce((sum, x) => sum + x / 3, 0);
  const deviation = Math.sqrt(accuracies.reduce((sum, x) => sum + (x - mean) ** 2 / 2, 0));
  // Sums of three shares.
  assert.ok(Math.abs((last["test_accuracy"] as number) - mean) < 1e-12);
  assert.ok(Math.abs((last["test_accuracy_sd"] as number) - deviation) < 1e-12);
  assert.equal(last["seeds"], [3, 1, 2]);
  const best = Math.max(...runs.map((run) => run["dev_accuracy"]!));
  const kept = runs.find((run) => run["dev_accuracy"] === best)!["seed"]!;
  assert.equal([last["kept_seed"], last["kept_by"]], [kept, "dev_accuracy"]);
  assert.equal(
    readdirSync(place).filter((name) => name.startsWith("several")),
    ["several"],
    "the other models are removed",
  );
  lastObject([...task, ...files, ...short, "--seed", String(kept), "--out", "one"]);
  assert.ok(weightsOf("several").equals(weightsOf("one")), "the same bits as that seed alone");
  const { status, stdout, stderr } = cloze(["verify", "several", "train.tsv", "dev.tsv", "test.tsv", "base", "--json"]);
  assert.is(status, 0, stderr);
  assert.is(objectsOf(stdout).at(-1)!["verified"], true);
});

test("several seeds, interrupted and resumed without flags: finished runs are kept, and the result has the same bits", () => {
  const words = [...task, ...files, ...short, "--seeds", "3,1", "--learning-curve", "8,all", "--checkpoint-every", "4"];
  const whole = lastObject([...words, "--out", "uninterrupted"]);
  const want = Object.entries(whole).filter(([name]) => !["seconds", "out"].includes(name));
  const folder = (name: string) =>
    Object.fromEntries(
      readdirSync(join(place, name))
        .filter((file) => file !== "curves.jsonl")
        .map((file) => [file, readFileSync(join(place, name, file), "utf8")]),
    );
  // A run has 4 or 12 steps, two epochs and its figures. By line: before the first checkpoint, in the second run of a part, at
  // the last step of a whole one, and at the last step of all.
  for (const [line, signal] of [
    [2, "SIGKILL"],
    [10, "SIGINT"],
    [27, "SIGKILL"],
    [42, "SIGKILL"],
  ] as const) {
    const program = [
      `const write = process.stdout.write.bind(process.stdout);`,
      `let lines = 0;`,
      `process.stdout.write = (...all) => { const done = write(...all); if (++lines === ${line}) process.kill(process.pid, "${signal}"); return done; };`,
      `process.argv = [process.argv[0], ...${JSON.stringify([...words, "--out", "stopped"])}];`,
      `await import(${JSON.stringify(join(root, "dist/cli.js"))});`,
    ].join(" ");
    const stopped = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
      cwd: place,
      encoding: "utf8",
    });
    assert.is.not(stopped.status, 0, `line ${line}`);
    const finished = objectsOf(stopped.stdout).filter((one) => "seed" in one);
    const kept = existsSync(join(place, "stopped.checkpoint"));
    if (signal === "SIGINT") assert.match(stopped.stderr, /interrupted at step \d+.*--resume stopped\.checkpoint/);
    if (kept)
      assert.match(cloze([...words, "--out", "stopped"]).stderr, /stopped\.checkpoint holds an interrupted run/);
    const resumed = objects(
      kept ? ["finetune", "--resume", "stopped", "--json"] : [...words, "--out", "stopped", "--force"],
    );
    assert.equal(
      Object.entries(resumed.at(-1)!).filter(([name]) => !["seconds", "out"].includes(name)),
      want,
      `line ${line}`,
    );
    assert.equal(folder("stopped"), folder("uninterrupted"), `line ${line}`);
    const steps = resumed.filter((one) => "step" in one).length;
    assert.is(
      steps <= 32 - finished.reduce((sum, one) => sum + (one["examples"] === 8 ? 4 : 12), 0),
      true,
      `line ${line}: ${steps} steps again`,
    );
    assert.equal(
      readdirSync(place).filter((name) => name.startsWith("stopped")),
      ["stopped"],
    );
    rmSync(join(place, "stopped"), { recursive: true });
  }
});

test("several seeds: resuming refuses other options, other data and another place", () => {
  const words = [...task, ...short, "--seeds", "3,1", "--checkpoint-every", "4"];
  const program = [
    `const write = process.stdout.write.bind(process.stdout);`,
    `let lines = 0;`,
    `process.stdout.write = (...all) => (++lines === 15 ? process.exit(9) : write(...all));`,
    `process.argv = [process.argv[0], ...${JSON.stringify([...words, "--out", "unfinished"])}];`,
    `await import(${JSON.stringify(join(root, "dist/cli.js"))});`,
  ].join(" ");
  assert.is(spawnSync(process.execPath, ["--input-type=module", "-e", program], { cwd: place }).status, 9);
  const refuse = (more: string[], message: RegExp) => {
    const { status, stderr } = cloze(["finetune", "--resume", "unfinished", ...more]);
    assert.is(status, 2, stderr);
    assert.match(stderr, message);
  };
  refuse(["--rate", "0.004"], /made with --learning-rate 0\.003, now it is 0\.004/);
  refuse(["--seeds", "3,2"], /made with --seeds \[3,1\], now it is \[3,2\]/);
  refuse(["--out", "elsewhere"], /several runs continue in their own folder/);
  write("train.tsv", rows.slice(1));
  refuse([], /made with --train [0-9a-f]{64}, now it is [0-9a-f]{64}/);
  write("train.tsv", rows);
  objects(["finetune", "--resume", "unfinished", "--json"]);
});

test("without a dev file the first seed is kept", () => {
  const last = lastObject([...task, "--test", "test.tsv", ...short, "--seeds", "7,8", "--out", "first"]);
  assert.equal([last["kept_seed"], last["kept_by"]], [7, "the first"]);
});

test("a learning curve: a point for each number of examples, the last of all; parts are drawn with the seed", () => {
  const curve = [...task, ...files, ...short, "--seeds", "1,2", "--learning-curve", "8,16,all", "--out", "curve"];
  const last = lastObject(curve);
  const points = last["curve"] as Figures[];
  assert.equal(
    points.map(({ examples }) => examples),
    [8, 16, 24],
  );
  assert.is(points[2]!["test_accuracy"], last["test_accuracy"]);
  for (const point of points) assert.type(point["test_accuracy_sd"], "number");
  const eight = lastObject([...task, ...files, ...short, "--examples", "8", "--seed", "2", "--out", "eight"]);
  assert.is(eight["examples"], 8);
  const one = objects([...curve, "--force"]).find((line) => line["seed"] === 2 && line["examples"] === 8)!;
  assert.is(one["test_accuracy"], eight["test_accuracy"]);
  const { stderr } = cloze([...curve.filter((word) => word !== "--json"), "--force"]);
  assert.match(stderr, /examples │ .*test_accuracy/);
  assert.match(stderr, /│ 16 .*± 0\.\d{4}/);
  assert.not.ok(existsSync(join(place, "curve.seed-1")));
});

test("by default few examples are read up to 20 times, and training stops when dev no longer improves", () => {
  const run = objects([...task, "--dev", "dev.tsv", "--rate", "1e-9", "--out", "defaults"]);
  assert.is(run.filter((line) => "epoch" in line).length, 6, "the first epoch, and five without improvement");
  const whole = objects([...task, "--rate", "1e-9", "--out", "whole"]);
  assert.is(whole.filter((line) => "step" in line).length, 40, "20 epochs of two batches");
});

test("weighted classes are a run of their own, and part of its record", () => {
  lastObject([...task, ...short, "--out", "plain"]);
  lastObject([...task, ...short, "--class-weights", "balanced", "--out", "weighted"]);
  assert.not.ok(weightsOf("plain").equals(weightsOf("weighted")));
  const { status, stderr } = cloze(["verify", "weighted", "train.tsv", "base"]);
  assert.is(status, 0, stderr);
});

test("options that contradict each other are refused", () => {
  const cases: [string[], RegExp][] = [
    [["--seeds", "1,1"], /a seed is given twice/],
    [["--seeds", "1,x"], /expected a whole number of at least 0, got "x"/],
    [["--seeds", "1,2", "--seed", "3"], /--seed and --seeds exclude each other/],
    [["--learning-curve", "16,8"], /ascending numbers/],
    [["--learning-curve", "all,8"], /expected a whole number of at least 1, got "all"/],
    [["--learning-curve", "8,99"], /--examples 99: train\.tsv has 24/],
    [["--learning-curve", "8", "--examples", "8"], /--examples and --learning-curve exclude/],
    [["--examples", "25"], /--examples 25: train\.tsv has 24/],
    [["--class-weights", "even"], /balanced/],
    [["--task", "regress", "--class-weights", "balanced"], /--class-weights is for --task classify, pair and tag/],
  ];
  for (const [more, message] of cases) {
    const { status, stderr } = cloze([...task, "--out", "refused", ...more]);
    assert.is(status, 2, more.join(" "));
    assert.match(stderr, message);
  }
  assert.not.ok(existsSync(join(place, "refused")));
});

test.run();
