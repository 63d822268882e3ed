/**
 * The yardsticks behind every share: multiply-adds on registers, and reading from memory, as fast as this core does them
 * now.
 *
 * 8, 12, 16 or 20 independent chains c = c * a + b. The operands come from arguments (V8 rematerializes constants at every
 * use, which costs three quarters of the speed), and each product depends on its own chain (a product of two invariants
 * would be hoisted out of the loop). With a = 0.5 and b = 1 the chains converge to 2: no denormals, no infinities.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Build } from "../sdk/engine/source.js";

const CHAINS = [8, 12, 16, 20] as const;
/** Multiply-adds of each chain per loop iteration. */
const UNROLL = 4;
/** A multiplication and an addition in each of four lanes. */
const OPERATIONS = 8;

const range = (n: number): number[] => [...Array(n).keys()];

function source(chains: number, build: Build): string {
  const names = range(chains).map((i) => `c${i}`);
  const step = names.map((c) =>
    build === "relaxed" ? `${c} = f32x4.relaxed_madd(${c}, a, b);` : `${c} = f32x4.add(f32x4.mul(${c}, a), b);`,
  );
  return `export function peak${chains}(turns: i32, x: f32, y: f32): f32 {
  const a = f32x4.splat(x), b = f32x4.splat(y);
  ${names.map((c, i) => `let ${c} = f32x4.splat(<f32>${i});`).join(" ")}
  while (turns > 0) {
    ${range(UNROLL)
      .map(() => step.join(" "))
      .join("\n    ")}
    turns--;
  }
  ${names
    .slice(1)
    .map((c) => `c0 = f32x4.add(c0, ${c});`)
    .join(" ")}
  return f32x4.extract_lane(c0, 0) + f32x4.extract_lane(c0, 3);
}`;
}

/** Bytes that the reading loop passes over: more than a core's share of any cache. */
const READ_BYTES = 192 << 20;

/** The sum of all vectors of the memory from its second page on: eight sums, in steps of two cache lines. */
const READER = `export function read(bytes: usize): f32 {
  ${range(8)
    .map((i) => `let s${i} = f32x4.splat(0);`)
    .join(" ")}
  const end: usize = 65536 + bytes;
  for (let p: usize = 65536; p < end; p += 128) {
    ${range(8)
      .map((i) => `s${i} = f32x4.add(s${i}, v128.load(p, ${16 * i}));`)
      .join(" ")}
  }
  ${range(7)
    .map((i) => `s0 = f32x4.add(s0, s${i + 1});`)
    .join(" ")}
  return f32x4.extract_lane(s0, 0) + f32x4.extract_lane(s0, 3);
}`;

/** Compile the loops once for all later runs. */
function compile(root: string, build: Build): Uint8Array<ArrayBuffer> {
  const wasm = join(root, `build/yardstick-2.${build}.wasm`);
  if (!existsSync(wasm)) {
    const part = join(root, `build/yardstick-${process.pid}`);
    mkdirSync(part, { recursive: true });
    writeFileSync(join(part, "yardstick.ts"), [READER, ...CHAINS.map((chains) => source(chains, build))].join("\n"));
    const features = ["--enable", "simd", ...(build === "relaxed" ? ["--enable", "relaxed-simd"] : [])];
    const asc = join(root, "node_modules/assemblyscript/bin/asc.js");
    execFileSync(
      process.execPath,
      [
        asc,
        "yardstick.ts",
        "--baseDir",
        part,
        "-O3",
        "--noAssert",
        "--runtime",
        "stub",
        ...features,
        "--outFile",
        "yardstick.wasm",
      ],
      { cwd: part },
    );
    renameSync(join(part, "yardstick.wasm"), wasm);
    rmSync(part, { recursive: true });
  }
  return new Uint8Array(readFileSync(wasm));
}

export interface Yardstick {
  /** The best of the loops now, of a millisecond each: operations per second / 1e9. */
  peak(): number;
  /** The current speed of the reading loop: bytes per second / 1e9. */
  bandwidth(): number;
  /** Run the reading loop once. */
  readAll(): { readonly bytes: number };
}

/** @param root the project's root, where the compiled loops are kept */
export function yardstick(root: string, build: Build): Yardstick {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(compile(root, build)));
  const loops = CHAINS.map((chains) => ({
    chains,
    run: exports[`peak${chains}`] as (turns: number, x: number, y: number) => number,
  }));
  const memory = exports["memory"] as WebAssembly.Memory;
  const read = exports["read"] as (bytes: number) => number;
  for (const { run } of loops) for (let i = 0; i < 20; i++) run(20000, 0.5, 1);
  const makeRoom = (): void => {
    if (memory.buffer.byteLength < READ_BYTES) {
      memory.grow(READ_BYTES / 65536 + 1);
      new Uint8Array(memory.buffer, 65536).fill(1);
      for (let i = 0; i < 20; i++) read(65536);
    }
  };
  const readAll = () => {
    makeRoom();
    read(READ_BYTES);
    return { bytes: READ_BYTES };
  };
  // Of one chain: at 40 GF, 5 million multiply-adds of 8 operations in a millisecond.
  const turnsPerMillisecond = 5e6 / UNROLL;
  return {
    peak() {
      const rates = loops.map(({ chains, run }) => {
        const turns = Math.round(turnsPerMillisecond / chains);
        const started = performance.now();
        run(turns, 0.5, 1);
        return (turns * UNROLL * chains * OPERATIONS) / (performance.now() - started) / 1e6;
      });
      return Math.max(...rates);
    },
    bandwidth() {
      makeRoom();
      const started = performance.now();
      const { bytes } = readAll();
      return bytes / (performance.now() - started) / 1e6;
    },
    readAll,
  };
}
