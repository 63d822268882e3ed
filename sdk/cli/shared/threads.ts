/** Commands that answer line by line: here, or in several threads that share the lines. */
import { availableParallelism } from "node:os";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { InputError } from "cloze";
import { requireFiles, sources } from "./input.js";
import { faultAt, LineFaults } from "./line-faults.js";
import { say, writeLine } from "./output.js";
import { UsageError } from "./usage.js";

export interface InputLine {
  /** name of the file, for errors */
  readonly source: string;
  readonly number: number;
  /** number of the line in all input, from 0 */
  readonly index: number;
  readonly text: string;
  /** the reason why the line cannot be read */
  readonly unreadable?: string;
}

/** Answers lines, one output line for each. Blank lines among JSON never reach it. */
export interface LineWork extends Disposable {
  (lines: readonly InputLine[]): string[];
  /** output line of a blank line, and of one that cannot be answered */
  readonly none: string;
  /** whether it writes answers itself as it computes them, and returns the rest; it then gets one line at a time */
  readonly live: boolean;
}

/** A function of lines, and the resources that it owns. */
export function lineWork(
  answer: (lines: readonly InputLine[]) => string[],
  owned: Disposable,
  none = "null",
  live = false,
): LineWork {
  return Object.assign(answer, { none, live, [Symbol.dispose]: () => owned[Symbol.dispose]() });
}

/** Everything that a thread needs to answer lines of a command. */
export type Open<Options> = (options: Options) => Promise<LineWork>;

/** Lines per chunk: memory does not grow with the input. */
const CHUNK = 64;
/** Chunks queued per thread, so that it never waits for the reader. */
const QUEUED = 2;

/** The lines of all files. */
export async function* inputLines(files: readonly string[]): AsyncGenerator<InputLine> {
  let index = 0;
  let unreadable: string | undefined;
  const broken = ({ message }: Error): string => {
    unreadable = message;
    return "";
  };
  for (const source of sources(files, broken)) {
    let number = 0;
    for await (const text of source.lines) {
      const line = { source: source.name, number: ++number, index: index++, text };
      yield unreadable === undefined ? line : { ...line, unreadable };
      unreadable = undefined;
    }
  }
}

/** The lines of all files in chunks. When a file turns out to be unreadable, the lines before it are yielded first. */
async function* chunksOf(files: readonly string[], size = CHUNK): AsyncGenerator<InputLine[]> {
  let chunk: InputLine[] = [];
  try {
    for await (const line of inputLines(files)) {
      chunk.push(line);
      if (chunk.length < size) continue;
      yield chunk;
      chunk = [];
    }
  } catch (error) {
    if (chunk.length > 0) yield chunk;
    throw error;
  }
  if (chunk.length > 0) yield chunk;
}

/** An error that crosses threads; `input` decides the exit status. */
interface Failure {
  readonly input: boolean;
  readonly message: string;
}

/** The answers of a chunk, the faults of lines without one, and the error that stopped it. */
interface Answer {
  readonly output: readonly string[];
  readonly faults: readonly string[];
  readonly failure?: Failure;
}

const failureOf = (error: unknown): Failure => ({
  input: error instanceof InputError,
  message: (error as Error).message,
});

const errorOf = ({ input, message }: Failure): Error => (input ? new UsageError(message) : new Error(message));

/** Answer a chunk: every line has an output line, and a line at fault is named. */
function answer(work: LineWork, lines: readonly InputLine[], plain: boolean): Answer {
  const isAsked = ({ text, unreadable }: InputLine): boolean =>
    unreadable === undefined && (plain || text.trim() !== "");
  const asked = lines.filter(isAsked);
  try {
    const answers = work(asked);
    if (asked.length === lines.length) return { output: answers, faults: [] };
    let next = 0;
    return {
      output: lines.map((line) => (isAsked(line) ? answers[next++]! : work.none)),
      faults: lines.flatMap(({ unreadable }) => unreadable ?? []),
    };
  } catch {
    return oneByOne(work, lines, isAsked);
  }
}

/** The same line by line, where not all of them can be answered together. */
function oneByOne(work: LineWork, lines: readonly InputLine[], isAsked: (line: InputLine) => boolean): Answer {
  const output: string[] = [];
  const faults: string[] = [];
  for (const line of lines) {
    try {
      output.push(isAsked(line) ? work([line])[0]! : work.none);
      if (line.unreadable !== undefined) faults.push(line.unreadable);
    } catch (error) {
      const { input, message } = failureOf(error);
      const said = faultAt(line, message);
      if (!input) return { output, faults, failure: { input, message: said } };
      output.push(work.none);
      faults.push(said);
    }
  }
  return { output, faults };
}

/** In a thread: open the command that it was started for, and answer chunk after chunk. */
export async function serveLines(commands: Readonly<Record<string, Open<never>>>): Promise<void> {
  if (isMainThread || !parentPort) throw new Error("serveLines() runs in a thread");
  const port = parentPort;
  const { command, options } = workerData as { command: string; options: never };
  const plain = isPlain(options);
  const opening = commands[command]!(options);
  // A failure to open is reported in answer to the first chunk.
  opening.catch(() => {});
  port.on("message", async (lines: InputLine[]) => {
    try {
      port.postMessage(answer(await opening, lines, plain));
    } catch (error) {
      port.postMessage({ output: [], faults: [], failure: failureOf(error) } satisfies Answer);
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

/** Whether lines are plain text, of which a blank one is a text too. */
const isPlain = ({ text = false }: { readonly text?: boolean }): boolean => text;

/** Writes answers and names the lines that have none. */
class Answers {
  readonly #faults = new LineFaults();
  #lines = 0;

  /** Write a chunk's answers; the failure that stopped it, if any, comes after. */
  async write({ output, faults, failure }: Answer): Promise<void> {
    for (const line of output) await writeLine(line);
    for (const fault of faults) this.#faults.name(fault);
    this.#lines += output.length;
    if (failure) throw errorOf(failure);
  }

  /** @throws {UsageError} when a line had no answer */
  end(): void {
    this.#faults.end(this.#lines);
  }
}

/** What {@link answerLines} reads of the options of a command. */
interface LineOptions {
  readonly threads: number;
  readonly text?: boolean;
}

/** Each thread holds its own model, so more threads than cores would only cost memory. A message says when fewer are started. */
function threadsFor(wanted: number): number {
  const threads = Math.min(wanted, availableParallelism());
  if (threads < wanted) say(`--threads ${wanted}: ${threads} on this machine`);
  return threads;
}

/**
 * Answer all lines in order, one output line for each. Threads take turns; the bits of a row do not depend on the rows beside
 * it, so any number of them writes the same.
 *
 * @param program the file that a thread runs; it calls {@link serveLines}
 * @throws {UsageError} at the end, when a line could not be answered
 */
export async function answerLines<Options extends LineOptions>(
  files: readonly string[],
  command: { readonly name: string; readonly program: URL; readonly open: Open<Options> },
  options: Options,
): Promise<void> {
  await requireFiles(files);
  const answers = new Answers();
  if (options.threads === 1) {
    using work = await command.open(options);
    for await (const chunk of chunksOf(files, work.live ? 1 : CHUNK))
      await answers.write(answer(work, chunk, isPlain(options)));
    return answers.end();
  }
  const data = { command: command.name, options: { ...options, threads: 1 } };
  const threads = Array.from({ length: threadsFor(options.threads) }, () => new Thread(command.program, data));
  const waiting: Promise<Answer>[] = [];
  const writeFirst = async () => answers.write(await waiting.shift()!);
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
  answers.end();
}
