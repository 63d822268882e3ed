/** Commands that answer line by line: here, or in several threads that share the lines. */
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { InputError } from "cloze";
import { requireFiles, sources } from "./input.js";
import { writeLine } from "./output.js";
import { UsageError } from "./usage.js";

export interface InputLine {
  /** name of the file, for errors */
  readonly source: string;
  readonly number: number;
  /** number of the line in all input, from 0 */
  readonly index: number;
  readonly text: string;
}

/** Answers lines, one output line for each. */
export type LineWork = ((lines: readonly InputLine[]) => string[]) & Disposable;

/** Everything that a thread needs to answer lines of a command. */
export type Open<Options> = (options: Options) => Promise<LineWork>;

/** Lines per chunk: memory does not grow with the input. */
const CHUNK = 64;
/** Chunks queued per thread, so that it never waits for the reader. */
const QUEUED = 2;

/** The lines of all files in chunks. When a file turns out to be unreadable, the lines before it are yielded first. */
async function* chunksOf(files: readonly string[]): AsyncGenerator<InputLine[]> {
  let chunk: InputLine[] = [];
  let index = 0;
  try {
    for (const source of sources(files)) {
      let number = 0;
      for await (const text of source.lines) {
        chunk.push({ source: source.name, number: ++number, index: index++, text });
        if (chunk.length < CHUNK) continue;
        yield chunk;
        chunk = [];
      }
    }
  } catch (error) {
    if (chunk.length > 0) yield chunk;
    throw error;
  }
  if (chunk.length > 0) yield chunk;
}

/** An error as it crosses threads; `input` decides the exit status. */
interface Failure {
  readonly input: boolean;
  readonly message: string;
}

/** The answers of a chunk, and the failure that stopped it. */
interface Answer {
  readonly output: readonly string[];
  readonly failure?: Failure;
}

const failureOf = (error: unknown): Failure => ({
  input: error instanceof InputError,
  message: (error as Error).message,
});

const errorOf = ({ input, message }: Failure): Error => (input ? new UsageError(message) : new Error(message));

/** Answer a chunk. Where that fails, the lines before the one at fault are answered, and it is named. */
function answer(work: LineWork, lines: readonly InputLine[]): Answer {
  try {
    return { output: work(lines) };
  } catch {
    const output: string[] = [];
    for (const line of lines) {
      try {
        for (const text of work([line])) output.push(text);
      } catch (error) {
        const { input, message } = failureOf(error);
        const place = `${line.source}:${line.number}: `;
        return { output, failure: { input, message: message.startsWith(place) ? message : place + message } };
      }
    }
    // Every line alone can be answered: there was too little memory for all of them.
    return { output };
  }
}

/** In a thread: open the command that it was started for, and answer chunk after chunk. */
export async function serveLines(commands: Readonly<Record<string, Open<never>>>): Promise<void> {
  if (isMainThread || !parentPort) throw new Error("serveLines() runs in a thread");
  const port = parentPort;
  const { command, options } = workerData as { command: string; options: never };
  const opening = commands[command]!(options);
  // A failure to open is reported in answer to the first chunk.
  opening.catch(() => {});
  port.on("message", async (lines: InputLine[]) => {
    try {
      port.postMessage(answer(await opening, lines));
    } catch (error) {
      port.postMessage({ output: [], failure: failureOf(error) } satisfies Answer);
    }
  });
}

/** A thread with its outstanding answers, in order. */
class Thread {
  readonly #worker: Worker;
  readonly #outstanding: { resolve(answer: Answer): void; reject(error: Error): void }[] = [];

  constructor(program: URL, data: { readonly command: string; readonly options: object }) {
    this.#worker = new Worker(program, { workerData: data });
    this.#worker.on("message", (answer: Answer) => this.#outstanding.shift()!.resolve(answer));
    this.#worker.on("error", (error) => {
      for (const { reject } of this.#outstanding.splice(0)) reject(error);
    });
  }

  answer(lines: readonly InputLine[]): Promise<Answer> {
    const answer = new Promise<Answer>((resolve, reject) => this.#outstanding.push({ resolve, reject }));
    // A failure is handled where the answers are written, in the order of the lines.
    answer.catch(() => {});
    this.#worker.postMessage(lines);
    return answer;
  }

  close(): Promise<number> {
    return this.#worker.terminate();
  }
}

/** Write answers; the failure that stopped them, if any, comes after. */
async function write({ output, failure }: Answer): Promise<void> {
  for (const line of output) await writeLine(line);
  if (failure) throw errorOf(failure);
}

/**
 * Answer all lines in order. Threads take turns; the bits of a row do not depend on the rows beside it, so any number of them
 * writes the same.
 *
 * @param program the file that a thread runs; it calls {@link serveLines}
 */
export async function answerLines<Options extends { readonly threads: number }>(
  files: readonly string[],
  command: { readonly name: string; readonly program: URL; readonly open: Open<Options> },
  options: Options,
): Promise<void> {
  await requireFiles(files);
  if (options.threads === 1) {
    using work = await command.open(options);
    for await (const chunk of chunksOf(files)) await write(answer(work, chunk));
    return;
  }
  const data = { command: command.name, options: { ...options, threads: 1 } };
  const threads = Array.from({ length: options.threads }, () => new Thread(command.program, data));
  const waiting: Promise<Answer>[] = [];
  const writeFirst = async () => write(await waiting.shift()!);
  try {
    let turn = 0;
    try {
      for await (const chunk of chunksOf(files)) {
        waiting.push(threads[turn++ % threads.length]!.answer(chunk));
        if (waiting.length >= QUEUED * threads.length) await writeFirst();
      }
    } finally {
      while (waiting.length > 0) await writeFirst();
    }
  } finally {
    await Promise.all(threads.map((thread) => thread.close()));
  }
}
