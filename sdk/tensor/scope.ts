/** Scopes: memory without reference counts. */
import { ArgumentError } from "../options.js";

// WebKit has no Symbol.dispose yet, see engine/bare-engine.ts.
(Symbol as { dispose?: symbol }).dispose ??= Symbol.for("Symbol.dispose");

/**
 * Tensors made while a scope is open are freed when it closes, except those that were kept.
 * Scopes nest, and no `await` may occur inside one: another task could close it out of order.
 *
 * @example
 * function firstOfSum(): number {
 *   using _ = new Scope();
 *   return add(x, x).data[0]!; // the sum's memory is released here
 * }
 */
export class Scope implements Disposable {
  static current: Scope | null = null;
  readonly #parent = Scope.current;
  readonly #owned = new Set<Disposable>();

  constructor() {
    Scope.current = this;
  }

  own(made: Disposable): void {
    this.#owned.add(made);
  }

  /** Hand `t` to the enclosing scope, or to the caller where there is none, so that it survives this one. */
  keep<T extends { readonly storage: Disposable }>(t: T): T {
    if (this.#owned.delete(t.storage)) this.#parent?.own(t.storage);
    return t;
  }

  /** Give one tensor's memory back before the scope ends. */
  drop(storage: Disposable): void {
    if (this.#owned.delete(storage)) storage[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    if (Scope.current !== this)
      throw new ArgumentError("scopes closed out of order: was there an `await` inside a scope?");
    Scope.current = this.#parent;
    for (const made of this.#owned) made[Symbol.dispose]();
    this.#owned.clear();
  }
}

/** Make storages that no scope owns, whatever scope is open: parameters, gradients, optimizer moments. */
export function unscoped<T>(f: () => T): T {
  const scope = Scope.current;
  Scope.current = null;
  try {
    return f();
  } finally {
    Scope.current = scope;
  }
}
