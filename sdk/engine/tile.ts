/**
 * The tile of the matrix product, in f32 and in 8 bits: five or four rows by half a panel, or four by a whole one. Every tile
 * adds up an element in the same order (assembly/product/gemm.ts), so the choice changes no bit. A whole panel is the fastest
 * where V8 joins neighboring vectors to wider ones (`--experimental-wasm-revectorize`), and on some other engines. Four rows by
 * half a panel are the fastest where V8 spills the sums of five: in Node 20 and 22 they are 1.5 to 1.8 times as fast.
 */
import { PANEL } from "./abi.js";
import type { __AdaptedExports } from "./kernels.js";
import type { Allocator } from "./memory.js";
import { fastest } from "./probe.js";

/** A product that is large enough for a clock and small enough for the first cache. */
const ROWS = 24;
const INNER = 128;
const COLUMNS = 2 * PANEL;

/** The exports of the module that are needed here. */
type Kernels = Pick<typeof __AdaptedExports, "chooseTile" | "gemm" | "gemmScratchBytes">;

/** Multiply-adds before measuring pays: some 20 ms of products. A process that embeds one short text does fewer. */
const WORTH_MEASURING = 2 ** 28;

/** The tile of each module that was measured: the faster one is the same in the whole process. */
const measured = new WeakMap<WebAssembly.Module, number>();

/** Is told of the multiply-adds of every product, and chooses the tile of an instance when they have become many. */
export type ProductCounter = (multiplyAdds: number) => void;

/** Choose the tile of an instance once it has computed for a while. */
export function chooseTileLater(module: WebAssembly.Module, kernels: Kernels, allocator: Allocator): ProductCounter {
  let left = WORTH_MEASURING;
  return (multiplyAdds) => {
    if (left > 0 && (left -= multiplyAdds) <= 0) chooseTile(module, kernels, allocator);
  };
}

/** Rows times columns of each tile, the usual one first. */
export const tiles = (): readonly number[] => [5 * (PANEL / 2), 4 * (PANEL / 2), 4 * PANEL];

/** Choose the tile of an instance, and return its sums, so that the workers of the engine choose it too. */
export function chooseTile(module: WebAssembly.Module, kernels: Kernels, allocator: Allocator): number {
  const tile = measured.get(module) ?? fasterTile(kernels, allocator);
  measured.set(module, tile);
  kernels.chooseTile(tile);
  return tile;
}

function fasterTile(kernels: Kernels, allocator: Allocator): number {
  const sizes = [ROWS * INNER, INNER * COLUMNS, ROWS * COLUMNS].map((elements) => 4 * elements);
  const blocks = [...sizes, kernels.gemmScratchBytes()].map((bytes) => allocator.alloc(bytes));
  const [a, b, c, scratch] = blocks as [number, number, number, number];
  // Zeros: arbitrary memory may hold denormals, which processors are slow with.
  new Uint8Array(allocator.memory.buffer, a, sizes[0]).fill(0);
  new Uint8Array(allocator.memory.buffer, b, sizes[1]).fill(0);
  const ways = tiles().map((sums) => () => {
    kernels.chooseTile(sums);
    kernels.gemm(c, COLUMNS, a, INNER, b, ROWS, COLUMNS, INNER, 0, 0, 0, scratch, 0, COLUMNS / PANEL);
  });
  const tile = tiles()[fastest(ways)]!;
  for (const block of blocks) allocator.release(block);
  return tile;
}
