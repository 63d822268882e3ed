/**
 * Memory of a published model: whole processes that load it and embed one text of sixteen tokens.
 *
 *   memory_bytes  the engine's memory
 *   peak_bytes    the largest resident size of the process
 *   kept          bytes of the engine's memory, as a multiple of the weights' bytes in f32
 *   peak          the largest resident size of the process above that of one with an empty engine, as the same multiple
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Build } from "../sdk/engine/source.js";
import { readSafetensors } from "../sdk/io/safetensors/safetensors.js";
import { halfFloats, rawSafetensors } from "../tests/helpers/raw-safetensors.js";
import { median, runtime } from "./measure.js";
import { emptyEngine, firstVector, model, type Printed, root, runProgram } from "./start.js";

interface MemoryReport {
  readonly build: Build;
  readonly json: boolean;
  readonly rounds: number;
  /** part of the names of the figures to measure */
  readonly only: string;
}

const MODEL = "all-MiniLM-L6-v2";
const DTYPES = ["f32", "f16", "q8", "q4"] as const;

/** Medians over some processes. */
function medians(rounds: number, node: string, source: string): Printed {
  const printed = Array.from({ length: rounds }, () => runProgram(node, "memory", source));
  const of = (field: keyof Printed): number => median(printed.map((one) => one[field]));
  return { resident_bytes: of("resident_bytes"), memory_bytes: of("memory_bytes"), peak_bytes: of("peak_bytes") };
}

export function reportMemory(report: MemoryReport): void {
  if (!existsSync(model)) {
    console.error(`skipped: memory (needs models/${MODEL} of the shared data)`);
    return;
  }
  reportTypes(report);
  reportLoading(report);
}

/** Memory by the type that weights are kept in. */
function reportTypes({ build, json, rounds, only }: MemoryReport): void {
  for (const dtype of DTYPES) {
    const name = `memory: MiniLM in ${dtype}, a text of 16 tokens`;
    if (!name.includes(only)) continue;
    const { memory_bytes, peak_bytes } = medians(rounds, process.execPath, firstVector(build, model, dtype));
    console.log(
      json
        ? JSON.stringify({ name, model: MODEL, dtype, build, runtime, memory_bytes, peak_bytes })
        : `${name.padEnd(48)} engine ${(memory_bytes / 1e6).toFixed(1)} MB, process ${(peak_bytes / 1e6).toFixed(1)} MB at most`,
    );
  }
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

/** Memory by the type of the file, as a multiple of the weights in f32. */
function reportLoading({ build, json, rounds, only }: MemoryReport): void {
  const place = mkdtempSync(join(tmpdir(), "cloze-bench-"));
  try {
    const half = join(place, "half");
    inHalf(half);
    const weights = weightBytes();
    for (const node of nodes()) {
      const on = spawnSync(node, ["--version"], { encoding: "utf8" }).stdout.trim().replace("v", "node ");
      for (const [dtype, path] of [
        ["f32", model],
        ["f16", half],
      ] as const) {
        const name = `load: MiniLM from ${dtype}, ${on}`;
        if (!name.includes(only)) continue;
        const empty = medians(rounds, node, `${emptyEngine(build)} const memory_bytes = memory();`);
        const loaded = medians(rounds, node, firstVector(build, path));
        const kept = loaded.memory_bytes / weights;
        const peak = (loaded.peak_bytes - empty.peak_bytes) / weights;
        console.log(
          json
            ? JSON.stringify({ name, model: MODEL, dtype, build, runtime: on, kept, peak })
            : `${name.padEnd(48)} kept ${kept.toFixed(3)}, peak ${peak.toFixed(3)} of ${(weights / 1e6).toFixed(1)} MB of f32`,
        );
      }
    }
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
