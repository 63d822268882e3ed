import { createHash } from "node:crypto";
import {
  adamW,
  distilMaskedLm,
  type Engine,
  linearSchedule,
  loadModel,
  loadTokenizer,
  type MaskedLmOptions,
  type Pretrained,
  saveModel,
  studentOf,
  train,
} from "cloze";
import { pretrainingSamples, type Sample, type TokenizedDocument, tokenizeDocuments } from "cloze/data";
import { maskedHeldOut, perplexity } from "cloze/metrics";
import { folder } from "cloze/node";
import { withValues } from "cloze/tensor";
import type { Tokenizer } from "cloze/tokenizer";
import { Command, Option } from "commander";
import { devDocuments, fingerprint, splitDocuments } from "../pretrain/documents.js";
import { EVAL_EVERY, evaluationsOf, heldOut } from "../pretrain/evaluations.js";
import { areLarge, heldDocuments, requireRegularFiles, TextStream } from "../pretrain/text-stream.js";
import { Checkpoints, type Invocation, type MonitorOf, type Resumed, withResumed } from "../shared/checkpoints.js";
import { engineOf, type ModelOptions, withModelOptions } from "../shared/engine-options.js";
import { requireFiles } from "../shared/input.js";
import { reportFigures } from "../shared/output.js";
import { follow } from "../shared/step-reporter.js";
import {
  requireFreeOutput,
  type TrainingOptions,
  trainingSettings,
  withTrainingOptions,
} from "../shared/training-options.js";
import { notNegative, positive, positiveShare, requirePositions, UsageError, wholeNumber } from "../shared/usage.js";

export interface DistillOptions extends ModelOptions, TrainingOptions {
  readonly teacher: string;
  readonly numHiddenLayers: number;
  readonly temperature: number;
  readonly soft: number;
  readonly hard: number;
  readonly cosine: number;
  readonly at: "every" | "labelled";
  readonly maskingRate: number;
  readonly maxLength?: number;
  readonly dev?: string;
  readonly evalEvery?: number;
  readonly steps: number;
}

const LEARNING_RATE = 5e-4;
/** Longest sequence in tokens, unless the teacher has fewer positions. */
const MAX_LENGTH = 128;

const warmupOf = ({ warmupSteps, steps }: DistillOptions): number => warmupSteps ?? Math.ceil(steps / 20);

/** Settings that a resumed run must share, by the names of the options. */
function settingsOf(options: DistillOptions, length: number, text: string, teacher: string) {
  const { temperature, soft, hard, cosine, at, steps, numHiddenLayers, maskingRate, build } = options;
  return {
    command: "distill",
    ...{ temperature, soft, hard, cosine, at, steps, build },
    "num-hidden-layers": numHiddenLayers,
    "masking-rate": maskingRate,
    "learning-rate": options.learningRate ?? LEARNING_RATE,
    "warmup-steps": warmupOf(options),
    "max-length": length,
    ...trainingSettings(options),
    ...{ text, teacher },
    "held-out": options.dev === undefined ? "a part of the text" : "--dev",
  };
}

async function teacherOf(engine: Engine, { teacher: path }: DistillOptions) {
  const teacher = await loadModel(engine, folder(path), { task: "masked-lm" });
  const [missing] = teacher.fresh;
  if (missing === undefined) return teacher;
  teacher[Symbol.dispose]();
  throw new UsageError(`--teacher ${path}: not a model trained for masked LM; its weights have no ${missing}`);
}

/** Identifies a teacher by its weights. */
function weightsHash({ weights }: Pretrained<"masked-lm">): string {
  const hash = createHash("sha256");
  for (const [name, parameter] of weights.entries()) {
    hash.update(name);
    withValues(parameter, ({ buffer, byteOffset, byteLength }) =>
      hash.update(new Uint8Array(buffer, byteOffset, byteLength)),
    );
  }
  return hash.digest("hex").slice(0, 16);
}

type MakeEpochs = (documents: readonly TokenizedDocument[], seed: number) => (epoch: number) => readonly Sample[];

/** The text of a run: its samples, held-out text and fingerprint. Large text is streamed. */
async function readText(
  files: readonly string[],
  { dev, seed }: DistillOptions,
  tokenizer: Tokenizer,
  make: MakeEpochs,
) {
  if (!(await areLarge(files))) {
    const { training, held } = await splitDocuments(files, dev);
    const documents = tokenizeDocuments(tokenizer, training);
    return { samples: make(documents, seed), held, text: fingerprint(documents) };
  }
  await requireRegularFiles(files);
  const stream = new TextStream(files, tokenizer, dev === undefined);
  const held = await (dev === undefined ? heldDocuments(files) : devDocuments(dev));
  return { samples: stream.samples(make, seed).read, held, text: await stream.fingerprint() };
}

/** Held-out figures of teacher and student, under names that begin with theirs. */
function compared(
  models: Readonly<Record<string, Pick<Pretrained<"masked-lm">, "model">>>,
  held: readonly Sample[],
  masking: MaskedLmOptions,
): Record<string, number> {
  if (held.length === 0) return {};
  return Object.fromEntries(
    Object.entries(models).flatMap(([name, { model }]) => {
      const { loss, accuracy } = maskedHeldOut(model, held, masking);
      return [
        [`${name}_loss`, loss],
        [`${name}_perplexity`, perplexity(loss)],
        [`${name}_accuracy`, accuracy],
      ] as const;
    }),
  );
}

async function run(names: readonly string[], given: DistillOptions, command: Command): Promise<void> {
  const { files, options, ...resumed } = await withResumed({ files: names, options: given }, command);
  if (files.length === 0) throw new UsageError("name the text to train on");
  if (options.teacher === undefined || options.numHiddenLayers === undefined)
    throw new UsageError("--teacher and --num-hidden-layers: name the model to learn from and the size of the student");
  await requireFreeOutput(options, files);
  await distill({ files, options }, resumed, (parts) => new Checkpoints({ files, options }, parts, resumed));
}

/** Distill under a monitor. */
export async function distill(
  { files, options }: Invocation<DistillOptions>,
  { checkpoint }: Resumed,
  monitorOf: MonitorOf,
): Promise<void> {
  await requireFiles([...files, options.dev]);
  const tokenizer = await loadTokenizer(folder(options.teacher));
  using engine = await engineOf(options);
  using teacher = await teacherOf(engine, options);
  using student = studentOf(teacher, options.numHiddenLayers);
  const { maxLength: positions } = teacher.model;
  const length =
    options.maxLength === undefined
      ? Math.min(MAX_LENGTH, positions)
      : requirePositions(options.maxLength, positions, "the teacher");
  const sequences = { maxLength: length, tokenizer, seed: options.seed };
  const make: MakeEpochs = (documents, own) => pretrainingSamples(documents, "sentences", { ...sequences, seed: own });
  const { samples, held, text } = await readText(files, options, tokenizer, make);
  const masking = { tokenizer, maskingRate: options.maskingRate };
  const { temperature, soft, hard, cosine, at, steps, batchSize, gradientAccumulationSteps, maxGradNorm, seed } =
    options;
  using optimizer = adamW(student.weights, { weightDecay: options.weightDecay });
  const score = (part: readonly TokenizedDocument[]) => compared({ student }, make(part, options.seed)(0), masking);
  const evaluate = evaluationsOf(score, tokenizeDocuments(tokenizer, held), options, length);
  const monitor = monitorOf({
    settings: settingsOf(options, length, text, weightsHash(teacher)),
    ...(evaluate && { evaluate }),
  });
  const from = await monitor.begin(checkpoint, optimizer);
  const run = train({
    engine,
    model: student.model,
    objective: distilMaskedLm(teacher.model, masking, { temperature, weights: { soft, hard, cosine }, at }),
    samples,
    optimizer,
    learningRate: linearSchedule(options.learningRate ?? LEARNING_RATE, warmupOf(options), steps),
    ...{ batchSize, gradientAccumulationSteps, maxGradNorm, seed, steps, recompute: options.recompute ?? false },
    ...(from && { from }),
  });
  const reporting = { title: "distilling", steps, json: options.json ?? false, parts: true };
  const last = await follow(run, (step) => step, reporting, monitor, optimizer);
  const saved = { ...student, tokenizer, maxLength: length };
  if (!(await monitor.complete(last, optimizer, (to) => saveModel(to, saved)))) return;
  // The folder is in place: whatever happens from here on, the run is not lost.
  const test = make(tokenizeDocuments(tokenizer, held), options.seed)(0);
  const figures = compared({ teacher, student }, test, masking);
  if (test.length > 0) await monitor.evaluated([{ ...heldOut(steps, figures), final: true }]);
  await reportFigures(options, {
    ...(last && { loss: last.loss }),
    ...figures,
    teacher_parameters: teacher.weights.count,
    student_parameters: student.weights.count,
    ...(last && { seconds: Number(last.seconds.toFixed(1)) }),
    out: options.out,
  });
}

export function distillCommand(): Command {
  const command = new Command("distill")
    .description("Train a masked LM with fewer layers to imitate its teacher. For classes: cloze finetune --teacher.")
    .argument("[file...]", "plain text: a sentence or paragraph per line, a blank line between documents")
    .option("--teacher <model>", "a model trained for masked LM")
    .option(
      "--layers, --num-hidden-layers <n>",
      "layers of the student, initialized from evenly spaced layers of the teacher",
      wholeNumber(1),
    )
    .option("--temperature <x>", "softmax temperature of teacher and student", positive, 2)
    .option("--soft <x>", "weight of the divergence from the teacher's distribution", notNegative, 5)
    .option("--hard <x>", "weight of the masked-LM loss", notNegative, 2)
    .option("--cosine <x>", "weight of the cosine of the last hidden states", notNegative, 1)
    .addOption(
      new Option("--at <where>", "compare at every token, or only at masked ones (faster)")
        .choices(["every", "labelled"])
        .default("every"),
    )
    .option("--mask, --masking-rate <share>", "share of tokens to mask", positiveShare, 0.15)
    .option(
      "--length, --max-length <n>",
      `longest sequence in tokens; ${MAX_LENGTH}, or the teacher's positions`,
      wholeNumber(8),
    )
    .option("--dev <file>", "held-out text; default: every twentieth document")
    .option("--eval-every <n>", EVAL_EVERY, wholeNumber(0))
    .option("--steps <n>", "training steps", wholeNumber(1), 1000);
  const defaults = { batchSize: 32, maxGradNorm: 5, warmup: "a twentieth", learningRate: String(LEARNING_RATE) };
  return withModelOptions(withTrainingOptions(command, defaults))
    .addHelpText("after", "\nExample:\n  cloze distill --teacher my-bert --layers 2 --out my-small-bert novels.txt.gz")
    .action(run);
}
