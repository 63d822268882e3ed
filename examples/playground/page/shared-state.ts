/** State that a link can carry: the inputs of a chapter, in the fragment of the page's address. */
import { useEffect, useState } from "preact/hooks";

const current = new Map<string, string>();

const given = (): URLSearchParams => new URLSearchParams(location.hash.split("?")[1] ?? "");

/** A text of the chapter that is shown; a link that was opened may say what it is at first. */
export function useShared(name: string, initial: string): [string, (value: string) => void] {
  const [value, setValue] = useState(() => given().get(name) ?? initial);
  useEffect(() => {
    current.set(name, value);
    return () => void current.delete(name);
  }, [name, value]);
  return [value, setValue];
}

/** The address of the chapter as it is now. */
export function sharedAddress(): string {
  const chapter = location.hash.split("?")[0] || "#/";
  const fields = new URLSearchParams([...current]);
  return `${location.href.split("#")[0]}${chapter}${current.size > 0 ? `?${fields}` : ""}`;
}
