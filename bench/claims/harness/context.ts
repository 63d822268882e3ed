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

/** A part that is being computed. */
interface Part {
  /** of the parts inside it, by their names */
  readonly minutes: Record<string, number>;
  /** of those that were computed now */
  nested: number;
}

interface Kept<T> {
  readonly fingerprint: string;
  readonly minutes?: Readonly<Record<string, number>>;
  readonly result: T;
}

/** Processor time of all threads so far: unlike the clock's, it does not grow with what else the machine does. */
function processorMinutes(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 60e6;
}

/** Results are kept in build/claims/NAME/KEY.json; a result of another set-up is not used. */
export class Context {
  readonly #fingerprint: string;
  readonly #minutes = new Map<string, number>();
  #part: Part | null = null;

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

  /** Minutes of processor time of all parts that were used so far, whenever they were computed. */
  get minutes(): number {
    return [...this.#minutes.values()].reduce((sum, minutes) => sum + minutes, 0);
  }

  /** The result of a part that may take long: computed once, and kept with the time that it took. Parts may have parts. */
  async step<T>(key: string, compute: () => Promise<T>): Promise<T> {
    const file = join(this.settings.root, "build/claims", this.name, `${key.replace(/[^\w.-]+/g, "-")}.json`);
    if (!this.smoke && existsSync(file)) {
      const kept = JSON.parse(readFileSync(file, "utf8")) as Kept<T>;
      if (kept.fingerprint === this.#fingerprint && kept.minutes) {
        this.#note(kept.minutes);
        return kept.result;
      }
    }
    const outer = this.#part;
    const part: Part = { minutes: {}, nested: 0 };
    this.#part = part;
    const started = processorMinutes();
    const result = await compute().finally(() => {
      this.#part = outer;
    });
    const taken = processorMinutes() - started;
    if (outer) outer.nested += taken;
    const minutes = { ...part.minutes, [key]: taken - part.nested };
    this.#note(minutes);
    if (this.smoke) return result;
    mkdirSync(join(file, ".."), { recursive: true });
    const kept: Kept<T> = { fingerprint: this.#fingerprint, minutes, result };
    writeFileSync(`${file}.part`, `${JSON.stringify(kept, null, 2)}\n`);
    renameSync(`${file}.part`, file);
    return result;
  }

  /** Parts that several seeds share, such as the choice of a learning rate, count once. */
  #note(minutes: Readonly<Record<string, number>>): void {
    for (const [key, taken] of Object.entries(minutes)) this.#minutes.set(key, taken);
    if (this.#part) Object.assign(this.#part.minutes, minutes);
  }

  /** Progress, for people. */
  say(text: string): void {
    process.stderr.write(`  ${this.name}: ${text}\n`);
  }
}
