/** `cloze report`: a training run as one HTML file, from the curves and the record in its folder. */
import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { exists, requireFilePlace, writeFileAtomically } from "cloze/node";
import { type CurveLine, type Report, renderReport, runFinding } from "cloze/report";
import { Command } from "commander";
import { curveSections, figureSections } from "../report/curves.js";
import { factsSection } from "../report/facts.js";
import { modelSections, TEXTS } from "../report/model.js";
import { engineOf, type ModelOptions, withModelOptions } from "../shared/engine-options.js";
import { requireFiles } from "../shared/input.js";
import { writeLine } from "../shared/output.js";
import { CURVES, curvesBeside, readCurvesFile } from "../shared/run-curves.js";
import { MANIFEST } from "../shared/run-inputs.js";
import { readManifest } from "../shared/run-manifest.js";
import { place, UsageError } from "../shared/usage.js";

interface ReportOptions extends ModelOptions {
  readonly out?: string;
  readonly force?: boolean;
  readonly text?: readonly string[];
  readonly groups?: string;
  readonly model?: string;
}

/** @throws {UsageError} where the folder has no curves, or a line of them is damaged */
async function readRun(path: string): Promise<CurveLine[]> {
  const file = join(path, CURVES);
  if (!(await exists(path))) {
    const beside = curvesBeside(path.replace(/\/+$/, ""));
    throw new UsageError(
      (await exists(beside))
        ? `${path}: the run is not complete; its curves so far are in ${beside}`
        : `${path}: there is no such folder`,
    );
  }
  if (!(await exists(file)))
    throw new UsageError(`${path}: there is no ${CURVES}; pretrain, finetune and distill write one beside the model`);
  const lines = readCurvesFile(file, await readFile(file, "utf8"));
  if (lines.length === 0) throw new UsageError(`${file} has no lines`);
  return lines;
}

const SUMMARIES: Readonly<Record<string, string>> = {
  pretrain: "Pre-trained",
  finetune: "Fine-tuned",
  distill: "Distilled",
};

async function reportOf(path: string, lines: readonly CurveLine[], options: ReportOptions): Promise<Report> {
  const manifest = (await exists(join(path, MANIFEST))) ? await readManifest(path) : null;
  using engine = await engineOf(options);
  const { text: texts = TEXTS, groups, model: base } = options;
  const shown = { texts, manifest, ...(groups !== undefined && { groups }), ...(base !== undefined && { base }) };
  const how = manifest ? (SUMMARIES[manifest.command] ?? "Trained") : "Trained";
  return {
    title: `Run ${basename(resolve(path))}`,
    summary: `${how} by Cloze.`,
    sections: [
      runFinding(lines),
      await factsSection(path, lines, manifest),
      ...curveSections(lines),
      ...figureSections(lines),
      ...(await modelSections(engine, path, shown)),
    ],
  };
}

async function run(path: string, options: ReportOptions): Promise<void> {
  const { out = join(path, "report.html"), force = false, groups } = options;
  await requireFiles([groups]);
  if (!force && (await exists(out)))
    throw new UsageError(`${out} exists already; choose another place with --out, or replace it with --force`);
  const lines = await readRun(path);
  await requireFilePlace(out);
  const report = await reportOf(path, lines, options);
  await writeFileAtomically(out, new TextEncoder().encode(renderReport(report)));
  await writeLine(options.json ? JSON.stringify({ done: true, path: out }) : out);
}

export function reportCommand(): Command {
  const command = new Command("report")
    .description(
      "Show a training run as one HTML file that needs no network: its finding, facts, curves, figures, and its model applied to texts.",
    )
    .argument("<folder>", "a model folder with curves.jsonl, as pretrain, finetune and distill write it")
    .option("--out <file>", "the file to write; default: report.html in the folder", place)
    .option("--force", "replace an existing file")
    .option(
      "--text <text>",
      "a text whose attention is shown, or a text with [MASK] to fill; may be repeated",
      (text: string, before: readonly string[] | undefined) => [...(before ?? []), text],
    )
    .option("--model <model>", "the model of an adapter; default: the one that the adapter's folder names")
    .option(
      "--groups <file>",
      "TSV or JSONL of texts with labels, projected onto a plane to show how well the labels separate",
    );
  return withModelOptions(command)
    .addHelpText("after", "\nExample:\n  cloze report my-bert --text 'She drank a cup of [MASK].' --out my-bert.html")
    .action(run);
}
