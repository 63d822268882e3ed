/** Records that a kernel reads its arguments from, where there are more than a call should list. */
import type { Engine } from "./engine.js";

/** The fields of a record in order, four bytes each: see abi.ts. */
export type Fields = Readonly<Record<string, "u32" | "i32" | "f32">>;

/** A value for every field. */
export type Values<F extends Fields> = { readonly [Name in keyof F]: number };

export const planBytes = (fields: Fields): number => Object.keys(fields).length * 4;

/** A field's place in its record, in words of four bytes. */
export const fieldIndex = <F extends Fields>(fields: F, name: keyof F): number =>
  Object.keys(fields).indexOf(name as string);

/** Write the record that begins at `address`. */
export function writePlan<F extends Fields>(engine: Engine, address: number, fields: F, values: Values<F>): void {
  const view = new DataView(engine.memory.buffer, address, planBytes(fields));
  let at = 0;
  for (const name in fields) {
    if (fields[name] === "f32") view.setFloat32(at, values[name], true);
    else view.setUint32(at, values[name], true);
    at += 4;
  }
}
