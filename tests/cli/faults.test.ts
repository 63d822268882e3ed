/**
 * Commands that write, killed or refused by the system while they do: their output is complete or absent, the
 * previous output stays until then, and the same command completes afterwards with the same bytes.
 *
 * strace counts and fails system calls; one thread for files makes their order the same in every run.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { commandIn } from "../helpers/command.js";
import { root } from "../helpers/shared.js";

const test = suite("commands under faults");
const { place, cloze, remove } = commandIn("faults");

/** Where strace can filter in the kernel, a process stops at the named calls alone. Signals are not sent then. */
const filtered = spawnSync("strace", ["-f", "--seccomp-bpf", "-e", "trace=rename", "-o", "/dev/null", "true"]);
const FILTER = filtered.status === 0 ? ["--seccomp-bpf"] : [];
const strace = spawnSync("strace", ["-o", "/dev/null", "true"]).status === 0;
if (!strace) console.log("skipped: commands that are killed or refused at their system calls (needs strace)");

const words = ["cat", "dog", "sea", "hill", "sat", "ran", "old", "low", "the", "a"];
const sentence = (i: number): string => Array.from({ length: 6 }, (_, j) => words[(i * 7 + j * j) % 10]).join(" ");
writeFileSync(join(place, "text.txt"), Array.from({ length: 40 }, (_, i) => sentence(i)).join("\n"));
const rows = Array.from({ length: 12 }, (_, i) => `${sentence(i)}\t${i % 2 === 0 ? "yes" : "no"}`);
writeFileSync(join(place, "rows.tsv"), ["text\tlabel", ...rows].join("\n"));

const tokenizer = ["train-tokenizer", "--size", "80", "text.txt"];
const sizes = ["--layers", "1", "--width", "8", "--heads", "1", "--length", "16", "--rows", "2"];
const pretrain = [
  "pretrain",
  "--objective",
  "masked-lm",
  ...sizes,
  "--steps",
  "4",
  "--checkpoint-every",
  "2",
  "--tokenizer",
  "tok.json",
  "text.txt",
];
const finetune = ["finetune", "--task", "classify", "--model", "base", "--train", "rows.tsv", "--epochs", "1"];

/** Holds times, and is written once more when the figures are known: tests/cli/curves.test.ts compares it. */
const CURVES = /curves\.jsonl/;

/** Hashes of all files at a path by name, the curves left out; null where there is nothing. */
function stateOf(path: string): Record<string, string> | null {
  if (!existsSync(path)) return null;
  const all = statSync(path).isDirectory() ? (readdirSync(path, { recursive: true }) as string[]).sort() : [""];
  const names = all.filter((name) => !CURVES.test(name));
  const files = names.map((name) => [name, join(path, name)] as const).filter(([, file]) => statSync(file).isFile());
  return Object.fromEntries(
    files.map(([name, file]) => [name, createHash("sha256").update(readFileSync(file)).digest("hex")]),
  );
}

/** Run a command under strace; `inject` as strace has it, or nothing. @returns its status and how often `call` was made */
function traced(command: readonly string[], call: string, inject?: string) {
  const log = join(place, "trace");
  const injected = inject === undefined ? [] : ["-e", `inject=${call}:${inject}`];
  const { status, stderr } = spawnSync(
    "strace",
    [
      "-f",
      ...(inject?.startsWith("signal") ? [] : FILTER),
      "-qq",
      "-o",
      log,
      "-e",
      `trace=${call}`,
      ...injected,
      process.execPath,
      join(root, "dist/cli.js"),
      ...command,
    ],
    { cwd: place, encoding: "utf8", env: { ...process.env, UV_THREADPOOL_SIZE: "1" } },
  );
  const count = readFileSync(log, "utf8")
    .split("\n")
    .filter((line) => line.includes(`${call}(`)).length;
  rmSync(log);
  return { status, stderr, count };
}

interface Sweep {
  readonly command: readonly string[];
  readonly out: string;
  /** the name of an entry that is copied to `out`, and which the command is told to replace */
  readonly over?: string;
  readonly resumes?: boolean;
}

const succeeds = (command: readonly string[]): void => {
  const { status, stderr } = cloze(command);
  assert.is(status, 0, `${command.join(" ")}: ${stderr}`);
};

function sweep({ command, out, over, resumes = false }: Sweep, call: string, what: string, places: number): void {
  const target = join(place, out);
  const clear = () => {
    for (const name of readdirSync(place))
      if (name.startsWith(out) || name.startsWith(`.${out}`)) rmSync(join(place, name), { recursive: true });
  };
  const full = [...command, "--out", out];
  clear();
  const { count, status } = traced(full, call);
  assert.is(status, 0);
  const after = stateOf(target);
  let failures = 0;
  for (let k = 0; k < places; k++) {
    // The last calls put the written part into its place.
    const n = Math.max(1, count - k);
    clear();
    if (over) cpSync(join(place, over), target, { recursive: true });
    const before = stateOf(target);
    const forced = over ? [...full, "--force"] : full;
    const failed = traced(forced, call, `${what}:when=${n}`);
    const label = `${command[0]}, ${call} ${n} of ${count} ${what}`;
    assert.not.match(failed.stderr, /\n +at /, `${label}: no stack trace`);
    // Whoever looks next finds the old state or the new one, also where it has to be put back first.
    if (over && statSync(target, { throwIfNoEntry: false }) === undefined) cloze(["inspect", out]);
    const now = stateOf(target);
    const isBefore = JSON.stringify(now) === JSON.stringify(before);
    const isAfter = JSON.stringify(now) === JSON.stringify(after);
    assert.ok(isBefore || isAfter, `${label}: neither the old state nor the new one, but ${JSON.stringify(now)}`);
    if (failed.status !== 0) failures++;
    if (failed.status === 0) assert.ok(isAfter, `${label}: it said that it had succeeded`);
    const again = resumes && existsSync(`${target}.checkpoint`) ? ["--resume", out] : [];
    if (!isAfter || over) succeeds([...forced, ...again]);
    assert.equal(stateOf(target), after, `${label}: the run after it gives other bytes`);
    assert.equal(
      readdirSync(place, { recursive: true, encoding: "utf8" }).filter((name) => /\.part(\.old)?$/.test(name)),
      [],
      `${label}: something is left`,
    );
    if (k + 1 >= count) break;
  }
  assert.ok(failures > 0, `${command[0]}: no run failed`);
}

if (strace) {
  succeeds([...tokenizer, "--out", "tok.json"]);
  succeeds([...pretrain, "--out", "base"]);
  succeeds([...finetune, "--lora", "2", "--out", "adapter"]);
  const merge = ["merge", "--model", "base", "--adapter", "adapter"];

  const distill =
    "distill --teacher base --layers 1 --length 16 --rows 2 --steps 4 --checkpoint-every 2 text.txt".split(" ");
  const report = ["report", "base"];
  const quantize = ["quantize", "--model", "base", "--dtype", "f16"];

  const cases: readonly (readonly [Sweep, call: string, what: string, places: number])[] = [
    [{ command: tokenizer, out: "t.json" }, "rename", "signal=KILL", 1],
    [{ command: tokenizer, out: "t.json" }, "fsync", "error=ENOSPC", 1],
    [{ command: pretrain, out: "p", resumes: true }, "rename", "signal=KILL", 3],
    [{ command: pretrain, out: "p", resumes: true }, "fsync", "error=EIO", 5],
    [{ command: [...finetune, "--test", "rows.tsv"], out: "f", resumes: true }, "rename", "signal=KILL", 2],
    [{ command: [...finetune, "--lora", "2"], out: "l", resumes: true }, "rename", "signal=KILL", 2],
    [{ command: [...finetune, "--dev", "rows.tsv", "--seeds", "1,2"], out: "s", resumes: true }, "rename", "signal=KILL", 12], // biome-ignore format: one line
    [{ command: report, out: "r.html" }, "rename", "signal=KILL", 1],
    [{ command: report, out: "r.html" }, "fsync", "error=ENOSPC", 1],
    [{ command: distill, out: "d", resumes: true }, "rename", "signal=KILL", 1],
    [{ command: quantize, out: "z", over: "base" }, "rename", "signal=KILL", 1],
    [{ command: merge, out: "m", over: "base" }, "rename", "signal=KILL", 2],
    [{ command: merge, out: "m", over: "base" }, "rename", "error=EIO", 2],
  ];
  for (const [one, call, what, places] of cases)
    test(`${one.command[0]} --out ${one.out}${one.over ? " --force" : ""}: ${what} at its last calls of ${call}`, () =>
      sweep(one, call, what, places));
}

test("every command that writes refuses an unwritable path before the work", () => {
  writeFileSync(join(place, "file"), "");
  const writing = [tokenizer, pretrain, finetune, ["distill", "--teacher", "base", "--layers", "1", "text.txt"]];
  for (const command of writing) {
    const { status, stdout, stderr } = cloze([...command, "--json", "--out", "file/below"]);
    assert.is(status, 2, `${command[0]}: ${stderr}`);
    assert.is(stdout, "", `${command[0]}: no step`);
    assert.match(stderr, /file\/below/, command[0]);
  }
});

test("no input is replaced: not the text itself, nor a folder that holds data of the run", () => {
  mkdirSync(join(place, "held"));
  for (const name of ["rows.tsv", "text.txt"]) cpSync(join(place, name), join(place, "held", name));
  symlinkSync("held", join(place, "link"));
  assert.is(cloze([...tokenizer, "--out", "held/tok.json"]).status, 0);
  const held = "held/text.txt";
  const into = (out: string): (readonly string[])[] => [
    [...pretrain.slice(0, -3), "--tokenizer", "held/tok.json", held, "--out", out, "--force"],
    [...pretrain, "--dev", held, "--tokenizer", "held/tok.json", "--out", out, "--force"],
    ["finetune", "--task", "classify", "--model", "base", "--train", "held/rows.tsv", "--out", out, "--force"],
    ["quantize", "--model", "base", "--dtype", "q8", "--out", out, "--force", "--text", held],
  ];
  const before = stateOf(join(place, "held"));
  for (const command of [...into("held"), ...into("link"), ["train-tokenizer", "--size", "80", held, "--out", held]]) {
    const { status, stderr } = cloze(command);
    assert.is(status, 2, `${command.join(" ")}: ${stderr}`);
    assert.match(stderr, /--out (held|link).*: .* would be re(moved|placed)/);
    assert.equal(stateOf(join(place, "held")), before);
  }
});

test("--force starts over: the checkpoint of an older run cannot be resumed", () => {
  writeFileSync(join(place, "n.checkpoint"), "an older run");
  const { status } = cloze([...pretrain, "--out", "n", "--force", "--checkpoint-every", "100"]);
  assert.is(status, 0);
  assert.not.ok(existsSync(join(place, "n.checkpoint")));
});

test("a result that cannot be put in its place leaves a checkpoint, which writes it elsewhere", () => {
  // The place is taken while the run is under way: by a run that ends at its first step.
  const program = [
    `import { mkdirSync } from "node:fs";`,
    `const write = process.stdout.write.bind(process.stdout);`,
    `process.stdout.write = (...words) => { mkdirSync("late", { recursive: true }); return write(...words); };`,
    `process.argv = [process.argv[0], ...${JSON.stringify([...pretrain, "--json", "--out", "late"])}];`,
    `await import(${JSON.stringify(join(root, "dist/cli.js"))});`,
  ].join(" ");
  const late = spawnSync(process.execPath, ["--input-type=module", "-e", program], { cwd: place, encoding: "utf8" });
  assert.is(late.status, 2, late.stderr);
  assert.match(late.stderr, /late exists already.*The run is kept in late\.checkpoint/);
  succeeds(["pretrain", "--resume", "late", "--out", "elsewhere"]);
  assert.equal(stateOf(join(place, "elsewhere")), stateOf(join(place, "base")));
});

test("a standard output that is full or closed ends the command in one line, or quietly", () => {
  const run = (redirect: string) =>
    spawnSync("sh", ["-c", `"${process.execPath}" "${join(root, "dist/cli.js")}" tokenize --help ${redirect}`], {
      encoding: "utf8",
      cwd: place,
    });
  const closed = run("| true");
  assert.is(closed.stderr, "");
  if (!existsSync("/dev/full")) return;
  const full = run("> /dev/full");
  assert.is(full.status, 1);
  assert.is(full.stderr, "cloze: cannot write to standard output: ENOSPC\n");
});

test.after(remove);
test.run();
