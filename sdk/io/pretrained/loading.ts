/** Loading of weights in turns, which can be stopped and reports progress. */
import { Pace, type TurnOptions } from "../../tensor/turns.js";
import type { RangedFile } from "../files/files.js";

/** One loading. Its progress counts the bytes of all files that it has opened. */
export class Loading {
  readonly #options: TurnOptions;
  readonly #pace: Pace;
  #done = 0;
  #total = 0;

  constructor(options: TurnOptions) {
    this.#options = options;
    this.#pace = new Pace(options.signal);
  }

  /** The same file. Between two of its parts other tasks run: values are packed or quantized as each part arrives. */
  watch(file: RangedFile): RangedFile {
    const { into } = file;
    this.#total += file.size;
    return {
      size: file.size,
      ...(file.close && { close: () => file.close!() }),
      slice: async (begin, end) => {
        await this.#pace.step();
        return this.#counted(await file.slice(begin, end));
      },
      ...(into && {
        into: async (begin) => {
          await this.#pace.step();
          const write = await into(begin);
          return (target) => this.#counted(target.subarray(0, write(target))).length;
        },
      }),
    };
  }

  /** All that is needed has been read; tensors of other heads have not. */
  end(): void {
    this.#options.signal?.throwIfAborted();
    if (this.#done === this.#total) return;
    this.#done = this.#total;
    this.#tell();
  }

  #counted(bytes: Uint8Array): Uint8Array {
    this.#done += bytes.length;
    this.#tell();
    return bytes;
  }

  #tell(): void {
    this.#options.onProgress?.({ done: this.#done, total: this.#total });
  }
}
