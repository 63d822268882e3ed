/** Values as examples write them beside a call: `[0.69…, 3]: why`, `Int32Array [0, 3]`, `"text"`. */

/** The longest beginning of a comment that is a value; undefined where the comment is prose. */
function literalOf(said: string): unknown {
  const text = said.replace(/^\w+Array (?=\[)/, "");
  for (let end = text.length; end > 0; end--) {
    // A value ends where its last word or number does.
    if (/^[\w.]/.test(text.slice(end)) && /[\w.]$/.test(text.slice(0, end))) continue;
    try {
      return JSON.parse(
        text
          .slice(0, end)
          .replaceAll("…", "")
          .replace(/([{,] *)(\w+):/g, '$1"$2":'),
      );
    } catch {
      // a shorter part may be a value
    }
  }
  return undefined;
}

/** Whether `value` agrees with the comment, numbers to the digits shown. */
export function agrees(value: unknown, said: string): boolean {
  const expected = literalOf(said);
  return expected === undefined || same(value, expected);
}

function same(value: unknown, expected: unknown): boolean {
  if (typeof expected === "number") {
    const [, digits = ""] = /\.(\d+)$/.exec(String(expected)) ?? [];
    return (
      typeof value === "number" &&
      (digits === "" ? value === expected : Math.abs(value - expected) <= 10 ** -digits.length)
    );
  }
  if (Array.isArray(expected)) {
    const list = Array.from(value as Iterable<unknown>);
    return list.length === expected.length && expected.every((entry, i) => same(list[i], entry));
  }
  if (typeof expected === "object" && expected !== null)
    return Object.entries(expected).every(([key, entry]) => same((value as Record<string, unknown>)[key], entry));
  return value === expected;
}
