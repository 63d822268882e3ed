/**
 * From nothing to the first answer: whole processes, timed from their start to their end, and what loading a model takes
 * in memory.
 *
 *   kept      bytes of the engine's memory, as a multiple of the weights' bytes in f32
 *   peak      the largest resident size of the process above that of one with an empty engine, as the same multiple
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Build } from "../sdk/engine/source.js";
import { readSafetensors } from "../sdk/io/safetensors/safetensors.js";
import { halfFloats, rawSafetensors } from "../tests/helpers/raw-safetensors.js";
import { type Memory, median, type Subject } from "./measure.js";

const root = process.env["CLOZE_ROOT"] ?? process.cwd();
const shared = process.env["CLOZE_SHARED"] ?? join(root, "..", "shared");
const model = join(shared, "models/all-MiniLM-L6-v2");
const of = (file: string): string => JSON.stringify(pathToFileURL(join(root, "dist", file)).href);

/** What every program prints last. Linux hands maxRSS down from the parent process, but counts VmHWM from the start. */
const MEMORY = `const { existsSync: has, readFileSync: text } = await import("node:fs");
const status = has("/proc/self/status") ? /VmHWM:\\s*(\\d+)/.exec(text("/proc/self/status", "utf8")) : null;
const peak_bytes = 1024 * Number(status?.[1] ?? process.resourceUsage().maxRSS);
console.log(JSON.stringify({ resident_bytes: process.memoryUsage.rss(), peak_bytes, memory_bytes }));`;

/** What a program prints: bytes at its end, and the largest resident size that it had. */
interface Printed extends Memory {
  readonly peak_bytes: number;
}

function runProgram(node: string, name: string, source: string): Printed {
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

const emptyEngine = (build: Build): string =>
  `import { Engine, featureExtraction } from ${of("index.js")}; import { folder } from ${of("node.js")}; const engine = await Engine.create({ build: "${build}" }); const memory = () => engine.memory.buffer.byteLength;`;

/** A program that loads a folder and embeds one text. */
const firstVector = (build: Build, path: string): string =>
  `${emptyEngine(build)} const embed = await featureExtraction(folder(${JSON.stringify(path)}), { engine }); embed("A cat sleeps in the sun."); const memory_bytes = memory();`;

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

/** The runtimes that memory is measured on, by the path of their program. */
function nodes(): string[] {
  const node24 = join(root, "build/runtimes/node_modules/node24/bin/node");
  if (existsSync(node24)) return [process.execPath, node24];
  console.error("skipped: memory of Node 24 (scripts/runtimes.mjs installs it)");
  return [process.execPath];
}

/** The model's folder with its weights in f16. */
function inHalf(path: string): void {
  cpSync(model, path, { recursive: true, filter: (from) => !from.endsWith(".safetensors") });
  const file = readSafetensors(readFileSync(join(model, "model.safetensors")));
  const tensors = [...file.names()].map((name) => ({ name, shape: file.shape(name)!, dtype: file.dtype(name) }));
  const halves = tensors.map(({ name, shape, dtype }) =>
    dtype === "F32"
      ? { name, shape, dtype: "F16", bytes: halfFloats(file.floats(name)) }
      : { name, shape, dtype, bytes: new Uint8Array(BigInt64Array.from(file.integers(name), BigInt).buffer) },
  );
  writeFileSync(join(path, "model.safetensors"), rawSafetensors(halves));
}

/** Bytes of the weights in f32. */
function weightBytes(): number {
  const file = readSafetensors(readFileSync(join(model, "model.safetensors")));
  const counts = [...file.names()].map((name) =>
    file.dtype(name) === "F32" ? file.shape(name)!.reduce((product, length) => product * length, 1) : 0,
  );
  return 4 * counts.reduce((sum, count) => sum + count, 0);
}

/** What a published model takes in memory, from its f32 weights and from f16: medians of some processes each. */
export function reportLoading(build: Build, rounds: number, json: boolean): void {
  if (!existsSync(model)) return;
  const place = mkdtempSync(join(tmpdir(), "cloze-bench-"));
  try {
    const half = join(place, "half");
    inHalf(half);
    const weights = weightBytes();
    for (const node of nodes()) {
      const runtime = spawnSync(node, ["--version"], { encoding: "utf8" }).stdout.trim().replace("v", "node ");
      const times = Array.from({ length: rounds });
      const run = (source: string): Printed[] => times.map(() => runProgram(node, "loading", source));
      const empty = median(
        run(`${emptyEngine(build)} const memory_bytes = memory();`).map(({ peak_bytes }) => peak_bytes),
      );
      for (const [dtype, path] of [
        ["f32", model],
        ["f16", half],
      ] as const) {
        const printed = run(firstVector(build, path));
        const kept = median(printed.map(({ memory_bytes }) => memory_bytes)) / weights;
        const peak = (median(printed.map(({ peak_bytes }) => peak_bytes)) - empty) / weights;
        const name = `load: MiniLM from ${dtype}, ${runtime}`;
        console.log(
          json
            ? JSON.stringify({ name, model: "all-MiniLM-L6-v2", dtype, build, runtime, kept, peak })
            : `${name.padEnd(48)} kept ${kept.toFixed(3)}, peak ${peak.toFixed(3)} of ${(weights / 1e6).toFixed(1)} MB of f32`,
        );
      }
    }
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
