/** Libraries side by side in one process, in turn: only the ratios within a round are meaningful. */
import { quantile } from "../measure.js";

export interface Contender {
  readonly name: string;
  run(): void | Promise<void>;
}

/** The least duration of a sample. */
const LEAST_MILLISECONDS = 40;

/** Milliseconds of this process on its processor, in which other load of the machine takes no part. */
export function spent(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
}

async function timed(run: Contender["run"], repeats: number): Promise<number> {
  const started = spent();
  for (let i = 0; i < repeats; i++) await run();
  return (spent() - started) / repeats;
}

/** Milliseconds of each contender in each round; every other round in reverse order. */
export async function inRounds(contenders: readonly Contender[], rounds: number): Promise<Map<string, number[]>> {
  const times = new Map<string, number[]>();
  const repeats = new Map<string, number>();
  for (const { name, run } of contenders) {
    times.set(name, []);
    // Until optimizing compilers are done.
    const until = performance.now() + 1500;
    let last: number;
    do last = await timed(run, 1);
    while (performance.now() < until);
    repeats.set(name, Math.max(1, Math.ceil(LEAST_MILLISECONDS / Math.max(last, 0.01))));
  }
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 ? [...contenders].reverse() : contenders;
    for (const { name, run } of order) times.get(name)!.push(await timed(run, repeats.get(name)!));
  }
  return times;
}

export interface Ratio {
  readonly ratio: number;
  readonly ratio_quartiles: readonly [number, number];
}

/** How much faster `own` is than `peer`: median and quartiles of the ratios of each round. */
export function ratioOf(own: readonly number[], peer: readonly number[]): Ratio {
  const ratios = own.map((time, round) => peer[round]! / time);
  const at = (q: number): number => Number(quantile(ratios, q).toPrecision(3));
  return { ratio: at(0.5), ratio_quartiles: [at(0.25), at(0.75)] };
}
