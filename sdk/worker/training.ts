/** Training in a worker: data and settings are sent to it, and its steps come back one by one. */
import { Engine, type EngineOptions } from "../engine/engine.js";
import { LabelSet } from "../heads/labels.js";
import { type Files, memoryFiles } from "../io/files/files.js";
import { openFolder } from "../io/files/model-folder.js";
import { loadModel } from "../io/pretrained/pretrained.js";
import { saveModel } from "../io/pretrained/save.js";
import { readSentenceSettings, type SentenceSettings } from "../io/sentence-transformers/sentence.js";
import { readMaxLength } from "../io/sentence-transformers/transformer-settings.js";
import { writeSentenceSettings } from "../io/sentence-transformers/write-sentence.js";
import { loadTokenizer } from "../io/tokenizers/tokenizer-files.js";
import { combine, type Objective, single } from "../objectives/objective.js";
import { parseObjective } from "../objectives/published.js";
import { pretrainingSamples, tokenizeDocuments } from "../objectives/sequences/corpus.js";
import { ArgumentError } from "../options.js";
import { freshConfig, freshModel, type ModelSizes } from "../train/fresh/fresh-model.js";
import { type FinetuneEvent, type FinetuneOptions, finetune } from "../train/loop/finetune.js";
import { folderEmbedTask } from "../train/loop/folder-embeddings.js";
import { type Step, type TrainOptions, train } from "../train/loop/train.js";
import { adamW } from "../train/optim/adamw.js";
import { linearSchedule } from "../train/optim/schedule.js";
import { answerTask } from "../train/tasks/answer.js";
import { classifyTask } from "../train/tasks/classify.js";
import { multiLabelTask } from "../train/tasks/multi-label.js";
import { regressTask } from "../train/tasks/regress.js";
import { tagTask } from "../train/tasks/tag.js";
import { type AnyTask, anyTask } from "../train/tasks/task.js";

/** Options of the engines that a worker makes. */
export type WorkerEngine = Pick<EngineOptions, "build" | "threads" | "maximumBytes">;

/** The tasks that a worker can fine-tune for. */
export type WorkerTask = "answer" | "classify" | "embed" | "multi-label" | "regress" | "tag";

/** The tasks of {@link FinetuneSettings}, by name. */
const tasks = (scores: boolean, sentence: SentenceSettings | null): Readonly<Record<WorkerTask, () => AnyTask>> => ({
  answer: () => anyTask(answerTask),
  classify: () => anyTask(classifyTask("classify")),
  embed: () => anyTask(folderEmbedTask(sentence!, scores)),
  "multi-label": () => anyTask(multiLabelTask()),
  regress: () => anyTask(regressTask()),
  tag: () => anyTask(tagTask),
});

/** Fine-tuning of a model folder in a worker. */
export interface FinetuneSettings
  extends Pick<
    FinetuneOptions<unknown, never>,
    | "train"
    | "dev"
    | "epochs"
    | "warmupSteps"
    | "gradientAccumulationSteps"
    | "maxGradNorm"
    | "batchSize"
    | "seed"
    | "patience"
  > {
  /** the task; examples are those of the task in `cloze`: `{ text, label }` for classify, `{ text, pair, score }` for embed */
  readonly task: WorkerTask;
  /** names of the classes; those of the examples where not given */
  readonly labels?: readonly string[];
  /** longest sequence in tokens; the folder's by default */
  readonly maxLength?: number;
  /** peak of a linear schedule */
  readonly learningRate: number;
}

export type FinetuneRequest = FinetuneSettings & { readonly files: number };

/** Pre-training of a new model in a worker. */
export interface PretrainSettings
  extends Pick<TrainOptions<never>, "batchSize" | "seed" | "gradientAccumulationSteps" | "maxGradNorm"> {
  /** a published objective over one model, such as masked-lm or causal-lm */
  readonly objective: string;
  /** architecture; that of the objective by default */
  readonly family?: string;
  /** sizes of the model; the vocabulary's is that of the tokenizer */
  readonly sizes: Omit<ModelSizes, "vocabSize">;
  /** each as its sentences */
  readonly documents: readonly (readonly string[])[];
  readonly steps: number;
  /** peak of a linear schedule; a tenth of the steps is warm-up */
  readonly learningRate: number;
}

export type PretrainRequest = PretrainSettings & { readonly files: number };

type FilesOf = (id: number) => Files;
/** A model folder's files, by name. */
type SavedFiles = readonly (readonly [name: string, bytes: Uint8Array])[];

/** Yields what {@link finetune} yields, and returns the files of the model. */
export async function* runFinetune(
  { files: id, task: name, labels: named, maxLength, ...request }: FinetuneRequest,
  filesOf: FilesOf,
  how: WorkerEngine,
  signal: AbortSignal,
): AsyncGenerator<FinetuneEvent, SavedFiles, undefined> {
  const folder = openFolder(filesOf(id), "finetune").readAhead();
  const sentence = name === "embed" ? await readSentenceSettings(folder) : null;
  const scores = (request.train[0] as { readonly score?: number } | undefined)?.score !== undefined;
  const known = tasks(scores, sentence);
  if (!Object.hasOwn(known, name))
    throw new ArgumentError(`finetune: task must be one of ${Object.keys(known).join(", ")}, got ${name}`);
  const task = known[name]();
  using engine = await Engine.create(how);
  const labels = named ? LabelSet.of(new Set(named)) : task.labels(request.train);
  const { seed } = request;
  const loaded = await loadModel(engine, folder, { task: task.modelTask, labels, seed, dtype: "f32", signal });
  const tokenizer = await loadTokenizer(folder);
  const said = (await readMaxLength(folder))?.tokens ?? loaded.model.maxLength;
  const settings = { tokenizer, labels, maxLength: maxLength ?? Math.min(said, loaded.model.maxLength) };
  yield* finetune({ ...request, loaded, task, settings, signal });
  const saved = memoryFiles();
  await saveModel(saved, { ...loaded, tokenizer, maxLength: settings.maxLength });
  if (sentence)
    await writeSentenceSettings(saved, { ...sentence, maxLength: settings.maxLength }, loaded.model.hiddenSize);
  return [...saved.files];
}

/** Yields the steps of {@link train}, and returns the files of the model. */
export async function* runPretrain(
  { files: id, objective: name, family, sizes, documents, ...request }: PretrainRequest,
  filesOf: FilesOf,
  how: WorkerEngine,
  signal: AbortSignal,
): AsyncGenerator<Step, SavedFiles, undefined> {
  const { main, pairs, arrangement } = parseObjective(name, "pretrain: objective");
  const { kind } = main;
  if (kind === "replaced-token-detection")
    throw new ArgumentError(`pretrain: objective ${name} trains two models; in a worker one is trained`);
  using engine = await Engine.create(how);
  const tokenizer = await loadTokenizer(filesOf(id));
  const { special } = tokenizer;
  const config = freshConfig(family ?? main.family, { ...sizes, vocabSize: tokenizer.size, special });
  const { seed, steps, learningRate } = request;
  const made = freshModel(engine, config, pairs ? "pretraining" : kind, seed);
  const maxLength = Math.min(sizes.maxPositionEmbeddings, made.model.maxLength);
  const learned = main.make({ tokenizer });
  // The objective and the model are of one kind, which the types of the table cannot say.
  const objective = ("losses" in learned
    ? learned
    : pairs
      ? combine(learned, pairs.make({ tokenizer }))
      : single(learned)) as unknown as Objective<typeof made.model>;
  yield* train({
    ...request,
    engine,
    model: made.model,
    objective,
    samples: pretrainingSamples(tokenizeDocuments(tokenizer, documents), arrangement, { tokenizer, maxLength, seed }),
    optimizer: adamW(made.weights, { weightDecay: 0.01 }),
    learningRate: linearSchedule(learningRate, Math.ceil(steps / 10), steps),
    signal,
  });
  const saved = memoryFiles();
  await saveModel(saved, { ...made, tokenizer, maxLength });
  return [...saved.files];
}
