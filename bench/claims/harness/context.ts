/** The surroundings of a claim's run: an engine, data, a model folder, and a store of finished parts. */
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
  /** a few steps only, to try the code; its figures mean nothing */
  readonly smoke: boolean;
}

/** A part that is being computed. */
interface Part {
  /** minutes of the parts inside it, by name */
  readonly minutes: Record<string, number>;
  /** minutes of those that were computed in this run */
  nested: number;
}

interface Kept<T> {
  readonly fingerprint: string;
  readonly minutes?: Readonly<Record<string, number>>;
  readonly result: T;
}

/** Processor time of all threads so far. Unlike elapsed time, it does not grow with other load on the machine. */
function processorMinutes(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 60e6;
}

/** Results are kept in build/claims/NAME/KEY.json. A result with another set-up or bar is not used. */
export class Context {
  readonly #fingerprint: string;
  readonly #minutes = new Map<string, number>();
  #part: Part | null = null;

  /** @param setUp identifies kept results of this run, together with the model's weights */
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

  /** A number of steps or items: all of them, or a few in a smoke run. */
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

  /** Minutes of processor time of all parts used so far, whenever they were computed. */
  get minutes(): number {
    return [...this.#minutes.values()].reduce((sum, minutes) => sum + minutes, 0);
  }

  /** The result of a long part: computed once, and kept with the time that it took. Parts can be nested. */
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

  /** Count parts that several seeds share, such as the choice of a learning rate, once. */
  #note(minutes: Readonly<Record<string, number>>): void {
    for (const [key, taken] of Object.entries(minutes)) this.#minutes.set(key, taken);
    if (this.#part) Object.assign(this.#part.minutes, minutes);
  }

  /** Print progress. */
  say(text: string): void {
    process.stderr.write(`  ${this.name}: ${text}\n`);
  }
}
