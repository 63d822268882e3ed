/**
 * Calls between two threads. Both ends are the same: each answers the other's calls by name, and makes its own.
 *
 * A call has one result, or a stream of them, of which the answering end computes as many ahead as the caller has asked for.
 * An aborted call ends at once for its caller, and at its next step for the end that answers it.
 */
import { type TurnOptions, yieldTurn } from "../tensor/turns.js";
import { buffersOf, plainThrown, revivedThrown, type Thrown } from "./crossing.js";
import type { Port } from "./port.js";

/** The context of a handler, in addition to its arguments. */
export interface Context {
  readonly signal: AbortSignal;
  /** Report something to the caller before the result is ready. */
  report(value: unknown): void;
}

/** Answers calls of one name: a value, a promise of one, or for streams an async generator. */
export type Handler = (args: readonly unknown[], context: Context) => unknown;

type Message =
  | { readonly call: number; readonly name: string; readonly args: readonly unknown[]; readonly ahead?: number }
  | { readonly more: number }
  | { readonly stop: number; readonly reason: Thrown }
  | { readonly report: number; readonly value: unknown }
  | { readonly item: number; readonly value: unknown }
  | { readonly done: number; readonly value: unknown }
  | { readonly failed: number; readonly reason: Thrown };

/** A call that is not answered yet. */
interface Asked {
  report(value: unknown): void;
  item(value: unknown): void;
  done(value: unknown): void;
  failed(reason: unknown): void;
}

/** A call that is being answered. */
interface Answering {
  readonly controller: AbortController;
  /** results that the caller will take */
  credit: number;
  wake: () => void;
}

/** How a call is made. */
export interface CallSettings {
  readonly signal?: AbortSignal | undefined;
  /** receives reports from the answering end; an error that it throws stops the call */
  readonly onReport?: ((value: unknown) => void) | undefined;
  /** receives results of a stream, of which it wants this many ahead */
  readonly stream?: { readonly ahead: number; item(value: unknown): void };
  /** buffers among the arguments that move */
  readonly transfer?: readonly ArrayBuffer[];
}

export class Channel {
  readonly #port: Port;
  readonly #handlers: Readonly<Record<string, Handler>>;
  readonly #asked = new Map<number, Asked>();
  readonly #answering = new Map<number, Answering>();
  #next = 0;
  #closed: { readonly reason: unknown } | null = null;

  constructor(port: Port, handlers: Readonly<Record<string, Handler>>) {
    this.#port = port;
    this.#handlers = handlers;
    port.listen((message) => this.#receive(message as Message));
    port.await?.(false);
  }

  /** Calls under way from this end. */
  get pending(): number {
    return this.#asked.size;
  }

  /** Reject all calls, and every later one. */
  close(reason: unknown): void {
    this.#closed ??= { reason };
    for (const { failed } of [...this.#asked.values()]) failed(reason);
  }

  /** Ask the other end. `id` is told before anything else. */
  call(
    name: string,
    args: readonly unknown[],
    { signal, onReport, stream, transfer = [] }: CallSettings = {},
    started: (id: number) => void = () => {},
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      if (this.#closed) throw this.#closed.reason;
      const id = this.#next++;
      started(id);
      const settle = (end: () => void): void => {
        signal?.removeEventListener("abort", abort);
        this.#asked.delete(id);
        this.#port.await?.(this.#asked.size > 0);
        end();
      };
      const stop = (reason: unknown): void => {
        if (!this.#asked.has(id)) return;
        this.#post({ stop: id, reason: plainThrown(reason) });
        settle(() => reject(reason));
      };
      const abort = (): void => stop(signal!.reason);
      const guarded = (take: (value: unknown) => void) => (value: unknown) => {
        try {
          take(value);
        } catch (error) {
          stop(error);
        }
      };
      this.#asked.set(id, {
        report: guarded(onReport ?? (() => {})),
        item: guarded(stream?.item ?? (() => {})),
        done: (value) => settle(() => resolve(value)),
        failed: (reason) => settle(() => reject(reason)),
      });
      this.#port.await?.(true);
      signal?.addEventListener("abort", abort, { once: true });
      try {
        this.#post({ call: id, name, args, ...(stream && { ahead: stream.ahead }) }, transfer);
      } catch (error) {
        // A function among the arguments, for one.
        settle(() => reject(error));
      }
    });
  }

  /**
   * The results of a call one by one, then the value that ends them.
   *
   * @param ahead results that are computed before they are asked for
   */
  async *stream(
    name: string,
    args: readonly unknown[],
    { signal, onReport, ahead = 1 }: Pick<CallSettings, "signal" | "onReport"> & { readonly ahead?: number } = {},
  ): AsyncGenerator<unknown, unknown, undefined> {
    const items: unknown[] = [];
    let wake = (): void => {};
    let ended: { readonly value: unknown } | { readonly reason: unknown } | undefined;
    let id = -1;
    const item = (value: unknown): void => {
      items.push(value);
      wake();
    };
    const leaving = new AbortController();
    const leave = (): void => leaving.abort(signal?.reason);
    if (signal?.aborted) leave();
    signal?.addEventListener("abort", leave, { once: true });
    const end = (how: typeof ended): void => {
      ended = how;
      wake();
    };
    this.call(name, args, { signal: leaving.signal, onReport, stream: { ahead, item } }, (made) => {
      id = made;
    }).then(
      (value) => end({ value }),
      (reason) => end({ reason }),
    );
    try {
      for (;;) {
        while (items.length === 0 && !ended)
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        // Results computed before an error are sent before it; an abort does not wait for them.
        if (signal?.aborted) throw signal.reason;
        if (items.length > 0) {
          yield items.shift();
          if (!ended) this.#post({ more: id });
        } else if (ended && "value" in ended) return ended.value;
        else if (ended) throw (ended as { reason: unknown }).reason;
      }
    } finally {
      signal?.removeEventListener("abort", leave);
      leaving.abort();
    }
  }

  #post(message: Message, transfer: readonly ArrayBuffer[] = []): void {
    this.#port.post(message, transfer);
  }

  #receive(message: Message): void {
    if ("call" in message) void this.#answer(message);
    else if ("more" in message) {
      const answering = this.#answering.get(message.more);
      if (!answering) return;
      answering.credit++;
      answering.wake();
    } else if ("stop" in message) {
      const answering = this.#answering.get(message.stop);
      answering?.controller.abort(revivedThrown(message.reason));
      answering?.wake();
    } else if ("report" in message) this.#asked.get(message.report)?.report(message.value);
    else if ("item" in message) this.#asked.get(message.item)?.item(message.value);
    else if ("done" in message) this.#asked.get(message.done)?.done(message.value);
    else this.#asked.get(message.failed)?.failed(revivedThrown(message.reason));
  }

  async #answer({ call: id, name, args, ahead }: Extract<Message, { readonly call: number }>): Promise<void> {
    const controller = new AbortController();
    const answering: Answering = { controller, credit: ahead ?? 0, wake: () => {} };
    this.#answering.set(id, answering);
    const { signal } = controller;
    try {
      const result = this.#handlers[name]!(args, { signal, report: (value) => this.#post({ report: id, value }) });
      const value = ahead === undefined ? await result : await this.#answerEach(id, answering, result);
      this.#post({ done: id, value }, buffersOf(value));
    } catch (error) {
      this.#post({ failed: id, reason: plainThrown(error) });
    } finally {
      this.#answering.delete(id);
    }
  }

  /** Post one result after another, no more than the caller has asked for. */
  async #answerEach(id: number, answering: Answering, result: unknown): Promise<unknown> {
    const results = result as AsyncGenerator<unknown, unknown, undefined>;
    const { signal } = answering.controller;
    try {
      for (;;) {
        // Messages arrive only when this thread yields, which a training loop itself never does.
        await yieldTurn();
        while (answering.credit <= 0 && !signal.aborted)
          await new Promise<void>((resolve) => {
            answering.wake = resolve;
          });
        signal.throwIfAborted();
        const step = await results.next();
        if (step.done) return step.value;
        answering.credit--;
        this.#post({ item: id, value: step.value }, buffersOf(step.value));
      }
    } finally {
      await results.return(undefined);
    }
  }
}

/** The options of a call that is awaited, as those of a call to another thread. */
export function settingsOf({ signal, onProgress }: TurnOptions): CallSettings {
  return { signal, onReport: onProgress && ((value) => onProgress(value as Parameters<typeof onProgress>[0])) };
}
