/** Facts about a run: its command, its duration, and the hashes that identify its inputs and its model. */
import { describeFolder } from "cloze";
import { folder } from "cloze/node";
import type { CurveLine, FactsSection, StepLine } from "cloze/report";
import type { RunManifest } from "../shared/run-manifest.js";

type Fact = FactsSection["facts"][number];

const count = (value: number): string => value.toLocaleString("en");

/** 3725 -> "1 h 2 min"; 65.2 -> "1 min 5 s" */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A word of a command line, quoted where a shell would divide it. */
const quoted = (word: string): string => (/^[\w./:=,+@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** The command that gives this run again, with every option that it had. */
export function commandLine({ command, options, inputs }: RunManifest): string {
  const flag = (name: string): string => name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
  const given = Object.entries(options).flatMap(([name, value]) => {
    if (value === true) return [`--${flag(name)}`];
    if (value === false) return [`--no-${flag(name)}`];
    return [`--${flag(name)}`, quoted(Array.isArray(value) ? value.join(",") : String(value))];
  });
  const files = inputs.filter(({ role }) => role.startsWith("files[")).map(({ name }) => quoted(name));
  const named = inputs
    .filter(({ role }) => !role.startsWith("files["))
    .flatMap(({ role, name }) => [`--${flag(role)}`, quoted(name)]);
  return ["cloze", command, ...given, ...named, ...files].join(" ");
}

function ofCurves(lines: readonly CurveLine[]): Fact[] {
  const steps = lines.filter((line): line is StepLine => line.kind === "step");
  const [first, last] = [steps[0], steps.at(-1)];
  if (!first || !last) return [];
  const tokens = steps.reduce((sum, line) => sum + line.tokens, 0);
  const gap = first.step > 1 ? `; those before step ${first.step} were not recorded` : "";
  return [
    { name: "time", value: duration(last.seconds) },
    { name: "steps", value: `${count(last.step)}${gap}` },
    { name: "tokens", value: `${count(tokens)}, ${count(Math.round(tokens / Math.max(1e-3, last.seconds)))} a second` },
  ];
}

function ofManifest(manifest: RunManifest): Fact[] {
  const { settings, inputs, saved, cloze, weights } = manifest;
  const read = inputs.map(({ name, sha256 }) => `${name}${sha256 === null ? "" : ` (SHA-256 ${sha256.slice(0, 16)})`}`);
  const last = weights.at(-1);
  return [
    ...(settings["seed"] === undefined ? [] : [{ name: "seed", value: String(settings["seed"]) }]),
    { name: "command", value: commandLine(manifest), code: true },
    ...(read.length > 0 ? [{ name: "data", value: read.join(", ") }] : []),
    { name: "version", value: `cloze ${cloze}, ${String(settings["build"] ?? "strict")} build` },
    { name: "weights", value: `SHA-256 ${saved}`, code: true },
    ...(last ? [{ name: `chain at step ${last.step}`, value: last.chain, code: true }] : []),
  ];
}

async function ofModel(path: string): Promise<Fact[]> {
  const { family, config, tensors, adapter } = await describeFolder(folder(path));
  const parameters = tensors
    .filter(({ dtype }) => /^(BF|F)\d+$/.test(dtype))
    .reduce((sum, { shape }) => sum + shape.reduce((product, length) => product * length, 1), 0);
  const size = (...names: string[]) => names.map((name) => config[name]).find((value) => typeof value === "number");
  const layers = size("num_hidden_layers", "n_layers", "n_layer", "num_layers", "encoder_layers");
  const width = size("hidden_size", "dim", "n_embd", "d_model");
  const parts = [
    adapter ? "an adapter" : (family ?? "a model"),
    ...(layers === undefined ? [] : [`${layers} layers`]),
    ...(width === undefined ? [] : [`width ${width}`]),
    `${count(parameters)} parameters`,
  ];
  return [{ name: "model", value: parts.join(", ") }];
}

/** @param manifest null for a folder that no command wrote */
export async function factsSection(
  path: string,
  lines: readonly CurveLine[],
  manifest: RunManifest | null,
): Promise<FactsSection> {
  const facts = [...(await ofModel(path)), ...ofCurves(lines), ...(manifest ? ofManifest(manifest) : [])];
  const note = manifest
    ? "cloze verify reproduces these weights from the same data, on any machine, and compares their hashes."
    : "The folder has no run_manifest.json: seed, command and hashes are not known.";
  return { kind: "facts", title: "Run", facts, note };
}
