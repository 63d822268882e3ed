/** Names and ids of classes: id2label of config.json. */
import { InputError } from "../errors.js";

/** A label that the model does not have, or an id without a label. */
export class LabelError extends InputError {
  override name = "LabelError";
}

/**
 * @example
 * const labels = new LabelSet(["negative", "positive"]);
 * labels.id("positive"); // 1
 */
export class LabelSet {
  readonly #ids: Map<string, number>;

  constructor(readonly names: readonly string[]) {
    this.#ids = new Map(names.map((name, id) => [name, id]));
    if (this.#ids.size !== names.length) throw new LabelError(`labels: a name occurs twice in ${names.join(", ")}`);
  }

  /** The distinct labels, sorted, so that the same data give the same ids. */
  static of(labels: Iterable<string>): LabelSet {
    return new LabelSet([...new Set(labels)].sort());
  }

  get size(): number {
    return this.names.length;
  }

  id(name: string): number {
    const id = this.#ids.get(name);
    if (id === undefined) throw new LabelError(`label "${name}" is not one of the model's: ${this.names.join(", ")}`);
    return id;
  }

  has(name: string): boolean {
    return this.#ids.has(name);
  }

  name(id: number): string {
    const name = this.names[id];
    if (name === undefined)
      throw new LabelError(`label number ${id} does not exist; the model has ${this.size} labels`);
    return name;
  }
}
