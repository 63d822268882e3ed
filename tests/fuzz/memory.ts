/**
 * What a reader takes at its peak.
 *
 * Objects are bounded by the heap limit of the worker that reads: V8 ends the worker when live objects exceed it. Values
 * in typed arrays and WebAssembly memories are outside of that heap: their constructors are replaced by ones that count.
 */

const live: WeakRef<WebAssembly.Memory>[] = [];
let taken = 0;
let measured = 0;
let peak = 0;
let floor = 0;

/** Bytes that may be allocated before live memory is measured again. */
const STEP = 16 * 2 ** 20;

export const collect = (): void => (globalThis as { gc?: () => void }).gc?.();

/** Bytes of this thread that are alive, or not yet collected: objects, typed arrays and WebAssembly memories. */
export function memory(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  const kept = live.filter((memory) => memory.deref() !== undefined);
  live.splice(0, live.length, ...kept);
  return heapUsed + arrayBuffers + kept.reduce((sum, memory) => sum + (memory.deref()?.buffer.byteLength ?? 0), 0);
}

function took(bytes: number): void {
  taken += bytes;
  if (taken - measured < STEP) return;
  measured = taken;
  collect();
  // The array that is about to be made is not there yet.
  peak = Math.max(peak, memory() + bytes - floor);
}

/** Begin to measure: peaks count from the memory that is live now, at most `atLeast` bytes too high. */
export function beginMeasuring(): void {
  taken = 0;
  measured = 0;
  peak = 0;
}

/** Peaks count from the memory that is live now. */
export function setFloor(): number {
  collect();
  floor = memory();
  return floor;
}

/** Bytes beyond the floor at the peak since `beginMeasuring`, to within 16 MB; 0 when less than 16 MB were taken. */
export const measuredPeak = (): number => peak;

const ARRAYS = [
  "Uint8Array",
  "Uint8ClampedArray",
  "Int8Array",
  "Uint16Array",
  "Int16Array",
  "Uint32Array",
  "Int32Array",
  "Float32Array",
  "Float64Array",
  "BigInt64Array",
  "BigUint64Array",
] as const;

/** Replace the constructors of off-heap memory by ones that count bytes. */
export function countAllocations(): void {
  for (const name of ARRAYS) {
    const array = globalThis[name] as { new (...args: unknown[]): object; readonly BYTES_PER_ELEMENT: number };
    const size = array.BYTES_PER_ELEMENT;
    const construct = (target: typeof array, args: unknown[], made: NewableFunction): object => {
      const [length] = args;
      if (typeof length === "number") took(length * size);
      return Reflect.construct(target, args, made) as object;
    };
    Reflect.set(globalThis, name, new Proxy(array, { construct }));
  }
  const { Memory } = WebAssembly;
  const grow = Memory.prototype.grow;
  Memory.prototype.grow = function (this: WebAssembly.Memory, pages: number): number {
    took(pages * 65_536);
    return grow.call(this, pages);
  };
  WebAssembly.Memory = new Proxy(Memory, {
    construct: (target, args: [WebAssembly.MemoryDescriptor]) => {
      const made = new target(...args);
      took(made.buffer.byteLength);
      live.push(new WeakRef(made));
      return made;
    },
  });
}
