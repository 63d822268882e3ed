/** The run of pre-training that the page follows; it continues while other chapters are shown. */
import { proxy } from "comlink";
import type { Plan } from "../plan.js";
import {
  type Curves,
  type HeldOutPoint,
  keptRun,
  type Point,
  type RunEnd,
  type RunEvent,
  type RunRequest,
} from "../worker/run-record.js";
import { Store } from "./store.js";
import { trainer } from "./workers.js";

export interface RunState {
  readonly phase: "idle" | "vocabulary" | "model" | "training" | "pausing" | "paused" | "complete";
  readonly plan: Plan | null;
  readonly curves: Curves;
  readonly step: number;
  readonly parameters: number;
  readonly tokensPerSecond: number;
  /** live bytes of the engine's memory */
  readonly bytes: number;
  /** the step of the last checkpoint */
  readonly keptAt: number | null;
  readonly hash: string | null;
  /** id of the finished model on the shelf */
  readonly model: string | null;
  readonly error: unknown;
  /** the run before, to compare with */
  readonly previous: PreviousRun | null;
}

const NONE: Curves = { training: [], heldOut: [], beside: [] };

const IDLE: RunState = {
  phase: "idle",
  plan: null,
  curves: NONE,
  step: 0,
  parameters: 0,
  tokensPerSecond: 0,
  bytes: 0,
  keptAt: null,
  hash: null,
  model: null,
  error: null,
  previous: null,
};

export const run = new Store<RunState>(IDLE);

const change = (part: Partial<RunState>): void => run.set({ ...run.value, ...part });

/** The held-out curve of the run before, to compare with. */
export interface PreviousRun {
  readonly name: string;
  readonly heldOut: readonly Point[];
}

const PREVIOUS = "cloze-playground-previous";

function previousRun(): PreviousRun | null {
  const text = localStorage.getItem(PREVIOUS);
  return text === null ? null : (JSON.parse(text) as PreviousRun);
}

/** Points to draw; a longer curve is thinned to one point in several, the last one kept. */
const DRAWN = 400;

export function thinned<T>(points: readonly T[]): readonly T[] {
  const every = Math.ceil(points.length / DRAWN);
  return every <= 1 ? points : points.filter((_, i) => i % every === 0 || i === points.length - 1);
}

function onEvent(event: RunEvent): void {
  const { curves } = run.value;
  switch (event.kind) {
    case "preparing":
      change({ phase: event.part });
      break;
    case "ready":
      change({ phase: "training", parameters: event.parameters, step: event.step });
      break;
    case "steps":
      change({
        curves: { ...curves, training: [...curves.training, ...event.points] },
        step: event.step,
        tokensPerSecond: event.tokensPerSecond,
        bytes: event.bytes,
      });
      break;
    case "held-out":
      change({
        curves: {
          ...curves,
          heldOut: [...curves.heldOut, event.point],
          ...(event.beside && { beside: [...curves.beside, event.beside] }),
        },
      });
      break;
    case "kept":
      change({ keptAt: event.step });
  }
}

async function follow(ended: Promise<RunEnd>): Promise<void> {
  try {
    const end = await ended;
    if (end.kind === "paused") change({ phase: "paused", step: end.step });
    else {
      change({ phase: "complete", step: end.step, hash: end.hash, model: end.model });
      const heldOut = run.value.curves.heldOut.map(({ step, loss }: HeldOutPoint) => ({ step, loss }));
      localStorage.setItem(
        PREVIOUS,
        JSON.stringify({ name: run.value.plan!.objective, heldOut } satisfies PreviousRun),
      );
    }
  } catch (error) {
    // Of a run that has not begun there is nothing to show.
    change({ phase: "idle", error, ...(run.value.step === 0 && { plan: null }) });
  }
}

export function startRun(request: RunRequest): Promise<void> {
  run.set({ ...IDLE, phase: "vocabulary", plan: request.plan, previous: previousRun() });
  return follow(trainer().pretrain(request, proxy(onEvent)));
}

export function resumeRun(): Promise<void> {
  change({ phase: "model", error: null, previous: previousRun() });
  return follow(trainer().resume(proxy(onEvent)));
}

export function pauseRun(): void {
  change({ phase: "pausing" });
  void trainer().pause();
}

/** Forget a paused run. */
export async function dropKeptRun(): Promise<void> {
  await trainer().dropRun();
  run.set(IDLE);
}

/** Show the run that an earlier visit left, if there is one. */
export async function findKeptRun(): Promise<RunRequest | undefined> {
  if (run.value.phase !== "idle") return undefined;
  const kept = await keptRun();
  if (!kept || run.value.phase !== "idle") return undefined;
  const { plan, curves, step, parameters } = kept;
  change({ phase: "paused", plan, curves, step, parameters, keptAt: step });
  return kept;
}
