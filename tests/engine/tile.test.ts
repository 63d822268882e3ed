/** The tile of the product: measured once it pays, and once for a module. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Kernels } from "../../sdk/engine/bare-engine.js";
import { Allocator } from "../../sdk/engine/memory.js";
import { chooseTileLater, tiles } from "../../sdk/engine/tile.js";
import { root } from "../helpers/shared.js";

const test = suite("tile");

const module = new WebAssembly.Module(readFileSync(join(root, "build/kernels.strict.wasm")));

/** An instance that notes the tiles that are chosen. */
function instance() {
  const memory = new WebAssembly.Memory({ initial: 2 });
  const exports = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
  const chosen: number[] = [];
  const chooseTile = (sums: number): void => {
    chosen.push(sums);
    exports.chooseTile(sums);
  };
  const allocator = new Allocator(memory, exports.heapBase(), 2 ** 24);
  return { chosen, allocator, count: chooseTileLater(module, { ...exports, chooseTile }, allocator) };
}

test("a tile is chosen after 2^28 multiply-adds, once, and a second instance of the module is not measured", () => {
  const first = instance();
  first.count(2 ** 28 - 1);
  assert.equal(first.chosen, []);
  first.count(1);
  const tile = first.chosen.at(-1)!;
  assert.ok(tiles().includes(tile));
  assert.is(first.allocator.liveBytes, 0);
  const { length } = first.chosen;
  first.count(2 ** 40);
  assert.is(first.chosen.length, length);
  const second = instance();
  second.count(2 ** 28);
  assert.equal(second.chosen, [tile]);
});

test.run();
