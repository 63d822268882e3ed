/** The experiment: pre-training, then each task fine-tuned on three networks, on two cores. */
import { progress } from "../cli/shared/output.js";
import { type Labelled, type Text, unlabelled } from "./embedded-corpus.js";
import type { FinetuneJob, FinetuneResult } from "./finetuning.js";
import type { ModelPlace, PretrainedModel } from "./model-place.js";
import type { PretrainJob, PretrainResult } from "./pretraining.js";
import { ARMS, type ArmName, type Recipe, TASKS, type TaskName } from "./recipe.js";
import { type Job, type ResultOf, Workers } from "./workers.js";

const CORES = 2;

export interface TaskResult {
  readonly name: TaskName;
  readonly arms: Readonly<Record<ArmName, FinetuneResult>>;
}

export interface Results {
  readonly pretrained: PretrainResult;
  readonly tasks: readonly TaskResult[];
}

/** Rough shares of the total time, for the progress bar. The small network takes little. */
const WEIGHT = { pretrain: 20, random: 9, brief: 1, pretrained: 9 } as const;

/** One progress bar over all jobs. */
class Overall {
  readonly #total = WEIGHT.pretrain + TASKS.length * (WEIGHT.random + WEIGHT.brief + WEIGHT.pretrained);
  readonly #bar = progress("training", 1000);
  readonly #done = new Map<string, number>();
  readonly #notes = new Map<number, string>();

  follower(name: string, weight: number): (done: number, note: string, worker: number) => void {
    return (done, note, worker) => {
      this.#done.set(name, done * weight);
      this.#notes.set(worker, `${name}: ${note}`);
      const sum = [...this.#done.values()].reduce((a, b) => a + b, 0);
      this.#bar.update(Math.round((1000 * sum) / this.#total), [...this.#notes.values()].join(" | "));
    };
  }

  stop(): void {
    this.#bar.stop();
  }
}

export interface ExperimentOptions {
  readonly recipe: Recipe;
  /** tokenizer.json of the small network */
  readonly tokenizer: string;
  readonly text: Text;
  readonly data: Labelled;
  readonly model: PretrainedModel;
  /** the program that a worker runs */
  readonly program: URL;
  /** names of the arms */
  readonly names: Readonly<Record<ArmName, string>>;
}

/** Run all jobs. The results depend on neither the number of workers nor their speed. */
export async function experiment(options: ExperimentOptions): Promise<Results> {
  const { recipe, tokenizer, text, data, model, names } = options;
  const workers = new Workers(options.program, CORES);
  const overall = new Overall();
  const run = <J extends Job>(job: J, name: string, weight: number): Promise<ResultOf<J>> =>
    workers.run(job, overall.follower(name, weight));
  const learn = (task: TaskName, arm: ArmName, place: ModelPlace): Promise<FinetuneResult> => {
    // All three answer the question on display; of the other tasks only the pre-trained network is saved.
    const keep = arm === "pretrained" || task === "questions";
    const job: FinetuneJob = { kind: "finetune", recipe, task, arm, data: data[task], model: place, keep };
    return run(job, `${task}, ${names[arm]}`, WEIGHT[arm]);
  };
  try {
    const pretraining: PretrainJob = { kind: "pretrain", recipe, tokenizer, text, extra: unlabelled(data) };
    const first = run(pretraining, "pre-training", WEIGHT.pretrain);
    const large = TASKS.map((task) => ({
      random: learn(task, "random", model),
      pretrained: learn(task, "pretrained", model),
    }));
    const brief = first.then(({ folder }) => Promise.all(TASKS.map((task) => learn(task, "brief", { files: folder }))));
    const [pretrained, small] = await Promise.all([first, brief, ...large.flatMap((arms) => Object.values(arms))]);
    const tasks: TaskResult[] = [];
    for (const [i, name] of TASKS.entries())
      tasks.push({
        name,
        arms: { random: await large[i]!.random, brief: small[i]!, pretrained: await large[i]!.pretrained },
      });
    return { pretrained, tasks };
  } finally {
    overall.stop();
    await workers.close();
  }
}

/** The arms in the order of tables. */
export const armsOf = ({ arms }: TaskResult): readonly (readonly [ArmName, FinetuneResult])[] =>
  ARMS.map((arm) => [arm, arms[arm]] as const);
