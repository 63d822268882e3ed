/**
 * Turns: a computation in steps (steps.ts) that lets other tasks run in between.
 *
 * docs/decisions/026-calls-that-yield.md gives the reasons.
 */
import { aFunction, type Rule, type Rules } from "../options.js";
import { Scope } from "./scope.js";
import type { Progress, Steps } from "./steps.js";

/** Options of calls that are awaited. */
export interface TurnOptions {
  /** Stops the call between two steps; the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
  /** called when a part of the work is done; an error that it throws stops the call */
  readonly onProgress?: (progress: Progress) => void;
}

const anAbortSignal: Rule = {
  expected: "an AbortSignal, that of an AbortController",
  accepts: (value) => typeof value === "object" && value !== null && "aborted" in value && "throwIfAborted" in value,
};

/** @__NO_SIDE_EFFECTS__ */
export const turnRules = (): Rules<TurnOptions> => ({ signal: anAbortSignal, onProgress: aFunction });

/** The clock of turns, and the way in which one ends. */
export interface TurnHost {
  /** milliseconds from any beginning */
  now(): number;
  /** Resolves after other tasks of this thread have had their turn. */
  yieldTurn(): Promise<void>;
}

/** Milliseconds after which a turn ends. Ending one costs 2 to 20 µs. */
const TURN = 8;
/** Steps after which a turn ends in any case: the clocks of some runtimes do not move while code runs. */
const MOST_STEPS = 64;

/**
 * Run steps in turns, and yield their reports.
 *
 * Each computation has its own chain of open scopes, which is restored before its steps and set aside after them, so
 * that several computations may be under way on one engine. The first step never runs inside the caller's own scope or tape.
 *
 * @throws the reason of the first signal that is aborted
 */
export async function* turns<Y, T>(
  steps: Generator<Y | undefined, T, undefined>,
  signals: readonly (AbortSignal | undefined)[] = [],
  host: TurnHost = HOST,
): AsyncGenerator<Y, T, undefined> {
  let scopes: Scope | null = null;
  const within = <R>(work: () => R): R => {
    const outer = Scope.current;
    Scope.current = scopes;
    try {
      return work();
    } finally {
      scopes = Scope.current;
      Scope.current = outer;
    }
  };
  try {
    await undefined;
    let began = host.now();
    for (let count = 1; ; count++) {
      for (const signal of signals) signal?.throwIfAborted();
      const step = within(() => steps.next());
      if (step.done) return step.value;
      if (step.value !== undefined) yield step.value;
      if (count < MOST_STEPS && host.now() - began < TURN) continue;
      await host.yieldTurn();
      began = host.now();
      count = 0;
    }
  } finally {
    // Closes the scopes of the steps; does nothing to steps that have ended.
    within(() => steps.return(undefined as T));
  }
}

/** The result of steps that run in turns. */
export async function inTurns<T>(
  steps: Steps<T>,
  { signal, onProgress }: TurnOptions = {},
  host: TurnHost = HOST,
): Promise<T> {
  const reports = turns(steps, [signal], host);
  try {
    for (;;) {
      const report = await reports.next();
      if (report.done) return report.value;
      onProgress?.(report.value);
    }
  } finally {
    await reports.return(undefined as T);
  }
}

interface Runtime {
  readonly setImmediate?: (callback: () => void) => unknown;
  readonly navigator?: { readonly userAgent?: string };
  /** the name of an edge runtime, in Vercel's and Next's */
  readonly EdgeRuntime?: string;
}

/** Promises that the channel's next messages resolve, in order. */
const waiting: (() => void)[] = [];
let channel: MessageChannel | undefined;

/**
 * A task at the end of the runtime's queue: `setImmediate` in Node, Deno and Bun, a message to oneself in the web. Neither
 * is delayed, as nested timers are, and both let timers, input and the network run first. `scheduler.yield` of some browsers
 * would not: it runs before timers, so that a long computation starves them. A Cloudflare worker may not share a channel
 * among requests and has timers that are not delayed. In Next's edge routes `setImmediate` and channels
 * are there and throw; timers work.
 */
export function yieldTurn(): Promise<void> {
  const { setImmediate, navigator, EdgeRuntime } = globalThis as Runtime;
  return new Promise((resolve) => {
    if (setImmediate && !EdgeRuntime) setImmediate(resolve);
    else if (EdgeRuntime || typeof MessageChannel === "undefined" || navigator?.userAgent === "Cloudflare-Workers")
      setTimeout(resolve, 0);
    else {
      if (!channel) {
        channel = new MessageChannel();
        channel.port1.onmessage = () => waiting.shift()!();
      }
      waiting.push(resolve);
      channel.port2.postMessage(null);
    }
  });
}

const HOST: TurnHost = { now: () => performance.now(), yieldTurn };

/** Yields inside code that is asynchronous anyway, and stops it on request. */
export class Pace {
  readonly #signal: AbortSignal | undefined;
  readonly #host: TurnHost;
  #began: number;

  constructor(signal: AbortSignal | undefined, host: TurnHost = HOST) {
    this.#signal = signal;
    this.#host = host;
    this.#began = host.now();
  }

  /** @throws the reason of the signal, once it is aborted */
  async step(): Promise<void> {
    this.#signal?.throwIfAborted();
    if (this.#host.now() - this.#began < TURN) return;
    await this.#host.yieldTurn();
    this.#began = this.#host.now();
    this.#signal?.throwIfAborted();
  }
}
