/** The texts that come with the playground, fetched when they are first needed. */
export const TEXTS = ["english", "german", "spanish", "french", "chinese"] as const;

const fetched = new Map<string, Promise<string>>();

async function fetchText(name: string): Promise<string> {
  const response = await fetch(`./texts/${name}.txt`);
  if (!response.ok) throw new Error(`the text ${name} cannot be loaded: the server answers ${response.status}`);
  return response.text();
}

export function textOf(name: string): Promise<string> {
  const found = fetched.get(name) ?? fetchText(name);
  fetched.set(name, found);
  found.catch(() => fetched.delete(name));
  return found;
}
