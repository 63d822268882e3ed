/** The model that an adapter was trained on, which its report needs. */
import { findModel } from "cloze/node";
import { hashInput } from "../shared/run-inputs.js";
import type { RunManifest } from "../shared/run-manifest.js";

/** The model's folder, or why there is none. */
export type AdapterBase = { readonly path: string } | { readonly missing: string };

/**
 * Find an adapter's model: the one that is named, or the one of adapter_config.json, which is a folder here or in the cache.
 * Nothing is downloaded.
 *
 * @param adapter adapter_config.json
 * @param named the option `--model`
 * @param manifest the record of the run, which has the model's hash
 */
export async function adapterBase(
  adapter: Readonly<Record<string, unknown>>,
  named: string | undefined,
  manifest: RunManifest | null,
): Promise<AdapterBase> {
  const name = named ?? adapter["base_model_name_or_path"];
  if (typeof name !== "string" || name === "")
    return {
      missing: "adapter_config.json does not name the adapter's model; name it with --model to see its attention.",
    };
  const path = await findModel(name, { offline: true }).then(
    (found) => found.path,
    () => null,
  );
  if (path === null)
    return { missing: `The adapter's model ${name} is not here; name it with --model to see its attention.` };
  const recorded = manifest?.inputs.find(({ role }) => role === "model")?.sha256 ?? null;
  if (recorded !== null && (await hashInput(path)) !== recorded)
    return { missing: `${name} is not the model that the adapter was trained on: its files have another hash.` };
  return { path };
}
