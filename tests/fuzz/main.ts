/**
 * npm run fuzz [-- TARGET…] [--minutes N] [--seed N]
 *
 * Every target in turn, in a process of its own, so that a hang or a crash is seen from outside. A failure prints the seed,
 * writes the mutant that caused it beside the build, and ends the run with status 1.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import type { Mutant } from "./fixtures.js";
import { fault } from "./judge.js";
import { TARGETS } from "./targets.js";

/** A reader that has not answered by then hangs. */
const LONGEST = 5000;
/** Memory that a reader may take beside four times its file. */
const ROOM = 64 * 2 ** 20;
const BATCH = 250;

const out = join(process.env["CLOZE_ROOT"] ?? ".", "build", "fuzz");
const kept = (name: string): string => join(out, name.replaceAll("/", "_"));

interface Settings {
  readonly targets: string[];
  readonly minutes: number;
  readonly seed: number;
}

function settingsOf(args: readonly string[]): Settings {
  const targets: string[] = [];
  let [minutes, seed] = [1, Date.now() % 2 ** 31];
  for (let i = 0; i < args.length; i++) {
    const argument = args[i]!;
    if (argument === "--minutes") minutes = Number(args[++i]);
    else if (argument === "--seed") seed = Number(args[++i]);
    else targets.push(argument);
  }
  const unknown = targets.find((target) => !Object.hasOwn(TARGETS, target));
  if (unknown !== undefined || !(minutes > 0) || !Number.isInteger(seed)) {
    console.error(`usage: npm run fuzz -- [${Object.keys(TARGETS).join(" | ")}] [--minutes N] [--seed N]`);
    process.exit(2);
  }
  return { targets: targets.length > 0 ? targets : Object.keys(TARGETS), minutes, seed };
}

/** Bytes of this process that are its own: what a reader could have grown. */
function memory(): number {
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + Math.max(external, arrayBuffers);
}

const collect = (): void => (globalThis as { gc?: () => void }).gc?.();

/** Read one mutant; throws when the reader breaks a promise. */
async function judge({ read, size }: Mutant): Promise<"read" | "refused"> {
  const before = memory();
  const begun = performance.now();
  let result: "read" | "refused" = "read";
  try {
    await read();
  } catch (error) {
    const why = fault(error);
    if (why !== null) throw new Error(why, { cause: error });
    result = "refused";
  }
  const took = performance.now() - begun;
  if (took > LONGEST) throw new Error(`reading took ${(took / 1000).toFixed(1)} s`);
  if (memory() - before > ROOM + 4 * size) {
    collect();
    const held = memory() - before;
    if (held > ROOM + 4 * size)
      throw new Error(`${Math.round(held / 2 ** 20)} MB are held after ${size} bytes were read`);
  }
  return result;
}

/** End the child with the smallest mutant that breaks a promise, if one does. */
function report({ failed, counterexample, errorInstance, seed }: fc.RunDetails<[Mutant]>): void {
  if (!failed || !counterexample) return;
  const [{ name, bytes }] = counterexample;
  writeFileSync(kept(name), bytes);
  const error = errorInstance as Error;
  const stack = (error.cause as Error | undefined)?.stack?.split("\n").slice(0, 6).join("\n") ?? "";
  console.error(
    `seed ${seed}: ${error.message}\n${kept(name)}: ${JSON.stringify(new TextDecoder().decode(bytes).slice(0, 600))}\n${stack}`,
  );
  process.exit(1);
}

/** The child: one target until its time is over. Prints a line of JSON before each batch and at the end. */
async function run(target: string, seconds: number, seed: number): Promise<void> {
  const mutants = await TARGETS[target]!();
  const counts = { read: 0, refused: 0 };
  const until = performance.now() + 1000 * seconds;
  const settled = { batch: 0, bytes: 0 };
  for (let batch = 0; performance.now() < until; batch++) {
    process.stdout.write(`${JSON.stringify({ batch, seed: seed + batch })}\n`);
    const property = fc.asyncProperty(mutants, async (mutant) => {
      writeFileSync(kept(`${target}.last`), mutant.bytes);
      process.stdout.write(".\n");
      counts[await judge(mutant)]++;
    });
    report(await fc.check(property, { seed: seed + batch, numRuns: BATCH }));
    collect();
    // Growth: what a thousand mutants leave behind must not add up.
    if (batch === 4) Object.assign(settled, { batch, bytes: memory() });
    if (batch > 4 && memory() - settled.bytes > 2 * ROOM)
      throw new Error(`memory grew by ${Math.round((memory() - settled.bytes) / 2 ** 20)} MB from batch 4 to ${batch}`);
  }
  process.stdout.write(`${JSON.stringify(counts)}\n`);
}

/** The parent's side of one target: true when every promise was kept. */
function watch(target: string, seconds: number, seed: number): Promise<boolean> {
  return new Promise((resolve) => {
    const child: ChildProcess = spawn(
      process.execPath,
      [
        "--expose-gc",
        "--max-old-space-size=1024",
        "--enable-source-maps",
        fileURLToPath(import.meta.url),
        "--child",
        target,
        String(seconds),
        String(seed),
      ],
      { stdio: ["ignore", "pipe", "pipe"], env: process.env },
    );
    let [counts, errors, batch, hung] = ["", "", "", false];
    const kill = () => {
      hung = true;
      child.kill("SIGKILL");
    };
    // The first answer waits for the seeds to be made.
    let alarm = setTimeout(kill, 12 * LONGEST);
    child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      clearTimeout(alarm);
      alarm = setTimeout(kill, 2 * LONGEST);
      for (const line of text.split("\n").filter((line) => line.startsWith("{"))) {
        if (line.includes('"batch"')) batch = line;
        else counts = line;
      }
    });
    child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      errors += text;
    });
    child.on("close", (code) => {
      clearTimeout(alarm);
      const good = code === 0 && counts !== "";
      const { read = 0, refused = 0 } = counts === "" ? {} : (JSON.parse(counts) as { read: number; refused: number });
      console.log(
        `${good ? "ok  " : "FAIL"} ${target}: ${good ? `${read} read, ${refused} refused` : `${hung ? "no answer; killed" : `ended with ${code}`}, in ${batch}`}`,
      );
      if (!good) console.log(`${errors.slice(0, 4000)}\nthe last mutant: ${kept(`${target}.last`)}`);
      resolve(good && read > 0 && refused > 0);
    });
  });
}

mkdirSync(out, { recursive: true });
if (process.argv[2] === "--child") await run(process.argv[3]!, Number(process.argv[4]), Number(process.argv[5]));
else {
  const { targets, minutes, seed } = settingsOf(process.argv.slice(2));
  console.log(`seed ${seed}, ${targets.length} targets, ${minutes} minutes`);
  let [passed, failed] = [0, 0];
  for (const target of targets) {
    if (await watch(target, (60 * minutes) / targets.length, seed)) passed++;
    else failed++;
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed > 0 ? 1 : 0);
}
