/** From nothing to the first answer: whole processes, timed from their start to their end. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Build } from "../sdk/engine/source.js";
import type { WeightDtype } from "../sdk/tensor/compact-panels.js";
import type { Memory, Subject } from "./measure.js";

export const root = process.env["CLOZE_ROOT"] ?? process.cwd();
const shared = process.env["CLOZE_SHARED"] ?? join(root, "..", "shared");
/** A published model, if the shared data has it. */
export const model = join(shared, "models/all-MiniLM-L6-v2");
const of = (file: string): string => JSON.stringify(pathToFileURL(join(root, "dist", file)).href);

/** The last line of every program. Linux hands maxRSS down from the parent process, but counts VmHWM from the start. */
const MEMORY = `const { existsSync: has, readFileSync: text } = await import("node:fs");
const status = has("/proc/self/status") ? /VmHWM:\\s*(\\d+)/.exec(text("/proc/self/status", "utf8")) : null;
const peak_bytes = 1024 * Number(status?.[1] ?? process.resourceUsage().maxRSS);
console.log(JSON.stringify({ resident_bytes: process.memoryUsage.rss(), peak_bytes, memory_bytes }));`;

/** The output of a program: bytes at its end, and its largest resident size. */
export interface Printed extends Memory {
  readonly peak_bytes: number;
}

export function runProgram(node: string, name: string, source: string): Printed {
  const words = ["--input-type=module", "--eval", `${source} ${MEMORY}`];
  const { status, stdout, stderr } = spawnSync(node, words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${name}: ${stderr}`);
  return JSON.parse(stdout) as Printed;
}

function program(name: string, source: string, more: Partial<Subject> = {}): Subject {
  let printed: Memory = { resident_bytes: 0, memory_bytes: 0 };
  return {
    name,
    ...more,
    run() {
      const { resident_bytes, memory_bytes } = runProgram(process.execPath, name, source);
      printed = { resident_bytes, memory_bytes };
    },
    memory: () => printed,
  };
}

export const emptyEngine = (build: Build): string =>
  `import { Engine, featureExtraction } from ${of("index.js")}; import { folder } from ${of("node.js")}; const engine = await Engine.create({ build: "${build}" }); const memory = () => engine.memory.buffer.byteLength;`;

/** A text of sixteen tokens. */
const TEXT = "A cat sleeps in the sun, and a bird sings in the tree.";

/** A program that loads a folder and embeds one text. */
export const firstVector = (build: Build, path: string, dtype: WeightDtype = "f32"): string =>
  `${emptyEngine(build)} const embed = await featureExtraction(folder(${JSON.stringify(path)}), { engine, dtype: "${dtype}" }); embed("${TEXT}"); const memory_bytes = memory();`;

export async function startSubjects(build: Build): Promise<Subject[]> {
  const subjects = [
    program("start: the runtime alone", "const memory_bytes = 0;"),
    program("start: an engine", `${emptyEngine(build)} const memory_bytes = memory();`),
  ];
  if (!existsSync(model)) {
    console.error("skipped: start of a published model (needs models/all-MiniLM-L6-v2 of the shared data)");
    return subjects;
  }
  const embed = firstVector(build, model);
  return [...subjects, program("start: first vector of MiniLM", embed, { model: "all-MiniLM-L6-v2", batch: 1 })];
}
