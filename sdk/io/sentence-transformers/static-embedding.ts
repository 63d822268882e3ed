/** Folders of static embeddings: those of sentence-transformers, and model2vec's. Their files distinguish them from others. */
import type { Section } from "../../models/family/config.js";
import { WeightsError } from "../../nn/planned.js";
import type { StoredTensors } from "../../nn/weights.js";
import type { ModelFolder } from "../files/model-folder.js";
import { readModules } from "./modules.js";

/** The table by the name that sentence-transformers gives it, and the one that model2vec does. */
const TABLE = "embedding.weight";
const MODEL2VEC = "embeddings";

/** Whether a folder's model is a table of vectors, by config.json (model2vec) or, without one, by modules.json. */
export async function isStatic(folder: ModelFolder, config: unknown): Promise<boolean> {
  if (config !== undefined) return (config as Section | null)?.["model_type"] === "model2vec";
  return (await readModules(folder))?.[0]?.kind === "StaticEmbedding";
}

/** The configuration implied by a table's shape. */
export function staticConfig(stored: StoredTensors): Section {
  const [vocab_size, hidden_size] = stored.shape(TABLE)!;
  return { model_type: "static-embedding", vocab_size, hidden_size };
}

/**
 * The table of a file under one name. model2vec may share rows among tokens (`mapping`) and weight them (`weights`).
 *
 * @throws {WeightsError} for a file without a table, or whose parts do not fit
 */
export async function staticTensors(file: StoredTensors): Promise<StoredTensors> {
  if (file.shape(TABLE)) return only(file, TABLE);
  const [rows, width, ...more] = file.shape(MODEL2VEC) ?? [];
  if (rows === undefined || width === undefined || more.length > 0)
    throw new WeightsError(
      `the file has neither ${TABLE} nor ${MODEL2VEC} as a matrix; it has ${[...file.names()].slice(0, 5).join(", ") || "nothing"}`,
    );
  const mapping = file.shape("mapping") ? await valuesOf(file, "mapping") : null;
  const weights = file.shape("weights") ? await valuesOf(file, "weights") : null;
  const tokens = mapping?.length ?? rows;
  if (weights && weights.length !== tokens)
    throw new WeightsError(`weights has ${weights.length} entries for ${tokens} tokens`);
  const wrong = mapping?.findIndex((row) => !(row >= 0 && row < rows)) ?? -1;
  if (wrong >= 0) throw new WeightsError(`mapping: token ${wrong} has none of the ${rows} rows of the table`);
  const table = await valuesOf(file, MODEL2VEC);
  return {
    names: () => [TABLE],
    shape: (name) => (name === TABLE ? [tokens, width] : undefined),
    async fill(_, sink) {
      const folded = new Float32Array(tokens * width);
      for (let token = 0; token < tokens; token++) {
        const row = mapping ? mapping[token]! : token;
        for (let i = 0; i < width; i++) folded[token * width + i] = table[row * width + i]! * (weights?.[token] ?? 1);
      }
      sink(folded, 0);
    },
  };
}

const only = (file: StoredTensors, name: string): StoredTensors => ({
  names: () => [name],
  shape: (asked) => (asked === name ? file.shape(name) : undefined),
  fill: (...asked) => file.fill(...asked),
});

async function valuesOf(file: StoredTensors, name: string): Promise<Float32Array> {
  const values = new Float32Array(file.shape(name)!.reduce((product, length) => product * length, 1));
  await file.fill(name, (chunk, first) => values.set(chunk, first));
  return values;
}
