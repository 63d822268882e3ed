/** Errors of an engine, as types that a caller can tell apart. */
import { InputError } from "../errors.js";

/** The engine's memory cannot grow to hold one more block. Nothing was changed: a smaller request can still succeed. */
export class OutOfMemoryError extends Error {
  override name = "OutOfMemoryError";
  /**
   * @param needed bytes that were asked for
   * @param available bytes that the engine could still have given in one block
   */
  constructor(
    readonly needed: number,
    readonly available: number,
  ) {
    super(
      `out of memory: ${needed} bytes needed, ${available} bytes available. Use smaller batches, dispose models, or raise maximumBytes.`,
    );
  }
}

/** An object was used after its memory had been freed. */
export class DisposedError extends Error {
  override name = "DisposedError";
}

/** The runtime cannot run the build that was asked for. */
export class UnsupportedBuildError extends InputError {
  override name = "UnsupportedBuildError";
}

/** A worker failed in its part of a kernel. The kernel's output is incomplete. */
export class WorkerError extends Error {
  override name = "WorkerError";
  constructor(failure: string) {
    super(`a worker thread failed: ${failure}`);
  }
}
