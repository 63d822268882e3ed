/** What the browser keeps: the run that was interrupted, and the models that were trained or opened here. */
import { createStore, del, entries, get, set } from "idb-keyval";

const runs = () => createStore("cloze-playground-run", "run");
const models = () => createStore("cloze-playground-models", "models");

export const readKept = async <T>(name: string): Promise<T | undefined> => get<T>(name, runs());
export const keep = async (name: string, value: unknown): Promise<void> => set(name, value, runs());
export const drop = async (name: string): Promise<void> => del(name, runs());

/** Tells all pages and workers of the playground that a model was put on the shelf, or taken from it. */
const shelfChannel = (): BroadcastChannel => new BroadcastChannel("cloze-playground-shelf");

function tellChange(): void {
  const channel = shelfChannel();
  channel.postMessage(null);
  channel.close();
}

/** Call the follower whenever the shelf changes; the function that is returned ends this. */
export function followShelf(follower: () => void): () => void {
  const channel = shelfChannel();
  channel.onmessage = follower;
  return () => channel.close();
}

/** The files of a model folder, by name. */
export type FolderFiles = readonly (readonly [name: string, bytes: Uint8Array])[];

/** A model of the shelf. */
export interface ShelvedModel {
  readonly id: string;
  readonly name: string;
  /** task of the model: masked-lm, causal-lm, seq2seq-lm … */
  readonly task: string;
  readonly parameters: number;
  /** SHA-256 of the weights; null of a model that was not trained here */
  readonly hash: string | null;
  /** milliseconds since 1970 */
  readonly made: number;
  readonly bytes: number;
}

interface Entry {
  readonly about: ShelvedModel;
  readonly files: FolderFiles;
}

export async function shelve(about: Omit<ShelvedModel, "bytes">, files: FolderFiles): Promise<void> {
  const bytes = files.reduce((sum, [, content]) => sum + content.length, 0);
  await set(about.id, { about: { ...about, bytes }, files } satisfies Entry, models());
  tellChange();
}

/** Models without their files, the newest first. */
export async function shelf(): Promise<ShelvedModel[]> {
  const all = await entries<string, Entry>(models());
  return all.map(([, { about }]) => about).sort((a, b) => b.made - a.made);
}

export async function filesOf(id: string): Promise<FolderFiles | undefined> {
  return (await get<Entry>(id, models()))?.files;
}

export async function unshelve(id: string): Promise<void> {
  await del(id, models());
  tellChange();
}
