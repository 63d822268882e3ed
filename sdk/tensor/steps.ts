/**
 * Computations in steps.
 *
 * A computation that may take long is a generator that yields where it can be interrupted. The synchronous form of a call
 * runs it at once, the awaitable form in turns (turns.ts): the code is the same, and so are the bits. A forward pass yields
 * within its layers, with its scopes open: turns.ts closes nothing of one computation in another.
 */

/** How far a computation has come, in units of its own: texts read, bytes loaded. */
export interface Progress {
  readonly done: number;
  readonly total: number;
}

/** A computation of a `T`, which can be interrupted wherever it yields. */
export type Steps<T> = Generator<Progress | undefined, T, undefined>;

/**
 * Run all steps without interruption.
 *
 * @example
 * atOnce((function* () { yield; return 3; })()); // 3
 */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** The result of `f` for each item, with an interruption after each. */
export function* eachInSteps<A, B>(items: readonly A[], f: (item: A, index: number) => B): Steps<B[]> {
  const made: B[] = [];
  for (const [i, item] of items.entries()) {
    made.push(f(item, i));
    yield;
  }
  return made;
}

/** The same steps with other reports; closed with them, when they are left in the middle. */
export function* reporting<Y, Z, T>(
  steps: Generator<Y | undefined, T, undefined>,
  change: (report: Y) => Z | undefined,
): Generator<Z | undefined, T, undefined> {
  try {
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
      yield step.value === undefined ? undefined : change(step.value);
    }
  } finally {
    // Does nothing to steps that have ended.
    steps.return(undefined as T);
  }
}

/** The same steps, which report nothing. */
export const silent = <T>(steps: Generator<unknown, T, undefined>): Generator<undefined, T, undefined> =>
  reporting<unknown, undefined, T>(steps, () => undefined);

/** The results of the steps of each item; progress counts items. */
export function* eachByItsSteps<A, B>(
  items: readonly A[],
  f: (item: A, index: number) => Generator<unknown, B, undefined>,
): Steps<B[]> {
  const made: B[] = [];
  for (const [i, item] of items.entries()) {
    made.push(yield* silent(f(item, i)));
    yield { done: i + 1, total: items.length };
  }
  return made;
}
