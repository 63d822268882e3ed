/**
 * Output of the commands. With --json standard output holds one object per line and nothing else; everything for people
 * goes to standard error, and a progress bar only where that is a terminal.
 */
import { once } from "node:events";
import { Presets, SingleBar } from "cli-progress";
import Table from "cli-table3";

/** One line to standard output, waiting while its reader is slower than we are. */
export async function writeLine(text: string): Promise<void> {
  if (!process.stdout.write(`${text}\n`)) await once(process.stdout, "drain");
}

/** Bytes to standard output, in the same way. */
export async function writeBytes(bytes: Uint8Array): Promise<void> {
  if (!process.stdout.write(bytes)) await once(process.stdout, "drain");
}

/** Numbers of a vector in the fewest digits that give the same f32 back. */
export function floats(values: Float32Array): number[] {
  return Array.from(values, (value) => Number(shortest(value)));
}

function shortest(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return text;
  }
  return value.toPrecision(9);
}

/** A message for people. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** A table for people. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const made = new Table({ head: [...header], style: { head: [], border: [] } });
  for (const row of rows) made.push([...row]);
  return made.toString();
}

export interface Progress {
  /** @param done how much of the total; `note` is shown beside it */
  update(done: number, note: string): void;
  stop(): void;
}

/** Seconds between plain lines, where there is no terminal to draw a bar on. */
const PLAIN_SECONDS = 5;

/** A progress bar on a terminal; a line now and then elsewhere. */
export function progress(label: string, total: number): Progress {
  if (!process.stderr.isTTY) return plainProgress(label, total);
  const bar = new SingleBar(
    {
      format: `${label.padEnd(26)} {bar} {percentage}% · {note} · {eta_formatted} left`,
      clearOnComplete: false,
      stream: process.stderr,
    },
    Presets.shades_classic,
  );
  bar.start(total, 0, { note: "" });
  return {
    update: (done, note) => bar.update(done, { note }),
    stop: () => bar.stop(),
  };
}

function plainProgress(label: string, total: number): Progress {
  const started = Date.now();
  let last = started;
  return {
    update(done, note) {
      const now = Date.now();
      if (done < total && now - last < PLAIN_SECONDS * 1000) return;
      last = now;
      const left = done === 0 ? "" : `, ${Math.round(((now - started) * (total - done)) / done / 1000)} s left`;
      say(`${label}: ${done} of ${total}, ${note}${left}`);
    },
    stop: () => {},
  };
}

/** 0.7312 -> "73.1 %" */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** A figure for people: four decimals unless it is a whole number. */
const figure = (value: unknown): string =>
  typeof value === "number" && !Number.isInteger(value) ? value.toFixed(4) : String(value);

/** The last output of a command: a JSON object with `done`, or a table for people. */
export async function reportFigures(
  { json = false }: { readonly json?: boolean },
  figures: Readonly<Record<string, unknown>>,
): Promise<void> {
  if (json) return writeLine(JSON.stringify({ done: true, ...figures }));
  say(
    table(
      ["figure", "value"],
      Object.entries(figures).map(([name, value]) => [name, figure(value)]),
    ),
  );
}
