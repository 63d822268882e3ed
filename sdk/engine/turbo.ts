/**
 * Turbo: V8 joins neighboring vectors of four numbers into vectors of eight (its flag
 * `--experimental-wasm-revectorize`), which nearly doubles the speed of the f32 kernels. Every element is still computed
 * by the same operations in the same order, so the bits are the same. The flag is experimental in V8, and it holds for the
 * whole process, so it must be asked for by name.
 */
import { UnsupportedBuildError } from "./errors.js";
import { architecture, nodeVersion, runtimeModule } from "./runtime.js";

const FLAG = "--experimental-wasm-revectorize";
/** The first version of Node whose V8 has a re-vectorizer that runs these kernels. */
const FIRST_NODE = 24;

/** Whether {@link EngineOptions.turbo} can be asked for here: in Node from 24 on, on x64. */
export const supportsTurbo = (): boolean => nodeVersion() >= FIRST_NODE && architecture() === "x64";

/**
 * Set the flag, before the kernels are compiled.
 *
 * @throws {UnsupportedBuildError} where the runtime does not have it
 */
export async function enableTurbo(): Promise<void> {
  if (!supportsTurbo())
    throw new UnsupportedBuildError(
      `turbo is a flag of V8 in Node ${FIRST_NODE} and newer on x64; this is ${here()}. Leave it out: the results are the same`,
    );
  const { setFlagsFromString } = (await runtimeModule("v8")) as { setFlagsFromString(flag: string): void };
  setFlagsFromString(FLAG);
}

const here = (): string =>
  Number.isNaN(nodeVersion()) ? "another runtime" : `Node ${nodeVersion()} on ${architecture()}`;
