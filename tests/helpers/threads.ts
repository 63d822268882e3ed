/** Engines with several threads, on any machine: three run on two cores too, only more slowly. */
import { Engine, type EngineOptions } from "../../sdk/engine/engine.js";

/** Run `f` while the machine seems to have `count` cores. */
export async function withCores<T>(count: number, f: () => Promise<T>): Promise<T> {
  const own = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", { value: { hardwareConcurrency: count }, configurable: true });
  try {
    return await f();
  } finally {
    if (own) Object.defineProperty(globalThis, "navigator", own);
    else Reflect.deleteProperty(globalThis, "navigator");
  }
}

/** An engine with exactly this number of threads. */
export async function threadedEngine(threads: number, options: Omit<EngineOptions, "threads"> = {}): Promise<Engine> {
  const engine = await withCores(threads, () => Engine.create({ ...options, threads }));
  if (engine.threads !== threads) throw new Error(`the engine has ${engine.threads} threads, not ${threads}`);
  return engine;
}

/** Counts the ranges that an engine divides from now on. */
export function divisionsOf(engine: Engine): { count: number } {
  const divided = { count: 0 };
  const run = engine.runRegion;
  engine.runRegion = (...args) => {
    divided.count++;
    run.apply(engine, args);
  };
  return divided;
}
