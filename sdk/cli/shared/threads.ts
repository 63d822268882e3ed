/** Commands that answer line by line: here, or in several threads that share the lines. */
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { InputError } from "cloze";
import { sources } from "./input.js";
import { writeLine } from "./output.js";
import { UsageError } from "./usage.js";

export interface InputLine {
  /** where it comes from, for errors */
  readonly source: string;
  readonly number: number;
  readonly text: string;
}

/** Answers some lines, one output line for each. */
export type LineWork = ((lines: readonly InputLine[]) => string[]) & Disposable;

/** Everything that a thread needs to answer lines of a command. */
export type Open<Options> = (options: Options) => Promise<LineWork>;

/** Lines held at a time: input of any length needs memory for so many of each thread. */
const CHUNK = 64;
/** Chunks that a thread has waiting, so that it never waits for the reader. */
const WAITING = 2;

async function* chunksOf(files: readonly string[]): AsyncGenerator<InputLine[]> {
  let chunk: InputLine[] = [];
  for (const source of sources(files)) {
    let number = 0;
    for await (const text of source.lines) {
      number++;
      chunk.push({ source: source.name, number, text });
      if (chunk.length < CHUNK) continue;
      yield chunk;
      chunk = [];
    }
  }
  if (chunk.length > 0) yield chunk;
}

/** An error as it crosses threads; `input` says that it is the caller's, which decides the exit status. */
interface Failure {
  readonly input: boolean;
  readonly message: string;
}

type Answer = { readonly output: string[] } | { readonly error: Failure };

/** In a thread: open the command that it was started for, and answer chunk after chunk. */
export async function serveLines(commands: Readonly<Record<string, Open<never>>>): Promise<void> {
  if (isMainThread || !parentPort) throw new Error("serveLines() runs in a thread");
  const port = parentPort;
  const { command, options } = workerData as { command: string; options: never };
  const opening = commands[command]!(options);
  // What fails to open is said in answer to the first chunk.
  opening.catch(() => {});
  port.on("message", async (lines: InputLine[]) => {
    try {
      const work = await opening;
      port.postMessage({ output: work(lines) } satisfies Answer);
    } catch (error) {
      const { message } = error as Error;
      port.postMessage({ error: { input: error instanceof InputError, message } } satisfies Answer);
    }
  });
}

/** A thread with the answers that it owes, in order. */
class Thread {
  readonly #worker: Worker;
  readonly #owed: { resolve(output: string[]): void; reject(error: Error): void }[] = [];

  constructor(program: URL, data: { readonly command: string; readonly options: object }) {
    this.#worker = new Worker(program, { workerData: data });
    this.#worker.on("message", (answer: Answer) => {
      const owed = this.#owed.shift()!;
      if ("output" in answer) owed.resolve(answer.output);
      else owed.reject(answer.error.input ? new UsageError(answer.error.message) : new Error(answer.error.message));
    });
    this.#worker.on("error", (error) => {
      for (const { reject } of this.#owed.splice(0)) reject(error);
    });
  }

  answer(lines: readonly InputLine[]): Promise<string[]> {
    const answer = new Promise<string[]>((resolve, reject) => this.#owed.push({ resolve, reject }));
    // A failure is met where the answers are written, in the order of the lines.
    answer.catch(() => {});
    this.#worker.postMessage(lines);
    return answer;
  }

  close(): Promise<number> {
    return this.#worker.terminate();
  }
}

/**
 * Answer all lines in order. Threads take turns; since the bits of a row do not depend on the rows beside it, any number of
 * them writes the same.
 *
 * @param program the file that a thread runs; it calls {@link serveLines}
 */
export async function answerLines<Options extends { readonly threads: number }>(
  files: readonly string[],
  command: { readonly name: string; readonly program: URL; readonly open: Open<Options> },
  options: Options,
): Promise<void> {
  if (options.threads === 1) {
    using work = await command.open(options);
    for await (const chunk of chunksOf(files)) for (const line of work(chunk)) await writeLine(line);
    return;
  }
  const data = { command: command.name, options: { ...options, threads: 1 } };
  const threads = Array.from({ length: options.threads }, () => new Thread(command.program, data));
  const waiting: Promise<string[]>[] = [];
  const writeFirst = async () => {
    for (const line of await waiting.shift()!) await writeLine(line);
  };
  try {
    let turn = 0;
    for await (const chunk of chunksOf(files)) {
      waiting.push(threads[turn++ % threads.length]!.answer(chunk));
      if (waiting.length >= WAITING * threads.length) await writeFirst();
    }
    while (waiting.length > 0) await writeFirst();
  } finally {
    await Promise.all(threads.map((thread) => thread.close()));
  }
}
