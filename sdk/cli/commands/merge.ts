import { loadAdapted, loadTokenizer, saveModel } from "cloze";
import { readMaxLength, readSentenceSettings, writeSentenceSettings } from "cloze/data";
import { folder, requirePlace, writeFolder } from "cloze/node";
import { Command } from "commander";
import { engineOf, type ModelOptions, sayExpanded, TRAINABLE, withModelOptions } from "../shared/engine-options.js";
import { say, writeLine } from "../shared/output.js";
import { requireInputsKept } from "../shared/run-inputs.js";
import { place } from "../shared/usage.js";

interface Options extends ModelOptions {
  readonly model: string;
  readonly adapter: string;
  readonly out: string;
  readonly force?: boolean;
}

async function run({ model, adapter, out, force = false, ...options }: Options): Promise<void> {
  await requirePlace(out, force);
  await requireInputsKept(out, new Map(Object.entries({ model, adapter })));
  using engine = await engineOf(options);
  using adapted = await loadAdapted(engine, folder(model), folder(adapter), TRAINABLE);
  sayExpanded(model, adapted);
  const tokenizer = await loadTokenizer(folder(model));
  adapted.lora.merge(adapted.weights);
  // The model's own weights, which hold the change now.
  const weights = adapted.lora.base;
  const { maxLength: positions } = adapted.model;
  const said = await readMaxLength(folder(model), folder(adapter));
  const length = Math.min(said?.tokens ?? positions, positions);
  // The adapter of an embedding model changes its vectors, and the model pools as before.
  const sentence = adapted.task === "feature-extraction" ? await readSentenceSettings(folder(model)) : null;
  await writeFolder(out, force, async (to) => {
    await saveModel(to, { ...adapted, weights, tokenizer, maxLength: length });
    if (sentence) await writeSentenceSettings(to, { ...sentence, maxLength: length }, adapted.model.hiddenSize);
  });
  const layers = adapted.lora.layers.size;
  if (options.json) await writeLine(JSON.stringify({ layers, parameters: weights.count, out }));
  else say(`${out}: the model with the adapter's change in ${layers} layers`);
}

export function mergeCommand(): Command {
  return withModelOptions(new Command("merge"))
    .description("Add an adapter's change to the weights of its model, and save that as a model of its own.")
    .requiredOption("--model <model>", "the model that the adapter was trained on")
    .requiredOption("--adapter <model>", "the adapter: adapter_config.json and adapter_model.safetensors")
    .requiredOption("--out <folder>", "the model folder to write", place)
    .option("--force", "replace an existing folder")
    .addHelpText("after", "\nExample:\n  cloze merge --model my-bert --adapter my-adapter --out my-classifier")
    .action(run);
}
