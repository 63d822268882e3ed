/** Models that this worker has opened, the last few of them: chapters ask for the same one again and again. */
import { Engine, loadModel, loadTokenizer, type ModelTask, type Pretrained } from "cloze";
import type { Tokenizer } from "cloze/tokenizer";
import { modelFiles } from "../model-files.js";

export interface Opened<T extends ModelTask> {
  readonly engine: Engine;
  readonly loaded: Pretrained<T>;
  readonly tokenizer: Tokenizer;
}

/** Models that stay open. */
const MOST = 2;

const opened = new Map<string, Promise<Opened<ModelTask>>>();

async function open(id: string, task: ModelTask): Promise<Opened<ModelTask>> {
  const files = await modelFiles(id);
  const engine = await Engine.create({ build: "strict" });
  return { engine, loaded: await loadModel(engine, files, { task }), tokenizer: await loadTokenizer(files) };
}

/** A model for a task. The least recently used one is closed where there are too many. */
export function openedModel<T extends ModelTask>(id: string, task: T): Promise<Opened<T>> {
  const key = `${task} ${id}`;
  const found = opened.get(key) ?? open(id, task);
  opened.delete(key);
  opened.set(key, found);
  found.catch(() => opened.delete(key));
  for (const [older, model] of opened) {
    if (opened.size <= MOST) break;
    opened.delete(older);
    model.then(
      ({ engine }) => engine.dispose(),
      () => {},
    );
  }
  return found as Promise<Opened<T>>;
}
