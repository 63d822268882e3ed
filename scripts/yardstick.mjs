/**
 * The yardstick of `cloze bench`, generated: multiply-adds on registers, as fast as this core does them.
 *
 * 8, 12, 16 or 20 independent chains c = c * a + b. The operands are arguments (V8 materializes constants at every use), and
 * each product depends on its own chain. With a = 0.5 and b = 1 the chains converge to 2: no denormals, no infinities.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const CHAINS = [8, 12, 16, 20];
/** Multiply-adds of each chain in a turn of the loop. */
const UNROLL = 4;

const range = (n) => [...Array(n).keys()];

function loop(chains) {
  const step = range(chains).map((i) => `c${i} = f32x4.add(f32x4.mul(c${i}, a), b);`);
  return `export function peak${chains}(turns: i32, x: f32, y: f32): f32 {
  const a = f32x4.splat(x), b = f32x4.splat(y);
  ${range(chains)
    .map((i) => `let c${i} = f32x4.splat(<f32>${i});`)
    .join(" ")}
  for (; turns > 0; turns--) {
    ${range(UNROLL)
      .map(() => step.join(" "))
      .join("\n    ")}
  }
  ${range(chains - 1)
    .map((i) => `c0 = f32x4.add(c0, c${i + 1});`)
    .join(" ")}
  return f32x4.extract_lane(c0, 0) + f32x4.extract_lane(c0, 3);
}`;
}

/** Compile the loops to `out`. */
export function buildYardstick(root, out) {
  const part = join(root, `build/yardstick-${process.pid}`);
  mkdirSync(part, { recursive: true });
  writeFileSync(join(part, "yardstick.ts"), CHAINS.map(loop).join("\n"));
  const asc = join(root, "node_modules/assemblyscript/bin/asc.js");
  const options = ["--baseDir", part, "-O3", "--noAssert", "--runtime", "stub", "--enable", "simd"];
  execFileSync(process.execPath, [asc, "yardstick.ts", ...options, "--outFile", "yardstick.wasm"], { cwd: part });
  renameSync(join(part, "yardstick.wasm"), out);
  rmSync(part, { recursive: true });
}
