/**
 * Mutants of a valid file, as fast-check arbitraries: each is a list of edits, so a failure shrinks to the edits that
 * matter. JSON is mutated by structure, lines by field, everything else by byte.
 */
import fc from "fast-check";

/** A placeholder for nesting that overflows a recursive reader; such a value could not be copied itself. */
const DEEP = "<deep>";
const NESTED = "[".repeat(20_000) + "]".repeat(20_000);

/** A JSON value of any kind, with the ones that break naive readers. */
const anyValue: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom<unknown>(
      null,
      true,
      false,
      0,
      -1,
      1,
      2,
      0.5,
      -0.5,
      3,
      1e9,
      2 ** 31,
      2 ** 32,
      2 ** 53,
      -(2 ** 53),
      1e308,
      "",
      "a",
      "0",
      "1",
      [],
      {},
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom<unknown>(
      "__proto__",
      "toString",
      "constructor",
      "\u0000",
      "\u001b[31m",
      "\ud800",
      "../x",
      "x".repeat(5000),
      "(a+)+$",
      "(?:a{1,1000}){1,1000}",
      "[",
      "(?<n>a)\\k<n>",
    ),
  },
  { weight: 1, arbitrary: fc.constant<unknown>(DEEP) },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
);

type JsonEdit =
  | { kind: "replace"; at: number; value: unknown }
  | { kind: "delete" | "repeat" | "wrap" | "nudge" | "empty"; at: number }
  | { kind: "rename"; at: number; name: string }
  | { kind: "exchange"; at: number; with: number }
  | { kind: "number"; at: number; factor: number };

const jsonEdit: fc.Arbitrary<JsonEdit> = fc.oneof(
  fc.record({ kind: fc.constant("replace" as const), at: fc.nat(), value: anyValue }),
  fc.record({
    kind: fc.constantFrom("delete" as const, "repeat" as const, "wrap" as const, "nudge" as const, "empty" as const),
    at: fc.nat(),
  }),
  fc.record({
    kind: fc.constant("rename" as const),
    at: fc.nat(),
    name: fc.constantFrom("__proto__", "x", "", "type", "id", "length"),
  }),
  fc.record({ kind: fc.constant("exchange" as const), at: fc.nat(), with: fc.nat() }),
  fc.record({
    kind: fc.constant("number" as const),
    at: fc.nat(),
    factor: fc.constantFrom(-1, 0, 0.5, 2, 10, 65536, 1e9),
  }),
);

/** A place in a document: the container and the key under which the value is. */
interface Place {
  readonly holder: Record<string, unknown> | unknown[];
  readonly key: string | number;
}

function placesOf(document: unknown): Place[] {
  const places: Place[] = [];
  const open: unknown[] = [document];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== "object" || value === null) continue;
    for (const key of Object.keys(value)) {
      const holder = value as Record<string, unknown>;
      places.push({ holder, key: Array.isArray(value) ? Number(key) : key });
      open.push(holder[key]);
    }
  }
  return places;
}

const valueAt = ({ holder, key }: Place): unknown => (holder as Record<string | number, unknown>)[key];

/** Set a key as JSON.parse would: `__proto__` becomes a field of its own. */
function put({ holder, key }: Place, value: unknown): void {
  Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true });
}

function remove({ holder, key }: Place): void {
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else delete holder[key];
}

const EDITS: {
  [K in JsonEdit["kind"]]: (place: Place, edit: Extract<JsonEdit, { kind: K }>, places: readonly Place[]) => void;
} = {
  replace: (place, { value }) => put(place, structuredClone(value)),
  delete: (place) => remove(place),
  repeat: (place) => {
    if (Array.isArray(place.holder)) place.holder.splice(Number(place.key), 0, structuredClone(valueAt(place)));
    else put({ ...place, key: `${place.key}2` }, structuredClone(valueAt(place)));
  },
  wrap: (place) => put(place, [valueAt(place)]),
  nudge: (place) => {
    const value = valueAt(place);
    const text = typeof value === "object" ? JSON.stringify(Object.keys(value ?? {})) : String(value);
    put(place, typeof value === "number" ? value + 1 : typeof value === "string" ? `${value}#` : text);
  },
  empty: (place) => {
    const value = valueAt(place);
    put(place, Array.isArray(value) ? [] : typeof value === "object" ? {} : "");
  },
  rename: (place, { name }) => {
    const value = valueAt(place);
    remove(place);
    put({ ...place, key: Array.isArray(place.holder) ? place.holder.length : name }, value);
  },
  exchange: (place, { with: other }, places) => {
    const there = places[other % places.length]!;
    const value = structuredClone(valueAt(there));
    put(place, value);
  },
  number: (place, { factor }) => {
    const value = valueAt(place);
    put(place, typeof value === "number" ? value * factor : factor);
  },
};

function edited(document: unknown, edits: readonly JsonEdit[]): unknown {
  const root = { document: structuredClone(document) };
  for (const edit of edits) {
    const places = placesOf(root);
    if (places.length === 0) break;
    const place = places[edit.at % places.length]!;
    (EDITS[edit.kind] as (place: Place, edit: JsonEdit, places: readonly Place[]) => void)(place, edit, places);
  }
  return root.document;
}

type ByteEdit = {
  at: number;
  kind: "set" | "flip" | "drop" | "repeat" | "cut" | "count";
  value: number;
  length: number;
};

const byteEdit: fc.Arbitrary<ByteEdit> = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom(
    "set" as const,
    "flip" as const,
    "drop" as const,
    "repeat" as const,
    "cut" as const,
    "count" as const,
  ),
  value: fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 10, 13, 34, 92, 0x80, 0xc0, 0xed, 0xff)),
  length: fc.integer({ min: 1, max: 60 }),
});

function editedBytes(bytes: Uint8Array, edits: readonly ByteEdit[]): Uint8Array {
  let mutant = bytes.slice();
  for (const { at, kind, value, length } of edits) {
    if (mutant.length === 0) break;
    const place = at % mutant.length;
    const join = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
    if (kind === "set") mutant[place] = value;
    else if (kind === "flip") mutant[place] = mutant[place]! ^ (1 << (value & 7));
    else if (kind === "drop") mutant = join(mutant.subarray(0, place), mutant.subarray(place + length));
    else if (kind === "repeat") mutant = join(mutant.subarray(0, place + length), mutant.subarray(place));
    else if (kind === "cut") mutant = mutant.slice(0, place);
    else if (mutant.length >= 4) {
      // Where a length or an offset may be: four bytes at once.
      const at = Math.min(place, mutant.length - 4);
      new DataView(mutant.buffer).setUint32(at, (value * 0x01010101) >>> 0, true);
    }
  }
  return mutant;
}

/** Mutants of a binary file. */
export function mutantBytes(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  return fc.array(byteEdit, { minLength: 1, maxLength: 4 }).map((edits) => editedBytes(bytes, edits));
}

/** Mutants of a JSON file: mostly by structure, some by byte. */
export function mutantJson(document: unknown): fc.Arbitrary<Uint8Array> {
  const encode = (value: unknown): Uint8Array => new TextEncoder().encode(stringify(value));
  const byStructure = fc
    .array(jsonEdit, { minLength: 1, maxLength: 3 })
    .map((edits) => encode(edited(document, edits)));
  return fc.oneof({ weight: 5, arbitrary: byStructure }, { weight: 1, arbitrary: mutantBytes(encode(document)) });
}

const stringify = (value: unknown): string => (JSON.stringify(value) ?? "null").replaceAll(`"${DEEP}"`, () => NESTED);

/** Mutants of a text of lines with fields between tabs: fields and lines are dropped, repeated, exchanged and replaced. */
export function mutantLines(text: string): fc.Arbitrary<Uint8Array> {
  const lines = text.split("\n").map((line) => line.split("\t"));
  const byField = fc.array(jsonEdit, { minLength: 1, maxLength: 4 }).map((edits) => {
    const document = edited(lines, edits);
    const rows = Array.isArray(document) ? document : [document];
    const row = (fields: unknown): string => (Array.isArray(fields) ? fields.map(asText).join("\t") : asText(fields));
    return new TextEncoder().encode(rows.map(row).join("\n"));
  });
  return fc.oneof(
    { weight: 3, arbitrary: byField },
    { weight: 2, arbitrary: mutantBytes(new TextEncoder().encode(text)) },
  );
}

const asText = (value: unknown): string => (typeof value === "string" ? value : stringify(value));
