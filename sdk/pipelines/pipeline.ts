/**
 * A pipeline is a model folder that became a function: one object in, one object out; an array in, an array out.
 */
import { Engine } from "../engine/engine.js";
import type { Build } from "../engine/source.js";
import { loadAdapted } from "../io/adapter.js";
import { type Files, ModelFileError } from "../io/files.js";
import { type ModelFolder, openFolder } from "../io/model-folder.js";
import { loadModel, type Pretrained } from "../io/pretrained.js";
import { readSentenceSettings } from "../io/sentence.js";
import { loadTokenizer } from "../io/tokenizer-files.js";
import type { ModelTask } from "../models/family.js";
import type { Tokenizer } from "../tokenizer/index.js";

export interface PipelineOptions {
  /** The engine to run on; without one the pipeline makes its own, and gives it back when it is disposed. */
  readonly engine?: Engine;
  /** of the pipeline's own engine */
  readonly build?: Build | "auto";
  /** longest sequence; by default what the folder says, at most what the model has positions for */
  readonly length?: number;
  /** the folder of an adapter that stands on the model */
  readonly adapter?: Files;
}

/** A function of one input or of many. */
export interface Pipeline<Input, Output> extends Disposable {
  (input: Input): Output;
  (inputs: readonly Input[]): Output[];
}

/** What a pipeline's function works with. */
export interface Opened<P extends ModelTask> extends Pretrained<P> {
  readonly tokenizer: Tokenizer;
  readonly length: number;
}

/** The longest sequence: asked for, or said by the folder, and never more than there are positions. */
async function longest(files: ModelFolder, positions: number, asked: number | undefined): Promise<number> {
  const { length } = await readSentenceSettings(files);
  return Math.min(asked ?? length ?? positions, positions);
}

/** Load a folder and make a pipeline of a function over many inputs. */
export async function openPipeline<P extends ModelTask, Input, Output>(
  files: Files,
  task: P,
  options: PipelineOptions,
  make: (opened: Opened<P>) => (inputs: readonly Input[]) => Output[],
): Promise<Pipeline<Input, Output>> {
  const folder = openFolder(files).readAhead();
  const engine = options.engine ?? (await Engine.create({ build: options.build ?? "strict" }));
  let loaded: Pretrained<P> | null = null;
  const dispose = () => (options.engine ? loaded?.[Symbol.dispose]() : engine.dispose());
  try {
    loaded = options.adapter
      ? await loadAdapted(engine, folder, options.adapter, { task })
      : await loadModel(engine, folder, { task });
    if (loaded.fresh.length > 0) {
      const missing = loaded.fresh.slice(0, 3).join(", ");
      throw new ModelFileError(`this folder's model has not been trained for this: it lacks ${missing}`);
    }
    const tokenizer = await loadTokenizer(folder);
    const run = make({ ...loaded, tokenizer, length: await longest(folder, loaded.model.positions, options.length) });
    const call = (input: Input | readonly Input[]) =>
      Array.isArray(input) ? run(input as readonly Input[]) : run([input as Input])[0]!;
    return Object.assign(call, { [Symbol.dispose]: dispose }) as Pipeline<Input, Output>;
  } catch (error) {
    dispose();
    throw error;
  }
}
