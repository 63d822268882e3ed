/** The README's programs run one after another in a project that has installed the package. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { transformSync } from "esbuild";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { codeBlocks } from "../helpers/code-blocks.js";
import { KeptCommand } from "../helpers/command.js";
import { installPackage, typeErrors } from "../helpers/installed-package.js";
import { root, shared } from "../helpers/shared.js";

const test = suite("documents");
const { project, remove } = installPackage();
test.after(remove);

/** The first of the steps that the pre-training program prints: that it runs is shown, not how far it learns. */
const shortened = (code: string): string => code.replace("const steps = 200;", "const steps = 50;");

/** The folder of the programs: a part of the text of the project, and a published model if there is one. */
const corpus = join(root, "corpus");
const texts = readdirSync(join(corpus, "text")).slice(0, 4);
writeFileSync(
  join(project, "corpus.txt"),
  texts.map((name) => readFileSync(join(corpus, "text", name), "utf8")).join("\n"),
);
const rows = readFileSync(join(corpus, "sentiment/train.tsv"), "utf8").split("\n");
writeFileSync(join(project, "train.tsv"), rows.slice(0, 161).join("\n"));
const published = shared("models/all-MiniLM-L6-v2", "the README's program with a published model");
// As after a download: a snapshot in a cache, and the commit of main.
const commit = "0".repeat(40);
const cached = join(project, "cache/models--sentence-transformers--all-MiniLM-L6-v2");
if (published) {
  for (const name of ["snapshots", "refs"]) mkdirSync(join(cached, name), { recursive: true });
  symlinkSync(published, join(cached, "snapshots", commit));
  writeFileSync(join(cached, "refs/main"), commit);
  // Programs that name a folder.
  symlinkSync(published, join(project, "all-MiniLM-L6-v2"));
}
const env = { ...process.env, HF_HUB_CACHE: join(project, "cache"), HF_HUB_OFFLINE: "1" };

const readme = readFileSync(join(root, "README.md"), "utf8");
const blocks = codeBlocks(readme, "ts");
for (const [i, code] of blocks.entries()) {
  // An import of a .wasm file needs a bundler or a runtime that compiles it.
  if (code.includes(".wasm") || (code.includes("all-MiniLM-L6-v2") && !published)) continue;
  if (code.includes("cloze-tiny")) continue; // tests/package/model-packages.test.ts installs the package and runs it
  test(`program ${i + 1} of the README runs: ${code.split("\n").find((line) => !line.startsWith("import"))}`, () => {
    const file = join(project, `program-${i}.mjs`);
    writeFileSync(
      file,
      transformSync(shortened(code), { loader: "ts", target: "es2022", supported: { using: false } }).code,
    );
    const { status, stdout, stderr } = spawnSync(process.execPath, [file], { cwd: project, encoding: "utf8", env });
    assert.is(status, 0, stderr);
    assert.not.equal(stdout + stderr, "", "a program of the README shows something, or writes a folder");
  });
}

test("the programs wrote the folders that later ones read", () => {
  for (const name of ["my-bert", "my-classifier"])
    for (const file of ["config.json", "model.safetensors", "tokenizer.json"])
      assert.ok(existsSync(join(project, name, file)), `${name}/${file}`);
});

test("every flag of the README's commands is known to the command", () => {
  const kept = new KeptCommand(project, env);
  const commands = readme.matchAll(/^npx cloze ([\w-]+)(.*)$/gm);
  const unknown = Array.from(commands, ([, command, words]) => {
    const help = kept.run([command!, "--help"], "");
    const known = new Set(help.stdout.match(/--[a-z][\w-]*/g));
    return (words!.match(/--[a-z][\w-]*/g) ?? [])
      .filter((flag) => !known.has(flag))
      .map((flag) => `${command} ${flag}`);
  });
  kept.end();
  assert.ok(unknown.length > 15, `only ${unknown.length} commands`);
  assert.equal(unknown.flat(), []);
});

/** Pages whose programs belong to a service, or show calls alone; those of the other pages run in guides.test.ts. */
const NOT_RUN = ["docs/results.md", "docs/runtimes.md"];

test("every TypeScript block of pages that are not run and of the root's documents compiles alone in a file", () => {
  const paths = [...NOT_RUN, "CONTRIBUTING.md", "ARCHITECTURE.md", "SECURITY.md", "BENCHMARKS.md"];
  const all = paths.flatMap((path) =>
    codeBlocks(readFileSync(join(root, path), "utf8"), "ts").map((code, i) => ({
      path,
      code,
      file: `${path.replaceAll("/", "-")}-${i}.ts`,
    })),
  );
  for (const { code, file } of all) writeFileSync(join(project, file), `${code}\nexport {};\n`);
  const options = {
    target: "es2022",
    lib: ["es2022", "esnext.disposable", "dom"],
    module: "nodenext",
    typeRoots: [join(root, "node_modules/@types")],
    types: ["node"],
    strict: true,
  };
  assert.equal(
    all.length === 0
      ? []
      : typeErrors(
          project,
          options,
          all.map(({ file }) => file),
        ),
    [],
  );
});

test.run();
