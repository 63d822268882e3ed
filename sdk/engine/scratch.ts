/** Working memory of one kernel call. */
import type { Engine } from "./engine.js";

/** Run `f` with the address of `bytes` bytes that are freed afterwards. */
export function withScratch<T>(engine: Engine, bytes: number, f: (address: number) => T): T {
  const address = engine.alloc(bytes);
  try {
    return f(address);
  } finally {
    engine.release(address);
  }
}
