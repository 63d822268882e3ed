/** `cloze verify`: reproduce a training run from its record, and name the first step that differs. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  memoryFiles,
  type Optimizer,
  type Position,
  type RunSettings,
  readCheckpoint,
  type WritableFiles,
} from "cloze";
import { exists } from "cloze/node";
import { Command } from "commander";
import { readData } from "../finetune/data.js";
import type { FinetuneOptions } from "../finetune/options.js";
import { finetuneUnder } from "../finetune/run.js";
import type { PretrainOptions } from "../pretrain/recipe.js";
import {
  checkpointNamed,
  type MonitorOf,
  type Resumed,
  type RunMonitor,
  type RunParts,
  resumedFrom,
} from "../shared/checkpoints.js";
import { say, writeLine } from "../shared/output.js";
import { INPUT_OPTIONS, locateInputs, MANIFEST } from "../shared/run-inputs.js";
import { hashWeights, type RunManifest, readManifest } from "../shared/run-manifest.js";
import { checkedOptions } from "../shared/saved-options.js";
import { UsageError, wholeNumber } from "../shared/usage.js";
import { version } from "../shared/version.js";
import { type DistillOptions, distill, distillCommand } from "./distill.js";
import { finetuneCommand } from "./finetune.js";
import { pretrain, pretrainCommand } from "./pretrain.js";

interface VerifyOptions {
  readonly steps?: number;
  readonly checkpoint?: string;
  readonly json?: boolean;
}

/** A command that writes a manifest: its options, and a run of it under a monitor. */
interface Recorded {
  readonly command: () => Command;
  readonly run: (files: readonly string[], options: object, resumed: Resumed, monitorOf: MonitorOf) => Promise<unknown>;
}

const COMMANDS: Readonly<Record<string, Recorded>> = {
  pretrain: {
    command: pretrainCommand,
    run: (files, options, resumed, monitorOf) =>
      pretrain({ files, options: options as PretrainOptions }, resumed, monitorOf),
  },
  finetune: {
    command: finetuneCommand,
    run: async (_files, options, resumed, monitorOf) =>
      finetuneUnder(options as FinetuneOptions, await readData(options as FinetuneOptions), resumed, monitorOf),
  },
  distill: {
    command: distillCommand,
    run: (files, options, resumed, monitorOf) =>
      distill({ files, options: options as DistillOptions }, resumed, monitorOf),
  },
};

/** The first setting that differs, in words. */
function differing(recorded: RunSettings, here: RunSettings): string | undefined {
  const names = new Set([...Object.keys(recorded), ...Object.keys(here)]);
  for (const name of names)
    if (recorded[name] !== here[name])
      return `${name} was ${recorded[name] ?? "not set"}, and is ${here[name] ?? "not set"}`;
  return undefined;
}

/** Compares a run with the record of an earlier one. Nothing is written. */
class Verification implements RunMonitor {
  readonly quiet = true;
  /** the first step whose weights differ */
  differs: number | undefined;
  /** steps compared so far */
  readonly compared: number[] = [];
  /** files of the folder that are not those of the run */
  readonly otherFiles: string[] = [];

  constructor(
    readonly folder: string,
    readonly manifest: RunManifest,
    readonly parts: RunParts,
    readonly options: VerifyOptions,
  ) {
    const difference = differing(manifest.settings, parts.settings);
    if (difference !== undefined) throw new UsageError(`this is not the recorded run: ${difference}`);
  }

  async begin(checkpoint: Uint8Array | undefined, optimizer: Optimizer): Promise<Position | undefined> {
    const { settings, best } = this.parts;
    const from = checkpoint && readCheckpoint(checkpoint, optimizer, settings, best);
    await this.#compare(from?.step ?? 0, optimizer);
    return from;
  }

  async after({ step }: Position, optimizer: Optimizer): Promise<boolean> {
    await this.#compare(step, optimizer);
    return this.differs !== undefined || step >= (this.options.steps ?? Number.POSITIVE_INFINITY);
  }

  async evaluated(): Promise<void> {}

  async diverged(error: unknown): Promise<unknown> {
    return error;
  }

  async complete(
    last: Position | undefined,
    optimizer: Optimizer,
    save: (to: WritableFiles) => Promise<void>,
  ): Promise<boolean> {
    if (this.differs !== undefined || this.options.steps !== undefined) return false;
    await this.#tell(last?.step ?? 0, this.manifest.saved, hashWeights(optimizer));
    const reproduced = memoryFiles();
    await save(reproduced);
    for (const [name, bytes] of reproduced.files)
      if (name.endsWith(".safetensors")) await this.#compareFile(name, bytes);
    return false;
  }

  /** A file of weights in the folder, and the bytes that this run gives. */
  async #compareFile(name: string, reproduced: Uint8Array): Promise<void> {
    const path = join(this.folder, name);
    const same = (await exists(path)) && Buffer.compare(await readFile(path), reproduced) === 0;
    if (!same) this.otherFiles.push(name);
    if (this.options.json) await writeLine(JSON.stringify({ file: name, same }));
    else say(`${name}: ${same ? "the same bytes" : "differs from what the run wrote"}`);
  }

  async #compare(step: number, optimizer: Optimizer): Promise<void> {
    const recorded = this.manifest.weights.find((at) => at.step === step);
    if (recorded) await this.#tell(step, recorded.weights, hashWeights(optimizer));
  }

  async #tell(step: number, recorded: string, hash: string): Promise<void> {
    const same = hash === recorded;
    this.compared.push(step);
    if (!same) this.differs ??= step;
    if (this.options.json) await writeLine(JSON.stringify({ step, hash, same }));
    else
      say(
        `step ${step}: ${hash.slice(0, 16)} ${same ? "as recorded" : `differs, ${recorded.slice(0, 16)} was recorded`}`,
      );
  }
}

/** Report the comparison on standard output; the status is 1 if it does not verify the run. */
async function conclude(
  { differs, compared, otherFiles, manifest }: Verification,
  { json, steps }: VerifyOptions,
): Promise<void> {
  if (compared.length === 0)
    throw new UsageError(
      `--steps ${steps}: nothing to compare before that step; the record has ${manifest.weights.map(({ step }) => step).join(", ")}`,
    );
  const verified = differs === undefined && otherFiles.length === 0;
  if (!verified) process.exitCode = 1;
  const [from, to] = [compared[0]!, compared.at(-1)!];
  if (json)
    await writeLine(
      JSON.stringify({
        verified,
        from,
        to,
        ...(differs !== undefined && { differs }),
        ...(otherFiles.length > 0 && { otherFiles }),
      }),
    );
  else if (verified)
    await writeLine(`verified: the same weights at ${compared.length} points of steps ${from} to ${to}`);
  else if (differs === undefined)
    await writeLine(`not verified: the weights are the same, but these files were changed: ${otherFiles.join(", ")}`);
  else await writeLine(`not verified: the weights of step ${differs} differ${versionsOf(manifest)}`);
}

const versionsOf = ({ cloze }: RunManifest): string =>
  cloze === version ? "" : `; the record was written by version ${cloze}, this is ${version}`;

async function run(directory: string, names: readonly string[], options: VerifyOptions): Promise<void> {
  const manifest = await readManifest(directory);
  if (!Object.hasOwn(COMMANDS, manifest.command))
    throw new UsageError(
      `${directory}: the run was "${manifest.command}"; verify knows ${Object.keys(COMMANDS).join(", ")}`,
    );
  const places = await locateInputs(manifest.inputs, names);
  const files = manifest.inputs.filter(({ role }) => role.startsWith("files[")).map(({ role }) => places.get(role)!);
  const inputs = [...places].filter(([role]) => !role.startsWith("files["));
  // Paths in the record are those of another machine.
  const recorded = Object.entries(manifest.options).filter(([name]) => !INPUT_OPTIONS.includes(name));
  const { command, run: runAgain } = COMMANDS[manifest.command]!;
  const checked = checkedOptions(join(directory, MANIFEST), command(), Object.fromEntries(recorded));
  const given = { ...checked, ...Object.fromEntries(inputs), json: true };
  const resumed = options.checkpoint === undefined ? {} : await resumedFrom(checkpointNamed(options.checkpoint));
  let verification: Verification | undefined;
  await runAgain(files, given, resumed, (parts) => {
    verification = new Verification(directory, manifest, parts, options);
    return verification;
  });
  await conclude(verification!, options);
}

export function verifyCommand(): Command {
  return new Command("verify")
    .description(
      "Reproduce a training run from the record beside its model, and compare the weights step by step. The bits are the same on every runtime and processor.",
    )
    .argument("<folder>", "a model folder with run_manifest.json, as pretrain, finetune and distill write it")
    .argument("[data...]", "the files and folders that the run read; they are recognized by their content")
    .option("--steps <n>", "compare only up to this step", wholeNumber(0))
    .option("--checkpoint <file>", "begin at this checkpoint of the run instead of its first step")
    .option("--json", "one JSON object per line on standard output, nothing else")
    .addHelpText("after", "\nExample:\n  cloze verify my-bert novels.txt.gz --steps 200")
    .action(run);
}
