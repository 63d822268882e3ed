/** What a run of a claim is given: an engine, data, a model folder, and a memory for the parts that are done. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Engine, supportsTurbo } from "cloze";

export interface Settings {
  readonly root: string;
  /** the shared data */
  readonly data: string;
  /** a pre-trained model folder */
  readonly model: string;
  /** a folder of published weights, for claims about them */
  readonly folder: string | null;
  readonly threads: number;
  /** a few steps only, to try the code: no figure of it means anything */
  readonly smoke: boolean;
}

/** Results are kept in build/claims/NAME/KEY.json; a result of another set-up is not used. */
export class Context {
  readonly #fingerprint: string;

  /** @param setUp decides, with the model's weights, whether a kept result is of this run */
  constructor(
    readonly settings: Settings,
    readonly name: string,
    setUp: unknown,
    needsModel: boolean,
  ) {
    const hash = createHash("sha256").update(JSON.stringify(setUp));
    if (needsModel) hash.update(readFileSync(join(settings.model, "model.safetensors")));
    this.#fingerprint = hash.digest("hex").slice(0, 16);
  }

  get smoke(): boolean {
    return this.settings.smoke;
  }

  /** A number of steps, or of items: all of them, or a few where only the code is tried. */
  few(all: number, smoke: number): number {
    return this.smoke ? Math.min(all, smoke) : all;
  }

  /** An engine of its own, for the caller to dispose. Turbo and threads change no bit; compiling for turbo takes a while. */
  engine(): Promise<Engine> {
    return Engine.create({ threads: this.settings.threads, turbo: !this.smoke && supportsTurbo() });
  }

  /** The path of a file or folder of the shared data. */
  data(path: string): string {
    return join(this.settings.data, path);
  }

  /** The result of a part that may take long: computed once, and kept. */
  async step<T>(key: string, compute: () => Promise<T>): Promise<T> {
    if (this.smoke) return compute();
    const file = join(this.settings.root, "build/claims", this.name, `${key.replace(/[^\w.-]+/g, "-")}.json`);
    if (existsSync(file)) {
      const kept = JSON.parse(readFileSync(file, "utf8")) as { fingerprint: string; result: T };
      if (kept.fingerprint === this.#fingerprint) return kept.result;
    }
    const result = await compute();
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(`${file}.part`, `${JSON.stringify({ fingerprint: this.#fingerprint, result }, null, 2)}\n`);
    renameSync(`${file}.part`, file);
    return result;
  }

  /** Progress, for people. */
  say(text: string): void {
    process.stderr.write(`  ${this.name}: ${text}\n`);
  }
}
