/** An engine over the kernels that are inside the package, or those that the caller hands over. */
import { InputError } from "../errors.js";
import { aBoolean, checkOptions, oneOf, wholeNumber } from "../options.js";
import { BareEngine, type BareEngineOptions } from "./bare-engine.js";
import { UnsupportedBuildError } from "./errors.js";
import { aKernelModule, type KernelInput, moduleOf } from "./kernel-input.js";
import { type Build, chooseBuild, kernelModule, provided } from "./source.js";
import { enableTurbo } from "./turbo.js";

/** @internal */
export type { Kernels } from "./bare-engine.js";

/** Options of `Engine.create`. */
export interface EngineOptions extends BareEngineOptions {
  /** `strict` (the default): the same bits on every runtime. `relaxed`: fused multiply-add where the runtime has it. */
  readonly build?: Build | "auto";
  /**
   * The kernels, for places where the package's own cannot be compiled: whatever the tool makes of an import of
   * `cloze/kernels.strict.wasm` or `cloze/kernels.relaxed.wasm`: a compiled module, its address, its bytes or a response.
   */
  readonly module?: KernelInput;
  /**
   * Let V8 compile the kernels to vectors twice as wide: nearly twice the speed in f32, and the same bits. For Node from 24
   * on, see {@link supportsTurbo}; elsewhere it is refused. It sets an experimental flag of V8 for the whole process.
   */
  readonly turbo?: boolean;
}

/**
 * One instance of the kernels and its memory.
 *
 * @example
 * const engine = await Engine.create({ build: "auto" });
 * // ... load or train models on it ...
 * engine.dispose(); // its memory goes back to the system
 */
export class Engine extends BareEngine {
  static async create(options: EngineOptions = {}): Promise<Engine> {
    checkOptions("Engine.create", options, {
      build: oneOf("strict", "relaxed", "auto"),
      module: aKernelModule,
      maximumBytes: wholeNumber(2 ** 17),
      threads: wholeNumber(1),
      turbo: aBoolean,
      worker: { expected: "a URL", accepts: (value) => typeof value === "string" || value instanceof URL },
    });
    const { module, threads = 1, build = "strict" } = options;
    if (options.turbo) await enableTurbo();
    if (module === undefined) {
      // The runtime's condition provides all the kernels there are.
      const strictAlone = build === "auto" && provided("strict") !== undefined && provided("relaxed") === undefined;
      const chosen = strictAlone ? "strict" : chooseBuild(build);
      return Engine.over((shared) => kernelModule(chosen, shared), options, provided(chosen) === undefined);
    }
    if (threads > 1)
      throw new InputError(
        "Engine.create: a module that is handed over runs on one thread; leave out module or threads",
      );
    const engine = await Engine.over(() => moduleOf(module), options);
    if (options.build !== undefined && build !== "auto" && build !== engine.build) {
      engine.dispose();
      throw new UnsupportedBuildError(`the module is the ${engine.build} build, but build "${build}" was asked for`);
    }
    return engine;
  }
}
