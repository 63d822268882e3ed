/**
 * npm run fuzz [-- TARGET…] [--minutes N] [--mutants N] [--seed N]
 *
 * Every target in turn, in a process of its own, so that a hang or a full heap is seen from outside. `--minutes` is the time
 * of all targets together (1 by default), `--mutants` instead a number for each. A failure prints the seed, writes the
 * mutant that caused it into build/fuzz, and ends the run with status 1.
 */
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { shownMutant } from "./mutant.js";
import { type Failure, HEAP, LONGEST, readMutants, type Said, type Work } from "./reader.js";
import { TARGETS } from "./targets.js";

const out = resolve(process.env["CLOZE_ROOT"] ?? ".", "build", "fuzz");

interface Settings {
  readonly targets: string[];
  readonly minutes: number;
  readonly mutants: number;
  readonly seed: number;
}

function settingsOf(args: readonly string[]): Settings {
  const targets: string[] = [];
  let [minutes, mutants, seed] = [1, Number.POSITIVE_INFINITY, Date.now() % 2 ** 30];
  for (let i = 0; i < args.length; i++) {
    const argument = args[i]!;
    if (argument === "--minutes") minutes = Number(args[++i]);
    else if (argument === "--mutants") [mutants, minutes] = [Number(args[++i]), Number.POSITIVE_INFINITY];
    else if (argument === "--seed") seed = Number(args[++i]);
    else targets.push(argument);
  }
  const unknown = targets.find((target) => !Object.hasOwn(TARGETS, target));
  if (unknown !== undefined || !(minutes > 0) || !(mutants > 0) || !Number.isInteger(seed)) {
    const names = Object.keys(TARGETS).join(" | ");
    console.error(`usage: npm run fuzz -- [${names}] [--minutes N] [--mutants N] [--seed N]`);
    process.exit(2);
  }
  return { targets: targets.length > 0 ? targets : Object.keys(TARGETS), minutes, mutants, seed };
}

/** How a reader ended: the last that it said, and why it ended before its work was done; null when it was. */
interface Ended {
  readonly last: Said;
  readonly why: string | null;
}

/** Read the mutants of some targets in a process of its own. */
function watch(work: Work, hear: (said: Said) => void): Promise<Ended> {
  return new Promise((done) => {
    // Source maps would take more of the heap than a reader may.
    const flags = ["--expose-gc", `--max-old-space-size=${HEAP}`, "--max-semi-space-size=4"];
    const child = spawn(process.execPath, [...flags, fileURLToPath(import.meta.url), "--read", JSON.stringify(work)], {
      stdio: ["ignore", "pipe", "pipe"],
      // A mutant may be the name of a model: nothing is asked of a network.
      env: { ...process.env, HF_HUB_OFFLINE: "1" },
    });
    let last: Said = { target: work.targets[0]!, seed: work.seed, index: 0, read: 0, refused: 0 };
    let [rest, errors, hangs] = ["", "", false];
    const kill = (): void => {
      hangs = true;
      child.kill("SIGKILL");
    };
    // The first answer waits for valid files to be made; a mutant that fails is read twice.
    let alarm = setTimeout(kill, 20 * LONGEST);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      clearTimeout(alarm);
      alarm = setTimeout(kill, 8 * LONGEST);
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        last = JSON.parse(line) as Said;
        hear(last);
      }
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors = (errors + text).slice(-4000);
    });
    child.on("close", (code, signal) => {
      clearTimeout(alarm);
      const heap = /heap (out of memory|limit)|Allocation failed/.test(errors);
      const why = hangs ? "no answer" : heap ? "the heap was full" : `ended with ${signal ?? code}\n${errors}`;
      done({ last, why: code === 0 ? null : why });
    });
  });
}

/** The mutant that ended a reader: its batch is read again, and says before each mutant which it is. */
async function culprit(target: string, seed: number, why: string): Promise<Failure> {
  const work = { targets: [target], seed, mutants: 500, until: 1e15, careful: true };
  const { last, why: again } = await watch(work, () => {});
  if (last.failure) return last.failure;
  if (again === null) return { why: `${why}; its batch alone was read`, name: "nothing", bytes: "", stack: "" };
  const mutants = fc.sample(await TARGETS[target]!(), { seed, numRuns: Math.max(1, last.index) });
  const { name, bytes } = shownMutant(mutants.at(-1)!);
  return { why, name, bytes: Buffer.from(bytes).toString("base64"), stack: "" };
}

/** Print the failure, and keep the mutant. */
function report(target: string, seed: number, { why, name, bytes, stack }: Failure): void {
  const kept = join(out, `${target}.${seed}.${name.replaceAll("/", "_")}`);
  const mutant = Buffer.from(bytes, "base64");
  writeFileSync(kept, mutant);
  console.log(`  seed ${seed}: ${why}\n  ${kept}: ${JSON.stringify(mutant.toString("utf8", 0, 600))}\n${stack}`);
}

/** Print the outcome of a target; true when every promise was kept. */
function outcome({ target, seed, read, refused, seconds = 0, failure }: Said): boolean {
  // Mutants of which none is read to its end are no test of a reader.
  const good = failure === undefined && read > 0;
  const rate = Math.round((read + refused) / seconds);
  console.log(`${good ? "ok  " : "FAIL"} ${target}: ${read} read, ${refused} refused, ${rate} a second`);
  if (failure) report(target, seed, failure);
  return good;
}

async function main(): Promise<void> {
  const { targets, minutes, mutants, seed } = settingsOf(process.argv.slice(2));
  const each = Number.isFinite(minutes) ? `${minutes} minutes` : `${mutants} mutants each`;
  console.log(`seed ${seed}, ${targets.length} targets, ${each}`);
  const until = Math.min(Date.now() + 60_000 * minutes, 1e15);
  let [passed, total] = [0, 0];
  const hear = (said: Said): void => {
    total += said.seconds === undefined ? 0 : said.read + said.refused;
    if (said.seconds !== undefined && outcome(said)) passed++;
  };
  for (let left = targets; left.length > 0; ) {
    const work = { targets: left, seed, mutants: Math.min(mutants, 1e15), until, careful: false };
    const { last, why } = await watch(work, hear);
    if (why === null) break;
    outcome({ ...last, seconds: 1, failure: await culprit(last.target, last.seed, why) });
    left = left.slice(left.indexOf(last.target) + 1);
  }
  console.log(`${total} mutants; ${passed} passed, ${targets.length - passed} failed`);
  process.exit(passed < targets.length ? 1 : 0);
}

// What a mutant writes beside itself is written here.
mkdirSync(join(out, "here"), { recursive: true });
process.chdir(join(out, "here"));
if (process.argv[2] === "--read") await readMutants(JSON.parse(process.argv[3]!) as Work);
else await main();
