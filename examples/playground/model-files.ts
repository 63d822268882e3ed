/** The files of a model by its id: those that come with the playground, or one of the shelf. Page and workers share it. */
import type { Files } from "cloze";
import { type FolderFiles, filesOf } from "./store.js";

/** Models that come with the playground. */
export const BUILT_IN = ["cloze-tiny", "cloze-tiny-embed"] as const;

/** What the shelf says about such a model. */
export interface BuiltInModel {
  readonly id: string;
  readonly parameters: number;
  /** size of its files */
  readonly bytes: number;
}

const addressOf = (id: string, file: string): URL => new URL(`./models/${id}/${file}`, self.location.href);

async function fetched(id: string, file: string): Promise<Response> {
  const response = await fetch(addressOf(id, file));
  if (!response.ok) throw new Error(`${file} of ${id} cannot be loaded: the server answers ${response.status}`);
  return response;
}

/** The models that come with the playground, as its build found them. */
export async function builtInModels(): Promise<readonly BuiltInModel[]> {
  return Promise.all(
    BUILT_IN.map(async (id) => ({
      id,
      ...((await (await fetched(id, "about.json")).json()) as Omit<BuiltInModel, "id">),
    })),
  );
}

/** The files that the build has listed are fetched; others do not exist. */
function builtInFiles(id: string): Files {
  const listed = fetched(id, "files.json").then((response) => response.json() as Promise<string[]>);
  return {
    async read(name) {
      if (!(await listed).includes(name)) return undefined;
      return new Uint8Array(await (await fetched(id, name)).arrayBuffer());
    },
  };
}

/** As `memoryFiles` of the package, which the page would load for it alone. */
function shelvedFiles(files: FolderFiles): Files {
  const byName = new Map(files);
  return { read: async (name) => byName.get(name) };
}

export async function modelFiles(id: string): Promise<Files> {
  if ((BUILT_IN as readonly string[]).includes(id)) return builtInFiles(id);
  const files = await filesOf(id);
  if (!files) throw new Error("this model is no longer on the shelf");
  return shelvedFiles(files);
}
