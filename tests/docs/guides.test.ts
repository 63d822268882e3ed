/**
 * The programs and commands of the site's pages run, page by page, in a project that has installed the package. Values
 * written behind `console.log(…)` hold. Models are stand-ins with random weights, texts are parts of the project's corpus.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { transformSync } from "esbuild";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { KeptCommand } from "../helpers/command.js";
import { installPackage, typeErrors } from "../helpers/installed-package.js";
import { root } from "../helpers/shared.js";
import { type Command, type Program, RUNNER, shortened, stepsOf, watched } from "./programs.js";
import { writeStandIns } from "./stand-ins.js";
import { agrees } from "./values.js";

const test = suite("guides");
/** Nothing is downloaded: a name without a stand-in fails. */
const env = { ...process.env, HF_HUB_OFFLINE: "1" };
const { project, remove } = installPackage();
test.after(remove);

const lines = (name: string, count: number, from = 0): string[] =>
  readFileSync(join(root, "corpus", name), "utf8")
    .split("\n")
    .slice(from, from + count);
const place = (name: string, content: readonly string[]): void =>
  writeFileSync(join(project, name), `${content.join("\n")}\n`);

/** Files that the guides name. */
const corpus = readdirSync(join(root, "corpus/text"))
  .slice(0, 3)
  .flatMap((name) => lines(`text/${name}`, 60));
place("corpus.txt", corpus);
place("reviews.tsv", lines("sentiment/train.tsv", 25));
place("reviews-dev.tsv", lines("sentiment/test.tsv", 9));
place("reviews-test.tsv", lines("sentiment/test.tsv", 17));
place("pairs.tsv", lines("inference/train.tsv", 25));
place("tags.tsv", lines("tags/train.tsv", 120));
for (const language of ["de", "fr"]) place(`tags-${language}.tsv`, lines("tags/train.tsv", 60));
const [english, german] = [lines("parallel/en.txt", 24), lines("parallel/de.txt", 24)];
place("en.txt", english);
place("de.txt", german);
const translations = ["text\tpair", ...english.map((text, i) => `${text}\t${german[i]}`)];
place("translations.tsv", translations);
place("related.tsv", translations);
place("notes.txt", english.slice(0, 6));
place("questions.txt", ["Where is the cat?", "When does the train leave?"]);
const context = "Anna lives in Rome. Her brother lives in Oslo.";
const question = (id: string, text: string, answer: string) => ({
  id,
  question: text,
  answers: [{ text: answer, answer_start: context.indexOf(answer) }],
});
const qas = [question("1", "Where does Anna live?", "Rome"), question("2", "Who lives in Oslo?", "Her brother")];
place("questions.json", [
  JSON.stringify({ version: "1.1", data: [{ title: "Anna", paragraphs: [{ context, qas }] }] }),
]);
place("runner.mjs", [RUNNER]);
for (const name of ["cloze-tiny", "cloze-tiny-embed"])
  cpSync(join(root, "models", name), join(project, "node_modules", name), {
    recursive: true,
    filter: (path) => !path.endsWith("recipe"),
  });
await writeStandIns(project, [...corpus, ...german, context]);
// A model of the reader's own, as a folder.
cpSync(join(project, "sentence-transformers/all-MiniLM-L6-v2"), join(project, "all-MiniLM-L6-v2"), { recursive: true });

/** Pages with something to run; decisions and the reports in docs/api are not for readers to type. */
const pages = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
  .filter(
    (name) =>
      name.endsWith(".md") && !/^(api|decisions|node_modules|public|reference|results|runtimes|benchmark)\b/.test(name),
  )
  .map((name) => join("docs", name))
  .concat("README.zh.md")
  .sort()
  .map((name) => ({ name, steps: stepsOf(name, readFileSync(join(root, name), "utf8")) }))
  .filter(({ steps }) => steps.length > 0);
const programs = pages.flatMap(({ steps }) => steps).filter((step): step is Program => step.kind === "program");

test("every program compiles under strict", () => {
  for (const { name, code } of programs) writeFileSync(join(project, `${name}.ts`), `${code}\nexport {};\n`);
  const options = {
    target: "es2022",
    lib: ["es2022", "esnext.disposable", "dom"],
    module: "nodenext",
    typeRoots: [join(root, "node_modules/@types")],
    types: ["node"],
    strict: true,
  };
  assert.equal(
    typeErrors(
      project,
      options,
      programs.map(({ name }) => `${name}.ts`),
    ),
    [],
  );
  assert.ok(programs.length > 30, `only ${programs.length} programs`);
});

/** Run programs in one process. */
function runPrograms(some: readonly Program[]): void {
  const files = some.map(({ name, code }) => {
    const text = watched(shortened(code));
    const js = transformSync(text, { loader: "ts", target: "es2022", supported: { using: false } }).code;
    writeFileSync(join(project, `${name}.mjs`), js);
    return `${name}.mjs`;
  });
  const { status, stdout, stderr } = spawnSync(process.execPath, ["runner.mjs", ...files], {
    cwd: project,
    encoding: "utf8",
    env,
  });
  assert.is(status, 0, `${stdout}\n${stderr}`);
}

const program = join(project, "node_modules/cloze/dist/cli.js");
const kept = new KeptCommand(project, env, program);
test.after(() => kept.end());

/** A command that needs no shell runs in a process that has the program loaded. */
function runCommand({ line }: Command): void {
  const text = shortened(line).trim();
  const [, input, plain] = /^(?:echo '([^']*)' \| )?npx cloze ([\w\s./,=-]+)$/.exec(text) ?? [];
  const { status, stderr } =
    plain === undefined
      ? spawnSync("bash", ["-c", text.replaceAll("npx cloze", `"${process.execPath}" "${program}"`)], {
          ...{ cwd: project, encoding: "utf8", env },
        })
      : kept.run(plain.trim().split(/\s+/), input === undefined ? "" : `${input}\n`);
  assert.is(status, 0, `${line}\n${stderr}`);
}

/** Remove the files of a page that the next one may write again. */
const given = new Set(readdirSync(project));
function removeResults(): void {
  for (const name of readdirSync(project))
    if (!given.has(name) && name !== "said.jsonl" && name !== "my-classifier" && name !== "my-bert")
      rmSync(join(project, name), { recursive: true, force: true });
}

for (const { name, steps } of pages)
  test(`${name} runs`, () => {
    removeResults();
    let waiting: Program[] = [];
    const flush = (): void => {
      if (waiting.length > 0) runPrograms(waiting);
      waiting = [];
    };
    for (const step of steps) {
      if (step.kind === "program") {
        waiting.push(step);
        continue;
      }
      flush();
      const [, out] = / --out (\S+)/.exec(step.line) ?? [];
      if (out) rmSync(join(project, out), { recursive: true, force: true });
      runCommand(step);
    }
    flush();
  });

test("values behind console.log hold", () => {
  const file = join(project, "said.jsonl");
  assert.ok(existsSync(file));
  const said = readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { comment: string; value: unknown });
  const wrong = said.filter(({ comment, value }) => !agrees(value, comment));
  assert.equal(wrong, []);
  assert.ok(said.length > 40, `only ${said.length} values`);
  // A value that does not hold is found.
  assert.not(agrees(1, "2"));
});

test.run();
