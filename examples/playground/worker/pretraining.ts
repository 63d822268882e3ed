/**
 * Pre-training in a worker: a run that can be paused, kept in the browser's storage, and continued with the same bits after
 * the page was closed.
 */
import {
  adamW,
  Engine,
  linearSchedule,
  memoryFiles,
  readCheckpoint,
  type Step,
  saveModel,
  writeCheckpoint,
} from "cloze";
import { parseObjective, readDocuments, textSource, tokenizeDocuments } from "cloze/data";
import { familyOf } from "cloze/tensor";
import { readTokenizerJson, type Tokenizer, trainBpe, trainUnigram, trainWordPiece } from "cloze/tokenizer";
import type { Plan } from "../plan.js";
import { drop, keep, readKept, shelve } from "../store.js";
import { type HeldOut, type Recipe, recipeOf, type Sample } from "./recipe.js";
import { hashWeights } from "./weights-hash.js";

export interface Point {
  readonly step: number;
  readonly loss: number;
}

export interface HeldOutPoint extends Point, HeldOut {
  readonly samples: readonly Sample[];
}

/** The curves of a run. */
export interface Curves {
  /** running mean over batches */
  readonly training: readonly Point[];
  readonly heldOut: readonly HeldOutPoint[];
}

/** What the page is told while a run goes on. */
export type RunEvent =
  | { readonly kind: "preparing"; readonly part: "vocabulary" | "model" }
  | { readonly kind: "ready"; readonly parameters: number; readonly step: number; readonly tokens: number }
  | {
      readonly kind: "steps";
      readonly points: readonly Point[];
      readonly step: number;
      readonly tokensPerSecond: number;
      readonly bytes: number;
    }
  | { readonly kind: "held-out"; readonly point: HeldOutPoint }
  | { readonly kind: "kept"; readonly step: number };

/** How a run ended. */
export type RunEnd =
  | { readonly kind: "paused"; readonly step: number }
  | { readonly kind: "complete"; readonly step: number; readonly hash: string; readonly model: string };

/** A run as the page starts it. */
export interface RunRequest {
  readonly plan: Plan;
  readonly text: string;
  /** texts that the model fills or continues while it learns */
  readonly shown: readonly string[];
  /** name of the finished model on the shelf */
  readonly name: string;
}

/** An interrupted run. */
export interface KeptRun extends RunRequest {
  readonly tokenizer: string;
  readonly checkpoint: Uint8Array;
  readonly curves: Curves;
  readonly step: number;
  readonly parameters: number;
}

const KEPT = "pretraining";
/** Every how many documents one is held out, as `cloze pretrain` does. */
const HELD_OUT = 20;
/** Points of the held-out curve. */
const EVALUATIONS = 20;
/** Milliseconds between two messages to the page, and between two checkpoints. */
const [MESSAGE, CHECKPOINT] = [120, 5000];

/** What the page shows of an interrupted run. */
export type KeptSummary = Omit<KeptRun, "checkpoint" | "tokenizer">;

export async function keptRun(): Promise<KeptSummary | undefined> {
  const kept = await readKept<KeptRun>(KEPT);
  if (!kept) return undefined;
  const { checkpoint, tokenizer, ...summary } = kept;
  return summary;
}

export const dropRun = (): Promise<void> => drop(KEPT);

/** Continue the run that was interrupted. */
export async function resume(tell: (event: RunEvent) => void): Promise<RunEnd> {
  const kept = await readKept<KeptRun>(KEPT);
  if (!kept) throw new Error("no run was interrupted here");
  return train(kept, kept, tell);
}

/** Train a new model. */
export function pretrain(request: RunRequest, tell: (event: RunEvent) => void): Promise<RunEnd> {
  return train(request, undefined, tell);
}

/** WordPiece, byte-level BPE or Unigram, as the objective's family publishes them. */
async function learnVocabulary({ objective, vocabulary: size }: Plan, texts: readonly string[]): Promise<Tokenizer> {
  const { family } = parseObjective(objective).main;
  const { algorithm, special, uncased: lowercase } = familyOf({ model_type: family }).vocabulary;
  const options = { size, ...(special && { special }) };
  if (algorithm === "wordpiece") return trainWordPiece(texts, { ...options, lowercase });
  if (algorithm === "byte-level-bpe") return trainBpe(texts, options);
  return trainUnigram(texts, { ...options, lowercase });
}

/** A run under way in this worker. */
class Run {
  readonly #request: RunRequest;
  readonly #tell: (event: RunEvent) => void;
  readonly #training: Point[];
  readonly #heldOut: HeldOutPoint[];
  #mean: number | null;
  #fresh: Point[] = [];
  #told = 0;
  #keptAt = performance.now();

  constructor(request: RunRequest, kept: KeptRun | undefined, tell: (event: RunEvent) => void) {
    this.#request = request;
    this.#tell = tell;
    this.#training = [...(kept?.curves.training ?? [])];
    this.#heldOut = [...(kept?.curves.heldOut ?? [])];
    this.#mean = this.#training.at(-1)?.loss ?? null;
  }

  get curves(): Curves {
    return { training: this.#training, heldOut: this.#heldOut };
  }

  /** Score the held-out text where the curve has a point. */
  evaluate(recipe: Recipe, step: number): void {
    const { plan, shown } = this.#request;
    const due = step % Math.ceil(plan.steps / EVALUATIONS) === 0 || step === plan.steps;
    if (!due || this.#heldOut.some((point) => point.step === step)) return;
    const point = { step, ...recipe.heldOut(), samples: recipe.samples(shown) };
    this.#heldOut.push(point);
    this.#tell({ kind: "held-out", point });
  }

  after({ step, loss, tokensPerSecond }: Step, bytes: number): void {
    this.#mean = this.#mean === null ? loss : 0.95 * this.#mean + 0.05 * loss;
    const point = { step, loss: this.#mean };
    this.#training.push(point);
    this.#fresh.push(point);
    if (performance.now() - this.#told < MESSAGE && step < this.#request.plan.steps) return;
    this.#told = performance.now();
    this.#tell({ kind: "steps", points: this.#fresh, step, tokensPerSecond, bytes });
    this.#fresh = [];
  }

  get isKeepingDue(): boolean {
    return performance.now() - this.#keptAt > CHECKPOINT;
  }

  async keep(run: Omit<KeptRun, keyof RunRequest | "curves">): Promise<void> {
    await keep(KEPT, { ...this.#request, ...run, curves: this.curves } satisfies KeptRun);
    this.#keptAt = performance.now();
    this.#tell({ kind: "kept", step: run.step });
  }
}

let pausing = false;

/** Stop the run that is under way after its next step, and keep it. */
export function pause(): void {
  pausing = true;
}

const settingsOf = ({ plan }: RunRequest) => ({ plan: JSON.stringify(plan) });

async function train(request: RunRequest, kept: KeptRun | undefined, tell: (event: RunEvent) => void): Promise<RunEnd> {
  pausing = false;
  const { plan, text, name } = request;
  const run = new Run(request, kept, tell);
  const documents: string[][] = [];
  for await (const document of readDocuments(textSource("the text", text))) documents.push(document);
  const isHeld = (i: number): boolean => documents.length >= HELD_OUT && i % HELD_OUT === 0;
  const training = documents.filter((_, i) => !isHeld(i));
  tell({ kind: "preparing", part: "vocabulary" });
  const tokenizer = kept ? readTokenizerJson(kept.tokenizer) : await learnVocabulary(plan, training.flat());
  tell({ kind: "preparing", part: "model" });
  using engine = await Engine.create({ build: "strict" });
  const tokenized = tokenizeDocuments(tokenizer, training);
  const held = tokenizeDocuments(
    tokenizer,
    documents.filter((_, i) => isHeld(i)),
  );
  const recipe = recipeOf({ engine, plan, tokenizer, training: tokenized, held });
  const { weights } = recipe.loaded;
  using optimizer = adamW(weights, { weightDecay: 0.01 });
  const from = kept && readCheckpoint(kept.checkpoint, optimizer, settingsOf(request));
  const tokens = tokenized.flat().reduce((sum, { ids }) => sum + ids.length, 0);
  tell({ kind: "ready", parameters: weights.count, step: from?.step ?? 0, tokens });
  const json = JSON.stringify(tokenizer.toJSON());
  const keepAt = (position: Step) =>
    run.keep({
      tokenizer: json,
      checkpoint: writeCheckpoint(optimizer, position, settingsOf(request)),
      step: position.step,
      parameters: weights.count,
    });
  if (held.length > 0) run.evaluate(recipe, from?.step ?? 0);
  const learningRate = linearSchedule(plan.learningRate, Math.ceil(plan.steps / 10), plan.steps);
  const { batchSize, seed } = plan;
  for await (const step of recipe.run({
    ...{ engine, optimizer, learningRate, batchSize, seed, maxGradNorm: 1 },
    ...(from && { from }),
  })) {
    run.after(step, engine.liveBytes);
    if (held.length > 0) run.evaluate(recipe, step.step);
    if (step.step === plan.steps) break;
    if (pausing || run.isKeepingDue) await keepAt(step);
    if (pausing) return { kind: "paused", step: step.step };
  }
  const hash = await hashWeights(optimizer);
  const saved = memoryFiles();
  await saveModel(saved, { ...recipe.loaded, tokenizer, maxLength: plan.length });
  const id = `${hash.slice(0, 16)}-${plan.objective}`;
  const about = { id, name, task: recipe.task, parameters: weights.count, hash, made: Date.now() };
  await shelve(about, [...saved.files]);
  await dropRun();
  return { kind: "complete", step: plan.steps, hash, model: id };
}
