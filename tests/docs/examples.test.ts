/** Every `@example` compiles under strict, and runs where it needs nothing from outside; values written beside calls hold. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type BuildOptions, build } from "esbuild";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { typeErrors } from "../helpers/installed-package.js";
import { root } from "../helpers/shared.js";
import { examplesOf, exportsOf, moduleOf, withoutExample } from "./examples.js";
import { agrees } from "./values.js";

const test = suite("examples of docstrings");
const sdk = join(root, "sdk");
const folder = join(root, "build", `examples-${process.pid}`);
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** The sources of the subpaths, and the context: where examples take names from. */
const subpaths = Object.values(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).exports)
  .map((target) => /^\.\/dist\/types\/(.*)\.d\.ts$/.exec((target as { types?: string }).types ?? "")?.[1])
  .filter((name) => name !== undefined && !/\.wasm$|^engine-worker$/.test(name));
const homes = [...subpaths.map((name) => join(sdk, `${name}.ts`)), join(root, "tests/docs/context.ts")].map((path) => ({
  path,
  names: new Set(exportsOf(path)),
}));
const examples = examplesOf(sdk);
const modules = new Map(examples.map((example, i) => [`example-${i}.ts`, example]));
mkdirSync(folder, { recursive: true });
for (const [name, example] of modules) writeFileSync(join(folder, name), moduleOf(example, homes, folder, sdk));

test("every public function has an example", () => {
  const reports = join(root, "docs/api");
  const published = new Set(
    readdirSync(reports).flatMap((file) =>
      Array.from(readFileSync(join(reports, file), "utf8").matchAll(/^export function (\w+)/gm), ([, name]) => name!),
    ),
  );
  assert.ok(published.size > 150, `only ${published.size} functions`);
  assert.equal(
    withoutExample(sdk).filter((name) => published.has(name)),
    [],
  );
});

test("every example compiles under strict", () => {
  assert.ok(examples.length > 60, `only ${examples.length} examples`);
  const options = {
    module: "esnext",
    noUnusedLocals: false,
    types: ["node"],
    typeRoots: [join(root, "node_modules/@types")],
  };
  const declared = ["sdk/engine/wasm.d.ts", "sdk/report/text.d.ts"].map((path) => join(root, path));
  const errors = typeErrors(folder, options, [...modules.keys(), ...declared], join(root, "tsconfig.json"));
  const named = errors
    .filter((line) => line.includes("error TS"))
    .map((line) => line.replace(/^.*?(example-\d+\.ts)/, (_, name: string) => `${modules.get(name)?.name}: ${name}`));
  assert.is(named.join("\n"), "");
});

/** Examples that are compiled only: they open a folder on disk, or need more than the context. */
const OUTSIDE =
  /\b(?:folder|writableFolder|writeFileAtomically|hub|downloadModel|findModel|modelFiles|webFolder|streamedFile|selectedFiles|directoryFiles|browserCache|exists|writeFolder|requirePlace|requireFilePlace|startWorkers|serveModels)\(/;
const NOT_RUN = new Map([
  ["benchmark/run.ts 1", "all workloads take a minute; tests/benchmark runs them in parts"],
  ["objectives/span-corruption.ts 2", "the tokenizer of T5"],
  ["objectives/ul2.ts 1", "the tokenizer of T5"],
]);

/** The settings of the build, which embed texts and kernels. */
const { settings } = (await import(pathToFileURL(join(root, "scripts/build.mjs")).href)) as { settings: BuildOptions };

const runnable = [...modules].filter(([, { name, code }]) => !OUTSIDE.test(code) && !NOT_RUN.has(name));
await build({
  ...settings,
  entryPoints: runnable.map(([name]) => join(folder, name)),
  absWorkingDir: root,
  outdir: folder,
  outExtension: { ".js": ".mjs" },
  splitting: true,
  platform: "node",
});

/** A line `f(x); // value` or `f(x); // SomeError: message`. */
async function check(f: () => Promise<unknown>, said: string): Promise<void> {
  const [, name, message] = /^(\w*Error): (.*)$/.exec(said) ?? [];
  if (name === undefined) {
    const value = await f();
    return assert.ok(agrees(value, said), `got ${JSON.stringify(value)}, the comment says ${said}`);
  }
  const error = await f().then(
    () => null,
    (thrown: Error) => thrown,
  );
  assert.is(`${error?.name}: ${error?.message}`.slice(0, said.length), `${name}: ${message}`);
}

for (const [name, { name: title }] of runnable)
  test(`${title} runs`, async () => {
    const { example } = await import(join(folder, name.replace(".ts", ".mjs")));
    await example(check);
  });

test.run();
