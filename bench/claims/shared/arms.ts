/** Pre-trained weights against training from scratch: same network, data, order and steps, each arm at its best rate of three. */
import {
  finetune,
  type LabelSet,
  loadModel,
  loadTokenizer,
  type Model,
  type ModelTask,
  type Task,
  type TaskSettings,
} from "cloze";
import { summarize } from "cloze/metrics";
import { folder } from "cloze/node";
import type { Figures } from "../harness/claim.js";
import type { Context } from "../harness/context.js";

export interface Parts<Example> {
  readonly train: readonly Example[];
  readonly dev: readonly Example[];
  readonly test: readonly Example[];
}

/** A task on one data set. */
export interface Comparison<Example, P extends ModelTask> {
  readonly task: Task<Example, P>;
  parts(context: Context, seed: number): Promise<Parts<Example>>;
  /** a score from 0 to 1 of every test item, whose mean is the figure of the claim */
  items(model: Model<P>, test: readonly Example[], settings: TaskSettings): number[];
  /** scores of the baseline on the same items */
  baseline(parts: Parts<Example>): number[];
}

/** Equal for both arms. */
export interface Budget {
  readonly epochs: number;
  readonly batchSize: number;
  readonly maxLength: number;
  /** learning rates to try on the development set with the first seed */
  readonly rates: readonly number[];
}

export const RATES = [1e-4, 3e-4, 1e-3] as const;

type Arm = "pre-trained" | "scratch";

interface Run {
  /** the task's headline figure on the development set */
  readonly dev: number;
  readonly items: readonly number[];
}

/** One fine-tuning run, kept under its arm, rate and seed. */
function fineTuned<Example, P extends ModelTask>(
  context: Context,
  { task, parts, items }: Comparison<Example, P>,
  { epochs, batchSize, maxLength }: Budget,
  { arm, rate, seed }: { readonly arm: Arm; readonly rate: number; readonly seed: number },
): Promise<Run> {
  return context.step(`${arm}-rate-${rate}-seed-${seed}`, async () => {
    const whole = await parts(context, seed);
    const train = whole.train.slice(0, context.few(whole.train.length, 32));
    const dev = whole.dev.slice(0, context.few(whole.dev.length, 32));
    const test = whole.test.slice(0, context.few(whole.test.length, 32));
    const files = folder(context.settings.model);
    using engine = await context.engine();
    const tokenizer = await loadTokenizer(files);
    const labels: LabelSet | null = task.labels(whole.train);
    const settings = { tokenizer, labels, maxLength };
    using loaded = await loadModel(engine, files, { task: task.modelTask, labels, seed, scratch: arm === "scratch" });
    const options = { loaded, task, settings, train, dev, learningRate: rate, batchSize, seed };
    for await (const _ of finetune<Example, P>({ ...options, epochs: context.few(epochs, 1) }));
    const result = {
      dev: task.evaluate(loaded.model, dev, settings)[task.headline]!,
      items: items(loaded.model, test, settings),
    };
    context.say(`${arm}, rate ${rate}, seed ${seed}: dev ${result.dev.toFixed(4)}`);
    return result;
  });
}

/** The best rate on the development set with one seed. */
async function rateOf(
  arm: Arm,
  { rates }: Budget,
  run: (rate: number) => Promise<Run>,
  context: Context,
): Promise<number> {
  let best = { rate: rates[0]!, dev: Number.NEGATIVE_INFINITY };
  for (const rate of rates.slice(0, context.few(rates.length, 1))) {
    const { dev } = await run(rate);
    if (dev > best.dev) best = { rate, dev };
  }
  context.say(`${arm}: rate ${best.rate}`);
  return best.rate;
}

const percent = (items: readonly number[]): number => 100 * summarize(items).mean;

/** Standard error in points of the mean of paired differences. */
function pairedError(a: readonly number[], b: readonly number[]): number {
  const { standardDeviation, n } = summarize(a.map((x, i) => x - b[i]!));
  return (100 * standardDeviation) / Math.sqrt(n);
}

/**
 * Run both arms with one seed.
 *
 * @param first the seed that chooses the rates
 * @returns figures in percent, differences in points, and their standard errors over the test items
 */
export async function compareArms<Example, P extends ModelTask>(
  context: Context,
  comparison: Comparison<Example, P>,
  budget: Budget,
  { seed, first }: { readonly seed: number; readonly first: number },
): Promise<Figures> {
  const run = (arm: Arm, of: number) => (rate: number) =>
    fineTuned(context, comparison, budget, { arm, rate, seed: of });
  const pretrainedRate = await rateOf("pre-trained", budget, run("pre-trained", first), context);
  const scratchRate = await rateOf("scratch", budget, run("scratch", first), context);
  const [pretrained, scratch] = [
    await run("pre-trained", seed)(pretrainedRate),
    await run("scratch", seed)(scratchRate),
  ];
  const whole = await comparison.parts(context, seed);
  const baseline = comparison.baseline({ ...whole, test: whole.test.slice(0, pretrained.items.length) });
  return {
    pretrained: percent(pretrained.items),
    scratch: percent(scratch.items),
    baseline: percent(baseline),
    gap: percent(pretrained.items) - percent(scratch.items),
    gap_standard_error: pairedError(pretrained.items, scratch.items),
    over_baseline: percent(pretrained.items) - percent(baseline),
    over_baseline_standard_error: pairedError(pretrained.items, baseline),
    rate_pretrained: pretrainedRate,
    rate_scratch: scratchRate,
    test_items: pretrained.items.length,
  };
}
