/**
 * `npm start [-- FILE…] [--out FOLDER] [--model FOLDER] [--quick]`: the value of pre-training, measured on one small machine.
 *
 * A tokenizer and a small BERT are trained from scratch on the embedded corpus (or on the given files). Three networks then
 * learn four tasks from a few hundred examples each: one with random weights, the small one of this run, and cloze-tiny,
 * which Cloze pre-trained on 15 million words. The models are then used, and a report shows the results.
 */
import { relative } from "node:path";
import { parseArgs } from "node:util";
import { isMainThread } from "node:worker_threads";
import { InputError } from "cloze";
import { readDocuments } from "cloze/data";
import { exists, writeFolder } from "cloze/node";
import { renderReport } from "cloze/report";
import { trainWordPiece } from "cloze/tokenizer";
import { collect, fileSource, requireFiles } from "../cli/shared/input.js";
import { say } from "../cli/shared/output.js";
import { createEngine } from "../cli/shared/turbo.js";
import { version } from "../cli/shared/version.js";
import { type Labelled, labelled, runningText, type Text, unlabelled } from "./embedded-corpus.js";
import { experiment, type Results } from "./experiment.js";
import { compared, findings, type Names } from "./findings.js";
import { type PretrainedModel, pretrainedModel } from "./model-place.js";
import { QUICK, RECIPE, type Recipe, TASKS } from "./recipe.js";
import { claimsAt, seedsSection } from "./seeds-table.js";
import { count, introduce, tell } from "./terminal.js";
import type { Tour } from "./tour.js";
import { tourReport } from "./tour-report.js";
import { useModels } from "./use.js";
import { serve } from "./workers.js";

/** Beside the built programs. */
const CORPUS = new URL("../corpus/", import.meta.url);
const CLAIMS = new URL("../CLAIMS.md", import.meta.url);

interface Options {
  readonly files: readonly string[];
  readonly out: string;
  readonly model: PretrainedModel;
  readonly recipe: Recipe;
  readonly quick: boolean;
}

async function options(words: readonly string[]): Promise<Options> {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      out: { type: "string", default: "cloze-tour" },
      model: { type: "string" },
      quick: { type: "boolean", default: false },
    },
  });
  const { out, quick } = values;
  if ((await exists(out)) && !(await isTour(out)))
    throw new InputError(`${out} exists and was not written by this program; choose another folder with --out`);
  await requireFiles(positionals);
  const model = await pretrainedModel(values.model);
  return { files: positionals, out, model, quick, recipe: quick ? QUICK : RECIPE };
}

/** Whether this program wrote the folder. Other folders are never replaced. */
const isTour = (out: string): Promise<boolean> => exists(`${out}/report.html`);

/** The user's documents with every tenth held out, or the embedded corpus if no file is given. */
async function textOf(files: readonly string[]): Promise<Text> {
  if (files.length === 0) return runningText(CORPUS);
  const documents: string[][] = [];
  for (const file of files)
    for (const document of await collect(readDocuments(fileSource(file)))) documents.push(document);
  // A file without blank lines is one document: cut it, or there would be nothing to hold out.
  const cut = documents.flatMap((document) =>
    Array.from({ length: Math.ceil(document.length / 20) }, (_, i) => document.slice(20 * i, 20 * i + 20)),
  );
  if (cut.length < 20)
    throw new InputError(
      `the files have too little text to train on: ${cut.flat().length} lines; at least about 400 are needed`,
    );
  return { training: cut.filter((_, i) => i % 10 !== 0), heldOut: cut.filter((_, i) => i % 10 === 0) };
}

function facts(recipe: Recipe, { pretrained, tasks }: Results, seconds: number): Tour["facts"] {
  const arms = tasks.flatMap((task) => Object.values(task.arms));
  const large = Math.max(...arms.map(({ parameters }) => parameters));
  const fact = (name: string, value: string, code = false) => ({ name, value, code });
  return [
    fact(
      "command",
      `npm start${process.argv.slice(2).length > 0 ? ` -- ${process.argv.slice(2).join(" ")}` : ""}`,
      true,
    ),
    fact("version", `cloze ${version}, Node ${process.versions.node}, strict build`),
    fact("time", `${Math.round(seconds)} s in total, ${Math.round(pretrained.seconds)} s of pre-training`),
    fact(
      "pre-training",
      `${count(pretrained.steps)} steps, ${count(pretrained.tokens)} tokens, ${count(pretrained.parameters)} parameters`,
    ),
    fact(
      "fine-tuning",
      `${arms.length} runs, ${count(arms.reduce((sum, { steps }) => sum + steps, 0))} steps, up to ${count(large)} parameters`,
    ),
    fact("seed", `${recipe.seed} for every network`),
  ];
}

async function write(out: string, tour: Tour): Promise<void> {
  await writeFolder(out, await isTour(out), async (to) => {
    await to.write("report.html", new TextEncoder().encode(renderReport(tourReport(tour))));
    for (const [name, bytes] of tour.results.pretrained.folder) await to.write(`model/${name}`, bytes);
    for (const { name, arms } of tour.results.tasks)
      for (const [file, bytes] of arms.pretrained.folder!) await to.write(`${name}/${file}`, bytes);
  });
}

async function learnAll(chosen: Options, text: Text, data: Labelled, names: Names): Promise<Results> {
  const { recipe, model } = chosen;
  const tokenizer = trainWordPiece([...text.training.flat(), ...unlabelled(data).flat()], {
    size: recipe.vocabulary,
    lowercase: false,
  });
  say(`A WordPiece vocabulary of ${count(tokenizer.size)} pieces was trained on it.\n`);
  const json = JSON.stringify(tokenizer.toJSON());
  return experiment({ recipe, tokenizer: json, text, data, model, names, program: new URL(import.meta.url) });
}

async function main(): Promise<void> {
  const started = performance.now();
  const chosen = await options(process.argv.slice(2));
  const { recipe, model, out } = chosen;
  const data = await labelled(CORPUS, recipe);
  const text = await textOf(chosen.files);
  introduce({ ...chosen, text });
  const names: Names = { random: "random weights", brief: "two minutes", pretrained: model.name };
  const results = await learnAll(chosen, text, data, names);
  using engine = await createEngine({}, undefined);
  const exhibits = await useModels({ engine, recipe, results, model, data, text, names });
  const seconds = (performance.now() - started) / 1000;
  const tasks = results.tasks.map(compared);
  const tour: Tour = {
    ...{ results, names, exhibits },
    tasks,
    findings: findings(tasks, names),
    facts: facts(recipe, results, seconds),
    seeds: seedsSection(claimsAt(CLAIMS)),
  };
  await write(out, tour);
  tell(tour);
  say(`
Done in ${Math.round((performance.now() - started) / 1000)} s.
report:  ${out}/report.html   (open it in a browser)
models:  ${out}/model (pre-trained here), ${TASKS.map((task) => `${out}/${task}`).join(", ")} (${model.name}, fine-tuned)
next:    npx cloze predict --model ${relative(process.cwd(), model.path)} --text   then type a sentence with [MASK]
         npm start -- your-own-text.txt`);
}

if (isMainThread) {
  main().catch((error: unknown) => {
    const { message, stack, code } = error as Error & { code?: string };
    process.stderr.write(`${process.env["CLOZE_DEBUG"] === "1" ? stack : message}\n`);
    const usage = error instanceof InputError || code?.startsWith("ERR_PARSE_ARGS");
    process.exitCode = usage ? 2 : 1;
  });
} else serve();
