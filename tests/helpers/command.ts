/** The built program in a folder of its own, as a user runs it. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import * as assert from "uvu/assert";
import { root } from "./shared.js";

const PROGRAM = join(root, "dist/cli.js");

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Objects of JSON, one a line. */
export const objectsOf = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** Milliseconds after which a command has no answer: none takes a tenth of that, even on a busy machine. */
const PATIENCE = 600_000;

/** A process that answers command after command: see kept-command.mjs. */
export class KeptCommand {
  readonly #turn = new Int32Array(new SharedArrayBuffer(4));
  readonly #port: MessagePort;
  readonly #thread: Worker;

  /** @param program the command line's, in another place than the checkout if a test installs the package */
  constructor(place: string, env: NodeJS.ProcessEnv, program = PROGRAM) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#thread = new Worker(join(root, "tests/helpers/kept-command.mjs"), {
      workerData: { program, place, env, port: port2, turn: this.#turn },
      transferList: [port2],
      execArgv: [],
    });
    this.#thread.unref();
  }

  run(words: readonly string[], input: string): Outcome {
    Atomics.store(this.#turn, 0, 0);
    this.#port.postMessage({ words, input });
    if (Atomics.wait(this.#turn, 0, 0, PATIENCE) === "timed-out") throw new Error(`${words.join(" ")}: no answer`);
    return receiveMessageOnPort(this.#port)!.message as Outcome;
  }

  end(): void {
    this.#port.close();
    void this.#thread.terminate();
  }
}

/**
 * Commands in a folder of their own, in which paths are relative. `cloze` runs them in one process, which has the program loaded;
 * `alone` runs a command in a process of its own, for tests of what a process does.
 *
 * @param name of the folder; `remove` it when all is done
 */
export function commandIn(name: string) {
  const place = mkdtempSync(join(tmpdir(), `cloze-${name}-`));
  // A name that is no folder must not be looked for elsewhere.
  const env = { ...process.env, HF_HUB_OFFLINE: "1", HF_HOME: join(place, "no-cache") };
  let kept: KeptCommand | undefined;
  const cloze = (words: readonly string[], input = ""): Outcome =>
    (kept ??= new KeptCommand(place, env)).run(words, input);
  const alone = (words: readonly string[], input = ""): Outcome =>
    spawnSync(process.execPath, [PROGRAM, ...words], { encoding: "utf8", input, cwd: place, env });
  /** The objects that a command prints that must succeed. */
  const objects = (words: readonly string[], input = ""): Record<string, unknown>[] => {
    const { status, stdout, stderr } = cloze(words, input);
    assert.is(status, 0, `${words.join(" ")}: ${stderr}`);
    return objectsOf(stdout);
  };
  /** The last of them: the figures of a run. */
  const lastObject = (words: readonly string[], input = ""): Record<string, unknown> => objects(words, input).at(-1)!;
  const remove = (): void => {
    kept?.end();
    rmSync(place, { recursive: true, force: true });
  };
  return { place, cloze, alone, objects, lastObject, remove };
}

/**
 * Runs a command that leaves its checkpoint and curves behind, as if it had been killed before its folder `out` was in place; the
 * folder that it would have written is `out` with `-whole`.
 */
export function interruptedIn(place: string): (words: readonly string[], out: string) => void {
  return (words, out) => {
    const program = [
      `import fs from "node:fs";`,
      `const { rm } = fs.promises;`,
      `fs.promises.rm = async (name, ...rest) => /\\.(checkpoint|curves\\.jsonl)$/.test(String(name)) ? undefined : rm(name, ...rest);`,
      `(await import("node:module")).syncBuiltinESMExports();`,
      `process.argv = [process.argv[0], ...${JSON.stringify(words)}];`,
      `await import(${JSON.stringify(join(root, "dist/cli.js"))});`,
    ].join(" ");
    const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
      encoding: "utf8",
      cwd: place,
    });
    assert.is(status, 0, stderr);
    renameSync(join(place, out), join(place, `${out}-whole`));
    assert.ok(existsSync(join(place, `${out}.checkpoint`)));
  };
}
