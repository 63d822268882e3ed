/** Names and ids of classes: id2label of config.json. */

import { InputError } from "../errors.js";
import { aString, checkArgument, given, listOf, withFields } from "../options.js";

/** A label that the model does not have, or an id without a label. */
export class LabelError extends InputError {
  override name = "LabelError";
}

/** Options of a {@link LabelSet}. */
export interface LabelSetOptions {
  /** refuse a repeated name (the default); published models have some */
  readonly unique?: boolean;
  /** several classes may apply to one text; false by default */
  readonly multiLabel?: boolean;
}

/**
 * The labels of a task in order: names to ids and back.
 *
 * @example
 * const labels = new LabelSet(["negative", "positive"]);
 * labels.id("positive"); // 1
 */
export class LabelSet {
  readonly #ids: Map<string, number>;
  /** names of several classes: such a name has no id */
  readonly #repeated: ReadonlySet<string>;

  /** whether several classes may apply to one text: multi-label classification */
  readonly multiLabel: boolean;

  constructor(
    readonly names: readonly string[],
    options: LabelSetOptions = {},
  ) {
    checkArgument("LabelSet", "options", options, withFields("an object with unique and multiLabel"));
    const { unique = true, multiLabel = false } = options;
    checkArgument("LabelSet", "names", names, listOf(aString));
    this.multiLabel = multiLabel;
    this.#ids = new Map(names.map((name, id) => [name, id]));
    this.#repeated = new Set(names.filter((name, id) => this.#ids.get(name) !== id));
    if (unique && this.#repeated.size > 0) throw new LabelError(`labels: a name occurs twice in ${names.join(", ")}`);
  }

  /** The distinct labels, sorted, so that the same data give the same ids. */
  static of(labels: Iterable<string>, options: LabelSetOptions = {}): LabelSet {
    return new LabelSet([...new Set(labels)].sort(), options);
  }

  get size(): number {
    return this.names.length;
  }

  id(name: string): number {
    if (this.#repeated.has(name))
      throw new LabelError(`label ${given(name)} is the name of several classes of the model`);
    const id = this.#ids.get(name);
    if (id === undefined)
      throw new LabelError(`label ${given(name)} is not one of the model's: ${this.names.join(", ")}`);
    return id;
  }

  has(name: string): boolean {
    return this.#ids.has(name);
  }

  name(id: number): string {
    const name = Number.isInteger(id) ? this.names[id] : undefined;
    if (name === undefined)
      throw new LabelError(`label number ${given(id)} does not exist; the model has ${this.size} labels`);
    return name;
  }
}
