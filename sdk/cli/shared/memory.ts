/** The memory that a model takes, as commands report it. */
import { estimateMemory, type MemoryOptions, OutOfMemoryError } from "cloze";
import { say } from "./output.js";

const MEGABYTE = 1e6;

/** The engine's memory in megabytes; null for more than a WebAssembly memory can have. */
export async function memoryOf(
  config: Readonly<Record<string, unknown>>,
  options: MemoryOptions,
): Promise<number | null> {
  try {
    const { peak } = await estimateMemory(config, options);
    return peak / MEGABYTE;
  } catch (error) {
    if (error instanceof OutOfMemoryError) return null;
    throw error;
  }
}

/** Print the memory that a training step takes, before a long run begins. */
export async function sayMemory(
  config: Readonly<Record<string, unknown>>,
  options: MemoryOptions & { readonly batch: number; readonly length: number },
): Promise<void> {
  const megabytes = await memoryOf(config, { ...options, training: true });
  const batch = `${options.batch} sequences of ${options.length} tokens`;
  say(
    megabytes === null
      ? `a step of ${batch} would take more than 4 GiB, the limit of WebAssembly; if sequences are not shorter, lower --batch-size and raise --gradient-accumulation-steps`
      : `a step of ${batch} takes ${megabytes.toFixed(0)} MB of memory`,
  );
}
