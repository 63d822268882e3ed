/** What a worker answers to the reader's input: asked again when the input changes, one question at a time. */
import { useEffect, useRef, useState } from "preact/hooks";

export interface Computed<T> {
  /** the newest answer; while the next one is computed, the one before */
  readonly value: T | null;
  readonly error: unknown;
  readonly isBusy: boolean;
}

/** Milliseconds that the reader may pause in typing. */
const PAUSE = 120;

/**
 * @param ask makes the answer; null where there is nothing to ask
 * @param inputs the answer depends on
 */
export function useComputed<T>(ask: (() => Promise<T>) | null, inputs: readonly unknown[]): Computed<T> {
  const [state, setState] = useState<Computed<T>>({ value: null, error: null, isBusy: ask !== null });
  const newest = useRef(0);
  useEffect(() => {
    const turn = ++newest.current;
    if (!ask) {
      setState({ value: null, error: null, isBusy: false });
      return;
    }
    setState((before) => ({ ...before, isBusy: true }));
    const timer = setTimeout(async () => {
      try {
        const value = await ask();
        if (turn === newest.current) setState({ value, error: null, isBusy: false });
      } catch (error) {
        if (turn === newest.current) setState({ value: null, error, isBusy: false });
      }
    }, PAUSE);
    return () => clearTimeout(timer);
  }, inputs);
  return state;
}

/** Whether a condition is true, or was. */
export function useEver(condition: boolean): boolean {
  const ever = useRef(false);
  ever.current ||= condition;
  return ever.current;
}
