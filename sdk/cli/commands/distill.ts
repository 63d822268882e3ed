import { adamW, distilMaskedLm, linearSchedule, loadModel, loadTokenizer, saveModel, studentOf, train } from "cloze";
import { pretrainingSamples, tokenizeDocuments } from "cloze/data";
import { maskedHeldOut, perplexity } from "cloze/metrics";
import { exists, folder, writeFolder } from "cloze/node";
import { Command } from "commander";
import { fingerprint, loop, splitDocuments } from "../pretrain/run.js";
import { Checkpoints, interruption } from "../shared/checkpoints.js";
import { engineOf, type ModelOptions, withModelOptions } from "../shared/engine-options.js";
import { requireFiles } from "../shared/input.js";
import { say, table, writeLine } from "../shared/output.js";
import { notNegative, positive, UsageError, wholeNumber } from "../shared/usage.js";

interface Options extends ModelOptions {
  readonly teacher: string;
  readonly layers: number;
  readonly out: string;
  readonly force?: boolean;
  readonly temperature: number;
  readonly soft: number;
  readonly hard: number;
  readonly cosine: number;
  readonly at: string;
  readonly mask: number;
  readonly length: number;
  readonly dev?: string;
  readonly steps: number;
  readonly rows: number;
  readonly accumulate: number;
  readonly rate: number;
  readonly seed: number;
  readonly checkpointEvery: number;
  readonly resume?: string;
}

function requireUsage({ at, out, force }: Options, taken: boolean): void {
  if (at !== "every" && at !== "labelled")
    throw new UsageError(`--at ${at}: the teacher is asked at every token, or at labelled ones`);
  if (!force && taken) throw new UsageError(`${out} exists already; choose another --out, or replace it with --force`);
}

async function run(files: readonly string[], options: Options): Promise<void> {
  requireUsage(options, await exists(options.out));
  await requireFiles([...files, options.dev]);
  const { training, held } = await splitDocuments(files, options.dev);
  const tokenizer = await loadTokenizer(folder(options.teacher));
  using engine = await engineOf(options);
  using teacher = await loadModel(engine, folder(options.teacher), { task: "masked-lm" });
  if (teacher.fresh.length > 0)
    throw new UsageError(`${options.teacher} cannot teach masked LM: its weights have no ${teacher.fresh[0]}`);
  using student = studentOf(teacher, options.layers);
  const length = Math.min(options.length, teacher.model.positions);
  const documents = tokenizeDocuments(tokenizer, training);
  const sequences = { length, tokenizer, seed: options.seed };
  const masking = { tokenizer, maskingRate: options.mask };
  const { temperature, soft, hard, cosine, steps, rows, accumulate, rate, seed } = options;
  using optimizer = adamW(student.weights, { weightDecay: 0.01 });
  const checkpoints = new Checkpoints(options.out, options.checkpointEvery, {
    command: "distill",
    ...{ temperature, soft, hard, cosine, steps, rows, accumulate, rate, seed, length },
    at: options.at,
    mask: options.mask,
    layers: options.layers,
    build: options.build,
    text: fingerprint(documents),
  });
  const from = options.resume === undefined ? undefined : await checkpoints.resume(options.resume, optimizer);
  const last = await loop(
    train({
      engine,
      model: student.model,
      objective: distilMaskedLm(teacher.model, masking, {
        temperature,
        weights: { soft, hard, cosine },
        at: options.at === "every" ? "every" : "labelled",
      }),
      samples: pretrainingSamples(documents, "sentences", sequences),
      optimizer,
      learningRate: linearSchedule(rate, Math.ceil(steps / 20), steps),
      maxGradNorm: 5,
      ...{ batchSize: rows, gradientAccumulationSteps: accumulate, seed, steps },
      ...(from && { from }),
    }),
    { steps, title: "distilling", json: options.json ?? false },
    checkpoints,
    optimizer,
    interruption().signal,
  );
  const test =
    held.length === 0 ? null : pretrainingSamples(tokenizeDocuments(tokenizer, held), "sentences", sequences)(0);
  const figuresOf = (name: string, { model }: typeof teacher): Record<string, number> => {
    if (!test) return {};
    const { loss, accuracy } = maskedHeldOut(model, test, masking);
    return { [`${name}_loss`]: loss, [`${name}_perplexity`]: perplexity(loss), [`${name}_accuracy`]: accuracy };
  };
  const figures = { ...figuresOf("teacher", teacher), ...figuresOf("student", student) };
  await writeFolder(options.out, options.force ?? false, (to) => saveModel(to, { ...student, tokenizer, length }));
  await checkpoints.remove();
  await report(options, {
    loss: last.loss,
    ...figures,
    teacher_parameters: teacher.weights.count,
    student_parameters: student.weights.count,
    seconds: Number(last.seconds.toFixed(1)),
    out: options.out,
  });
}

async function report({ json }: Options, figures: Readonly<Record<string, number | string>>): Promise<void> {
  if (json) return writeLine(JSON.stringify({ done: true, ...figures }));
  const shown = (value: number | string) =>
    typeof value === "number" && !Number.isInteger(value) ? value.toFixed(4) : String(value);
  say(
    table(
      ["figure", "value"],
      Object.entries(figures).map(([name, value]) => [name, shown(value)]),
    ),
  );
}

export function distillCommand(): Command {
  return withModelOptions(new Command("distill"))
    .description(
      "Make a model with fewer layers that fills masks as its teacher does. For classes: cloze finetune --teacher.",
    )
    .argument("<file...>", "plain text: a sentence or paragraph a line, a blank line between documents")
    .requiredOption("--teacher <folder>", "a model that was trained to fill masks")
    .requiredOption(
      "--layers <n>",
      "of the student; they begin as layers of the teacher, evenly spread",
      wholeNumber(1),
    )
    .requiredOption("--out <folder>", "the model folder to write")
    .option("--force", "replace an existing folder")
    .option("--temperature <x>", "what scores are divided by before they are compared", positive, 2)
    .option("--soft <x>", "weight of the teacher's probabilities", notNegative, 5)
    .option("--hard <x>", "weight of the hidden tokens themselves", notNegative, 2)
    .option("--cosine <x>", "weight of the direction of the last hidden states", notNegative, 1)
    .option("--at <where>", "where the teacher is asked: every token, or labelled ones (faster)", "every")
    .option("--mask <share>", "tokens to predict", positive, 0.15)
    .option("--length <n>", "longest sequence in tokens", wholeNumber(8), 128)
    .option("--dev <file>", "held-out text; without it every twentieth document")
    .option("--steps <n>", "", wholeNumber(1), 1000)
    .option("--rows <n>", "sequences in a batch", wholeNumber(1), 32)
    .option("--accumulate <n>", "batches in a step", wholeNumber(1), 1)
    .option("--rate <x>", "highest learning rate", positive, 5e-4)
    .option("--seed <n>", "", wholeNumber(0), 1)
    .option("--checkpoint-every <n>", "steps", wholeNumber(1), 500)
    .option("--resume <folder>", "go on where the interrupted run of this output folder stood")
    .addHelpText("after", "\nExample:\n  cloze distill --teacher my-bert --layers 2 --out my-small-bert novels.txt.gz")
    .action(run);
}
