import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DisposedError, OutOfMemoryError } from "../../sdk/engine/errors.js";
import { ALIGNMENT, Allocator, sizeClass } from "../../sdk/engine/memory.js";

const test = suite("memory");

const PAGE = 65536;
const allocator = (pages: number): Allocator =>
  new Allocator(new WebAssembly.Memory({ initial: 1 }), 1000, pages * PAGE);

test("classes are multiples of the alignment and waste at most a fifth", () => {
  for (let bytes = 1; bytes < 5000; bytes++) {
    const size = sizeClass(bytes);
    assert.ok(size >= bytes && size % ALIGNMENT === 0 && sizeClass(size) === size, `${bytes}: ${size}`);
    if (bytes > 4 * ALIGNMENT) assert.ok(size - bytes <= size / 5, `${bytes}: ${size}`);
  }
});

/** Take blocks of these sizes and give some back: a positive number asks for bytes, a negative one frees the i-th block. */
const requests = fc.array(fc.oneof(fc.integer({ min: 1, max: 60_000 }), fc.integer({ min: -50, max: -1 })), {
  maxLength: 200,
});

test("blocks never overlap, whatever is allocated and freed", () => {
  fc.assert(
    fc.property(requests, (list) => {
      const memory = allocator(64);
      const live: { address: number; size: number }[] = [];
      for (const request of list) {
        if (request < 0) {
          const [block] = live.splice(-request % Math.max(1, live.length), 1);
          if (block) memory.release(block.address);
          continue;
        }
        let address: number;
        try {
          address = memory.alloc(request);
        } catch (error) {
          assert.instance(error, OutOfMemoryError);
          continue;
        }
        const size = sizeClass(request);
        assert.is(address % ALIGNMENT, 0);
        assert.ok(address >= 1000 && address + size <= memory.memory.buffer.byteLength);
        for (const other of live) assert.ok(address + size <= other.address || other.address + other.size <= address);
        live.push({ address, size });
        assert.is(
          memory.liveBytes,
          live.reduce((sum, block) => sum + block.size, 0),
        );
      }
      for (const { address } of live) memory.release(address);
      assert.is(memory.liveBytes, 0);
      assert.ok(memory.memory.buffer.byteLength <= 64 * PAGE);
    }),
    { numRuns: 300, seed: 1 },
  );
});

test("lasting blocks are rounded to a cache line; a reservation grows the memory once, and no further", () => {
  const memory = new Allocator(new WebAssembly.Memory({ initial: 1 }), 1024, 2 ** 28);
  const bytes = 1_000_000;
  memory.alloc(bytes);
  assert.is(memory.liveBytes, sizeClass(bytes));
  memory.reserve(10 * bytes);
  const grown = memory.memory.buffer.byteLength;
  assert.ok(grown >= 11 * bytes && grown <= sizeClass(bytes) + 10 * bytes + 2 * PAGE, `${grown}`);
  for (let i = 0; i < 9; i++) memory.alloc(bytes, true);
  assert.is(memory.liveBytes, sizeClass(bytes) + 9 * Math.ceil(bytes / 64) * 64);
  assert.is(memory.memory.buffer.byteLength, grown);
  memory.reserve(bytes / 2);
  assert.is(memory.memory.buffer.byteLength, grown, "what is free already is not reserved again");
  assert.throws(() => memory.reserve(2 ** 29), /out of memory/);
});

test("the memory grows for larger totals, not for other block sizes", () => {
  const memory = allocator(1000);
  const peak = 40 * PAGE;
  let grown = 0;
  for (let round = 0; round < 50; round++) {
    // Each round holds as many bytes, in blocks of another size.
    const size = 1000 + 997 * round;
    const blocks = Array.from({ length: Math.floor(peak / sizeClass(size)) }, () => memory.alloc(size));
    for (const address of blocks) memory.release(address);
    if (round === 0) grown = memory.memory.buffer.byteLength;
  }
  // The first block begins after the module's own data.
  assert.ok(memory.memory.buffer.byteLength <= grown + PAGE, `${grown} grew to ${memory.memory.buffer.byteLength}`);
});

test("after a request that cannot be met, smaller ones succeed, and all free memory is available in one block", () => {
  const memory = allocator(20);
  const blocks = Array.from({ length: 10 }, () => memory.alloc(PAGE));
  const before = memory.liveBytes;
  let error: unknown;
  try {
    memory.alloc(11 * PAGE);
  } catch (caught) {
    error = caught;
  }
  assert.instance(error, OutOfMemoryError);
  const { available } = error as OutOfMemoryError;
  assert.is(memory.liveBytes, before);
  assert.ok(available >= 9 * PAGE && available < 10 * PAGE, `${available}`);
  for (const address of blocks) memory.release(address);
  memory.release(memory.alloc(16 * PAGE));
  const small = Array.from({ length: 150 }, () => memory.alloc(8000));
  assert.is(new Set(small).size, 150);
});

test("the free space of a large memory is reported correctly", () => {
  const memory = new Allocator(new WebAssembly.Memory({ initial: 1 }), 0, 65535 * PAGE);
  try {
    memory.alloc(2 ** 33);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, OutOfMemoryError);
    assert.ok((error as OutOfMemoryError).available > 2 ** 31);
  }
});

test("freeing a block twice is an error", () => {
  const memory = allocator(4);
  const address = memory.alloc(10);
  memory.release(address);
  assert.throws(
    () => memory.release(address),
    (error: unknown) => error instanceof DisposedError,
  );
});

test.run();
