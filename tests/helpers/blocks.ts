/** Memory of an engine for kernels that are called by address. */
import type { Engine } from "../../sdk/engine/engine.js";
import { wave } from "./wave.js";

/** Blocks of one engine with the same content in every engine. */
export class Blocks {
  readonly #blocks: [address: number, bytes: number][] = [];
  #seed = 0;

  constructor(readonly engine: Engine) {}

  #place(bytes: number): number {
    const address = this.engine.alloc(bytes);
    this.#blocks.push([address, bytes]);
    return address;
  }

  /** `count` floats in [-1, 1), or in [0.5, 1) for values that must be positive. */
  floats(count: number, positive = false): number {
    const address = this.#place(count * 4);
    const values = wave(count, this.#seed++);
    const view = new Float32Array(this.engine.memory.buffer, address, count);
    view.set(positive ? values.map((value) => 0.75 + value / 4) : values);
    return address;
  }

  integers(values: ArrayLike<number>): number {
    const address = this.#place(values.length * 4);
    new Int32Array(this.engine.memory.buffer, address, values.length).set(values);
    return address;
  }

  /** Addresses, which differ from engine to engine and are not among {@link bytes}. */
  addresses(values: readonly number[]): number {
    const address = this.integers(values);
    this.#blocks.pop();
    return address;
  }

  /** Integers in [0, limit). */
  indices(count: number, limit: number): number {
    return this.integers(Array.from(wave(count, this.#seed++), (value) => Math.floor(((value + 1) / 2) * limit)));
  }

  /** Bytes of all blocks; addresses within them would differ from engine to engine, so plans are not among them. */
  bytes(): Buffer {
    return Buffer.concat(
      this.#blocks.map(([address, bytes]) => Buffer.from(new Uint8Array(this.engine.memory.buffer, address, bytes))),
    );
  }

  release(): void {
    for (const [address] of this.#blocks) this.engine.release(address);
  }
}
