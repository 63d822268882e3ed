/** Checked fields of untrusted JSON. Errors give the path, the expected type and the actual value. */
import { shown } from "../../errors.js";
import { expect } from "../errors.js";

export class Fields {
  private readonly fields: Readonly<Record<string, unknown>>;

  /** @param path of the object in the file, for messages: "normalizer.normalizers[2]" */
  constructor(
    value: unknown,
    readonly path: string,
  ) {
    expect(
      typeof value === "object" && value !== null && !Array.isArray(value),
      () => `${path}: an object was expected, got ${shown(value)}`,
    );
    this.fields = value as Record<string, unknown>;
  }

  /** The value of a field, undefined when it is absent. */
  get(name: string): unknown {
    return Object.hasOwn(this.fields, name) ? this.fields[name] : undefined;
  }

  string(name: string, otherwise?: string): string {
    return this.check(name, "string", otherwise) as string;
  }

  boolean(name: string, otherwise?: boolean): boolean {
    return this.check(name, "boolean", otherwise) as boolean;
  }

  /** A whole number of at least 0. */
  count(name: string, otherwise?: number): number {
    const value = this.check(name, "number", otherwise) as number;
    expect(
      Number.isSafeInteger(value) && value >= 0,
      `${this.path}.${name}: a whole number was expected, got ${value}`,
    );
    return value;
  }

  list(name: string): readonly unknown[] {
    const value = this.get(name);
    expect(Array.isArray(value), () => `${this.path}.${name}: a list was expected, got ${shown(value)}`);
    return value;
  }

  object(name: string): Fields {
    return new Fields(this.get(name), `${this.path}.${name}`);
  }

  private check(name: string, type: string, otherwise: unknown): unknown {
    const value = this.get(name) ?? otherwise;
    expect(typeof value === type, () => `${this.path}.${name}: a ${type} was expected, got ${shown(this.get(name))}`);
    return value;
  }
}
