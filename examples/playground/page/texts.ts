/** The texts and examples that come with the playground, fetched when they are first needed. */
export const TEXTS = ["english", "german", "spanish", "french", "chinese"] as const;

const fetched = new Map<string, Promise<string>>();

async function fetchText(path: string): Promise<string> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path} cannot be loaded: the server answers ${response.status}`);
  return response.text();
}

function once(path: string): Promise<string> {
  const found = fetched.get(path) ?? fetchText(path);
  fetched.set(path, found);
  found.catch(() => fetched.delete(path));
  return found;
}

export const textOf = (name: string): Promise<string> => once(`./texts/${name}.txt`);

/** Labeled examples of a task of fine-tuning. */
export const examplesOf = (task: string, part: "train" | "test"): Promise<string> =>
  once(`./data/${task}.${part}.${task === "answers" ? "json" : "tsv"}`);
