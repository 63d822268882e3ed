/** The record of a pre-training run: its curves, its messages to the page, and the state that the browser keeps. */
import type { Step } from "cloze";
import type { Plan } from "../plan.js";
import { keep, readKept } from "../store.js";
import type { HeldOut, Recipe, Sample } from "./recipe.js";

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
  /** held-out loss of the run beside it, which began with random weights; empty where there is none */
  readonly beside: readonly Point[];
}

/** Messages to the page during a run. */
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
  | { readonly kind: "held-out"; readonly point: HeldOutPoint; readonly beside: Point | null }
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
  /** of a run that starts from a model: also train the same architecture from random weights beside it */
  readonly withScratch: boolean;
}

/** An interrupted run. */
export interface KeptRun extends RunRequest {
  readonly tokenizer: string;
  readonly checkpoint: Uint8Array;
  /** checkpoint of the run beside it; null where there is none */
  readonly besideCheckpoint: Uint8Array | null;
  readonly curves: Curves;
  readonly step: number;
  readonly parameters: number;
}

/** Name of the interrupted run in the browser's store. */
export const KEPT = "pretraining";
/** Points of the held-out curve. */
const EVALUATIONS = 20;
/** Milliseconds between two messages to the page, before the first checkpoint, and between two checkpoints. */
const [MESSAGE, FIRST, CHECKPOINT] = [200, 1000, 5000];

/** What the page shows of an interrupted run. */
export type KeptSummary = Omit<KeptRun, "checkpoint" | "besideCheckpoint" | "tokenizer">;

export async function keptRun(): Promise<KeptSummary | undefined> {
  const kept = await readKept<KeptRun>(KEPT);
  if (!kept) return undefined;
  const { checkpoint, besideCheckpoint, tokenizer, ...summary } = kept;
  return summary;
}

export class RunRecord {
  readonly #request: RunRequest;
  readonly #tell: (event: RunEvent) => void;
  readonly #training: Point[];
  readonly #heldOut: HeldOutPoint[];
  readonly #beside: Point[];
  #mean: number | null;
  #fresh: Point[] = [];
  #told = 0;
  #keepAt = performance.now() + FIRST;

  constructor(request: RunRequest, kept: KeptRun | undefined, tell: (event: RunEvent) => void) {
    this.#request = request;
    this.#tell = tell;
    this.#training = [...(kept?.curves.training ?? [])];
    this.#heldOut = [...(kept?.curves.heldOut ?? [])];
    this.#beside = [...(kept?.curves.beside ?? [])];
    this.#mean = this.#training.at(-1)?.loss ?? null;
  }

  get curves(): Curves {
    return { training: this.#training, heldOut: this.#heldOut, beside: this.#beside };
  }

  /** Score the held-out text where the curve has a point. */
  evaluate(recipe: Recipe, beside: Recipe | null, step: number): void {
    const { plan, shown } = this.#request;
    const due = step % Math.ceil(plan.steps / EVALUATIONS) === 0 || step === plan.steps;
    if (!due || this.#heldOut.some((point) => point.step === step)) return;
    const point = { step, ...recipe.heldOut(), samples: recipe.samples(shown) };
    const other = beside && { step, loss: beside.heldOut().loss };
    this.#heldOut.push(point);
    if (other) this.#beside.push(other);
    this.#tell({ kind: "held-out", point, beside: other });
  }

  after({ step, loss, parts, tokensPerSecond }: Step, bytes: number): void {
    // ELECTRA's whole loss is mostly 50 times the discriminator's; the held-out one is the generator's.
    const own = parts?.["generator"] ?? loss;
    this.#mean = this.#mean === null ? own : 0.95 * this.#mean + 0.05 * own;
    const point = { step, loss: this.#mean };
    this.#training.push(point);
    this.#fresh.push(point);
    if (performance.now() - this.#told < MESSAGE && step < this.#request.plan.steps) return;
    this.#told = performance.now();
    this.#tell({ kind: "steps", points: this.#fresh, step, tokensPerSecond, bytes });
    this.#fresh = [];
  }

  get isKeepingDue(): boolean {
    return performance.now() > this.#keepAt;
  }

  async keep(run: Omit<KeptRun, keyof RunRequest | "curves">): Promise<void> {
    await keep(KEPT, { ...this.#request, ...run, curves: this.curves } satisfies KeptRun);
    this.#keepAt = performance.now() + CHECKPOINT;
    this.#tell({ kind: "kept", step: run.step });
  }
}
