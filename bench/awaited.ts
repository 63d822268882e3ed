/**
 * Embedding a thousand lines with the awaitable form, beside the synchronous one: how long other tasks wait, and the cost.
 *
 *   node scripts/run.mjs bench/awaited.ts [FOLDER] [--lines N] [--rounds N]
 *
 * FOLDER is a model, all-MiniLM-L6-v2 of the shared data by default. A timer of 20 ms must run at least every 60 ms, and the
 * total time be at most 1.05 times that of the synchronous form. Both are printed as they pass and as the processor's time of
 * this process, which other programs do not lengthen; on an idle machine the two agree. The bar is that of the processor's time.
 */
import { parseArgs } from "node:util";
import { featureExtraction } from "../sdk/index.js";
import { folder } from "../sdk/node.js";
import { SENTENCES } from "../tests/helpers/small-bert.js";
import { median } from "./measure.js";
import { spent } from "./peers/rounds.js";
import { model } from "./start.js";

const TICK = 20;
const LONGEST = 60;
const COST = 1.05;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { lines: { type: "string", default: "1000" }, rounds: { type: "string", default: "3" } },
});
/** Lines of one to eight sentences. */
const lines = Array.from({ length: Number(values.lines) }, (_, i) =>
  Array.from({ length: 1 + (i % 8) }, (_, j) => SENTENCES[(i + j) % SENTENCES.length]!).join(" "),
);

const CLOCKS = { passed: () => performance.now(), spent };
type Times = Record<keyof typeof CLOCKS, number>;

const now = (): Times => ({ passed: CLOCKS.passed(), spent: CLOCKS.spent() });
const between = (from: Times, to: Times): Times => ({ passed: to.passed - from.passed, spent: to.spent - from.spent });

using embed = await featureExtraction(folder(positionals[0] ?? model));
embed(lines.slice(0, 64));

/** Milliseconds of the awaitable form, and the longest between two ticks. */
async function awaited(): Promise<{ took: Times; gap: Times }> {
  const began = now();
  const gap: Times = { passed: 0, spent: 0 };
  let last = began;
  const tick = (): void => {
    const [from, to] = [last, now()];
    const { passed, spent } = between(from, to);
    gap.passed = Math.max(gap.passed, passed);
    gap.spent = Math.max(gap.spent, spent);
    last = to;
  };
  const timer = setInterval(tick, TICK);
  await embed.async(lines);
  tick();
  clearInterval(timer);
  return { took: between(began, now()), gap };
}

function synchronous(): Times {
  const began = now();
  embed(lines);
  return between(began, now());
}

const rounds: { cost: Times; gap: Times }[] = [];
for (let round = 0; round < Number(values.rounds); round++) {
  const first = round % 2 ? synchronous() : undefined;
  const { took, gap } = await awaited();
  const plain = first ?? synchronous();
  rounds.push({ cost: { passed: took.passed / plain.passed, spent: took.spent / plain.spent }, gap });
}

const clock = (name: keyof Times) => ({
  cost: Number(median(rounds.map(({ cost }) => cost[name])).toFixed(3)),
  longest_ms: Math.round(median(rounds.map(({ gap }) => gap[name]))),
});
const figures = { lines: lines.length, rounds: rounds.length, passed: clock("passed"), spent: clock("spent") };
console.log(JSON.stringify(figures));
if (figures.spent.longest_ms > LONGEST || figures.spent.cost > COST) {
  console.error(`the bars are ${LONGEST} ms between two ticks and ${COST} times the time of the synchronous form`);
  process.exitCode = 1;
}
