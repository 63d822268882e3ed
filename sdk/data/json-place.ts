/** Where a value is in a JSON text, for errors about files of many lines. */

/** A string, a bracket, a comma or colon, or any other value: the tokens of JSON that is known to be valid. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s[\]{},:"]+/gy;

/**
 * The line, from 1, of the value that a path of names and numbers leads to; of the last value on the way where it ends early.
 *
 * @param text valid JSON
 * @example
 * lineOfValue('{\n "data": [1,\n 2]}', ["data", 1]); // 3
 */
export function lineOfValue(text: string, path: readonly (string | number)[]): number {
  let at = 0;
  const next = (): { token: string; begin: number } => {
    while (/\s/.test(text[at] ?? "")) at++;
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text)?.[0] ?? "";
    const begin = at;
    at += token.length;
    return { token, begin };
  };
  /** Pass over the rest of a value whose first token has been read. */
  const skip = (first: string): void => {
    let depth = first === "[" || first === "{" ? 1 : 0;
    while (depth > 0) {
      const { token } = next();
      if (token === "") return;
      if (token === "[" || token === "{") depth++;
      if (token === "]" || token === "}") depth--;
    }
  };
  let found = next();
  for (const step of path) {
    const isObject = found.token === "{";
    if (!isObject && found.token !== "[") break;
    let inner: typeof found | undefined;
    for (let index = 0; inner === undefined; index++) {
      let item = next();
      if (item.token === "}" || item.token === "]" || item.token === "") break;
      const name = isObject ? (JSON.parse(item.token) as string) : index;
      if (isObject) {
        next();
        item = next();
      }
      if (name === step) inner = item;
      else {
        skip(item.token);
        // The comma, or the end.
        if (next().token !== ",") break;
      }
    }
    if (!inner) break;
    found = inner;
  }
  let line = 1;
  for (let i = text.indexOf("\n"); i >= 0 && i < found.begin; i = text.indexOf("\n", i + 1)) line++;
  return line;
}
