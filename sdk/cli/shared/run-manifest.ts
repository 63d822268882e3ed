/**
 * The record of a training run, beside its model: its inputs, and hashes of the learned weights. Because the
 * bits are the same on every machine, `cloze verify` reproduces the run from it and names the first difference.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Optimizer, RunSettings, WritableFiles } from "cloze";
import { parseJson } from "cloze/data";
import { withValues } from "cloze/tensor";
import { MANIFEST, type RunInput } from "./run-inputs.js";
import { UsageError } from "./usage.js";
import { version } from "./version.js";

const FORMAT = "cloze-run-1";
/** Steps between two hashes of the weights. */
const INTERVAL = 50;

/** The weights after a step. */
export interface WeightsAt {
  readonly step: number;
  /** SHA-256 of every trained parameter in the order of their names: the name in UTF-8, then its f32, little-endian */
  readonly weights: string;
  /** SHA-256 of the link before and of `weights`, as text: equal links mean equal weights at every step listed so far */
  readonly chain: string;
}

export interface RunManifest {
  readonly format: typeof FORMAT;
  /** version of the package */
  readonly cloze: string;
  readonly command: string;
  /** the options of the command by their names in the SDK's style, without those that name places */
  readonly options: Readonly<Record<string, unknown>>;
  readonly inputs: readonly RunInput[];
  /** all settings that decide the result, with the fingerprint of the data */
  readonly settings: RunSettings;
  readonly weights: readonly WeightsAt[];
  /** SHA-256 of the weights that were saved: those after the last step, or of the best epoch */
  readonly saved: string;
}

/** SHA-256 of all trained parameters. */
export function hashWeights({ moments }: Optimizer): string {
  const hash = createHash("sha256");
  const sorted = [...moments].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  for (const { name, parameter } of sorted) {
    hash.update(name);
    withValues(parameter, ({ buffer, byteOffset, byteLength }) =>
      hash.update(new Uint8Array(buffer, byteOffset, byteLength)),
    );
  }
  return hash.digest("hex");
}

/** The link of the chain after `previous`. */
const linkAfter = (previous: string, weights: string): string =>
  createHash("sha256").update(previous).update(weights).digest("hex");

/** The hashes of a run, as it goes. */
export class WeightHashes {
  readonly list: WeightsAt[];

  /** @param earlier those of the interrupted run that is resumed */
  constructor(earlier: readonly WeightsAt[] = []) {
    this.list = [...earlier];
  }

  /** Whether the weights after this step are hashed. */
  static due(step: number): boolean {
    return step % INTERVAL === 0;
  }

  add(step: number, optimizer: Optimizer): WeightsAt {
    const before = this.list.at(-1);
    if (before?.step === step) return before;
    const weights = hashWeights(optimizer);
    const at = { step, weights, chain: linkAfter(before?.chain ?? "", weights) };
    this.list.push(at);
    return at;
  }
}

export async function writeManifest(to: WritableFiles, run: Omit<RunManifest, "format" | "cloze">): Promise<void> {
  const manifest: RunManifest = { format: FORMAT, cloze: version, ...run };
  await to.write(MANIFEST, new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`));
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === "string";
const isHash = (value: unknown): boolean => isText(value) && /^[0-9a-f]{64}$/.test(value);

/** The check of each field of a manifest. */
const FIELDS: readonly (readonly [string, string, (value: unknown) => boolean])[] = [
  ["format", `"${FORMAT}"`, (value) => value === FORMAT],
  ["cloze", "a version", isText],
  ["command", "the name of a command", isText],
  ["options", "an object", isObject],
  ["inputs", "a list of inputs, each with role, name and SHA-256", isInputs],
  ["settings", "an object of texts and numbers", isSettings],
  ["weights", "a list of hashes, each with step, weights and chain, by rising steps", isHashes],
  ["saved", "a SHA-256", isHash],
];

function isInputs(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every(
      (input) =>
        isObject(input) &&
        isText(input["role"]) &&
        isText(input["name"]) &&
        (input["sha256"] === null || isHash(input["sha256"])),
    )
  );
}

function isSettings(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((setting) => isText(setting) || typeof setting === "number");
}

/** Whether a value is a list of {@link WeightsAt} by rising steps. */
export function isHashes(value: unknown): value is WeightsAt[] {
  if (!Array.isArray(value)) return false;
  let before = -1;
  return value.every((at) => {
    if (!isObject(at) || !isHash(at["weights"]) || !isHash(at["chain"])) return false;
    const { step } = at as { step?: unknown };
    const rises = Number.isSafeInteger(step) && (step as number) > before;
    before = step as number;
    return rises;
  });
}

/** A record in which one hash was changed does not go with the links after it. */
function requireChain(path: string, weights: readonly WeightsAt[]): void {
  let before = "";
  for (const { step, weights: hash, chain } of weights) {
    if (linkAfter(before, hash) !== chain)
      throw new UsageError(
        `${path}: the hashes of step ${step} do not follow from those before; the record was changed`,
      );
    before = chain;
  }
}

/** @throws {UsageError} when the folder has no manifest, or it is damaged */
export async function readManifest(folder: string): Promise<RunManifest> {
  const path = join(folder, MANIFEST);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    throw new UsageError(
      code === "ENOENT" || code === "ENOTDIR"
        ? `${folder}: there is no ${MANIFEST}; pretrain, finetune and distill write one beside the model`
        : `cannot read ${path}: ${message}`,
    );
  }
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw new UsageError(`${path} is ${(error as Error).message}`);
  }
  if (!isObject(value)) throw new UsageError(`${path} must hold a JSON object`);
  for (const [name, expected, accepts] of FIELDS)
    if (!accepts(value[name])) throw new UsageError(`${path}: ${name} must be ${expected}`);
  const manifest = value as unknown as RunManifest;
  requireChain(path, manifest.weights);
  return manifest;
}
