/** The place of a model of the tour: a folder on disk, or files in memory, which can be sent between threads. */
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { type Files, InputError, memoryFiles } from "cloze";
import { exists, folder } from "cloze/node";

/** Files of a model folder, as sent between threads. */
export type FolderFiles = [string, Uint8Array][];

export type ModelPlace = { readonly path: string } | { readonly files: FolderFiles };

export const filesAt = (place: ModelPlace): Files => ("path" in place ? folder(place.path) : memoryFiles(place.files));

/** A model of the project, in `models/` beside the built programs. */
const ownModel = (name: string): string => fileURLToPath(new URL(`../models/${name}`, import.meta.url));

/** The sentence encoder that searches. */
export const SENTENCE_ENCODER = { path: ownModel("cloze-tiny-embed") } satisfies ModelPlace;

export interface PretrainedModel {
  readonly path: string;
  /** the name in tables */
  readonly name: string;
}

/**
 * @param why the purpose of the model, and how to get it
 * @throws {InputError} if a file of the model is missing
 */
async function requireModel(path: string, why: string): Promise<void> {
  for (const file of ["config.json", "model.safetensors", "tokenizer.json"])
    if (!(await exists(`${path}/${file}`))) throw new InputError(`${path}/${file} is missing: ${why}`);
}

/**
 * The pre-trained model of the tour. The sentence encoder is required too, so that its absence is reported before training.
 *
 * @param path the model's folder, models/cloze-tiny by default
 * @throws {InputError} if a file of either model is missing
 */
export async function pretrainedModel(path = ownModel("cloze-tiny")): Promise<PretrainedModel> {
  await requireModel(
    path,
    "npm start compares random weights with a pre-trained model, cloze-tiny. Check it out with the repository, train it with npm run train:cloze-tiny -- --write, or name another BERT with --model FOLDER",
  );
  await requireModel(
    SENTENCE_ENCODER.path,
    "npm start searches sentences with cloze-tiny-embed. Check it out with the repository",
  );
  return { path, name: basename(path) };
}
