/** The `@example`s of docstrings, as programs. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

export interface Example {
  /** file and number inside it */
  readonly name: string;
  /** the source file, below sdk/ */
  readonly file: string;
  readonly code: string;
}

/** Sources of sdk/, without the command line and its tour, which are not imported. */
const sourcesOf = (sdk: string): string[] =>
  readdirSync(sdk, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts") && !/^(cli|tour)\//.test(file))
    .sort();

/** The examples of docstrings. */
export function examplesOf(sdk: string): Example[] {
  return sourcesOf(sdk).flatMap((file) => {
    const comments = readFileSync(join(sdk, file), "utf8").match(/\/\*\*[\s\S]*?\*\//g) ?? [];
    const codes = comments.flatMap((comment) =>
      comment
        .replace(/^ *(?:\/\*\*|\*\/|\* ?)/gm, "")
        .replace(/\*\/$/, "")
        .split("@example")
        .slice(1)
        .map((text) => text.split(/^@\w/m)[0]!.trim()),
    );
    return codes.map((code, i) => ({ name: `${file} ${i + 1}`, file, code }));
  });
}

/** Names of exported functions of which no declaration has an example: an overload may have it, or a module of another runtime. */
export function withoutExample(sdk: string): string[] {
  const declarations = sourcesOf(sdk).flatMap((file) =>
    Array.from(
      readFileSync(join(sdk, file), "utf8").matchAll(
        /^(\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)?(?:(?:\/\/ |\/\* ).*\n|\/\* .*?\*\/ )*export (?:async )?function\*? (\w+)/gm,
      ),
      ([, comment = "", name]) => ({ name: name!, shown: comment.includes("@example") }),
    ),
  );
  const shown = new Set(declarations.flatMap((one) => (one.shown ? [one.name] : [])));
  return [...new Set(declarations.map(({ name }) => name))].filter((name) => !shown.has(name));
}

/** Names that a file exports, re-exports included. */
export function exportsOf(path: string): string[] {
  const text = readFileSync(path, "utf8");
  const declared = text.matchAll(
    /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|const|interface|type) (\w+)/gm,
  );
  const listed = Array.from(text.matchAll(/^export (?:type )?\{([^}]*)\}/gm), ([, names]) => names!.split(",")).flat();
  return [
    ...Array.from(declared, ([, name]) => name!),
    ...listed.map((name) => name.replace(/\btype\b|.*\bas\b/, "").trim()).filter(Boolean),
  ];
}

/** Names that code uses, and names that it defines. */
function namesOf(code: string): { used: Set<string>; defined: Set<string> } {
  const bare = code.replace(/\/\/.*$|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/gm, "");
  const used = new Set(Array.from(bare.matchAll(/(?<![\w$]|(?<!\.\.)\.)[A-Za-z_]\w*/g), ([name]) => name));
  const defined = new Set<string>();
  for (const [, names] of bare.matchAll(
    /\b(?:const|let|using|function|class) (\w+|[{[][^=]*[}\]]) ?[=(:]|(?<=\bof )$/g,
  ))
    for (const [name] of (names ?? "").matchAll(/\w+(?!\w*:)/g)) defined.add(name);
  for (const [, names] of bare.matchAll(/\b(?:const|let) ([{[][^}\]]*[}\]]|\w+) of\b/g))
    for (const [name] of names!.matchAll(/\w+(?!\w*:)/g)) defined.add(name);
  return { used, defined };
}

/** Where an example may take a name from: files with their exports; the first with the name wins. */
export type Homes = readonly { readonly path: string; readonly names: ReadonlySet<string> }[];

/**
 * An example as a module in `folder`: names that it does not define are imported, and a line `f(x); // value` hands both
 * to `check`.
 */
export function moduleOf({ file, code }: Example, homes: Homes, folder: string, sdk: string): string {
  const { used, defined } = namesOf(code);
  const own = { path: join(sdk, file), names: new Set(exportsOf(join(sdk, file))) };
  const imports = new Map<string, string[]>();
  for (const name of used) {
    const home = defined.has(name) ? undefined : [own, ...homes].find(({ names }) => names.has(name));
    if (home) imports.set(home.path, [...(imports.get(home.path) ?? []), name]);
  }
  const lines = Array.from(imports, ([path, names]) => {
    const from = relative(folder, path).replace(/\.ts$/, ".js");
    return `import { ${names.join(", ")} } from "${dirname(from) === "." ? `./${from}` : from}";`;
  });
  const body = code.replace(
    /^(?!\s|const |let |using |if |for )((?:await )?[\w."'[(].*\)(?:[.\w![\]]*)?); \/\/ (.*)$/gm,
    (_, expression: string, value: string) => `await check(async () => ${expression}, ${JSON.stringify(value)});`,
  );
  return `${lines.join("\n")}\nexport async function example(check: (f: () => Promise<unknown>, said: string) => Promise<void>): Promise<void> {\nvoid check;\n${body}\n}\n`;
}
