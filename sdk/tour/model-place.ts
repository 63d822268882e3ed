/** Where a model of the tour is: a folder on disk, or files in memory, which pass between threads. */
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { type Files, InputError, memoryFiles } from "cloze";
import { exists, folder } from "cloze/node";

/** Files of a model folder, as sent between threads. */
export type FolderFiles = [string, Uint8Array][];

export type ModelPlace = { readonly path: string } | { readonly files: FolderFiles };

export const filesAt = (place: ModelPlace): Files => ("path" in place ? folder(place.path) : memoryFiles(place.files));

/** A model that comes with the project, in `models/` beside the built programs. */
const ownModel = (name: string): string => fileURLToPath(new URL(`../models/${name}`, import.meta.url));

/** The sentence encoder that searches. */
export const SENTENCE_ENCODER = { path: ownModel("cloze-tiny-embed") } satisfies ModelPlace;

export interface PretrainedModel {
  readonly path: string;
  /** the name in tables */
  readonly name: string;
}

/** @throws {InputError} where a file of the model is missing; `why` says what it is for, and where it comes from */
async function requireModel(path: string, why: string): Promise<void> {
  for (const file of ["config.json", "model.safetensors", "tokenizer.json"])
    if (!(await exists(`${path}/${file}`))) throw new InputError(`${path}/${file} is not there: ${why}`);
}

/**
 * The pre-trained model of the tour. The sentence encoder must be there too: its absence is found before anything is trained.
 *
 * @param path of another model; models/cloze-tiny without
 * @throws {InputError} where one of the two is not
 */
export async function pretrainedModel(path = ownModel("cloze-tiny")): Promise<PretrainedModel> {
  await requireModel(
    path,
    "npm start compares random weights with a pre-trained model, cloze-tiny. Fetch it with the project (it belongs to the repository), derive it with npm run train:cloze-tiny -- --write, or name another BERT with --model FOLDER",
  );
  await requireModel(
    SENTENCE_ENCODER.path,
    "npm start searches sentences with cloze-tiny-embed. Fetch it with the project; it belongs to the repository",
  );
  return { path, name: basename(path) };
}
