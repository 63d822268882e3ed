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

/** What a number may be at least and at most. */
export type Bounds = readonly [least: number, most: number, step: number];

type Numbers<Name extends string> = Readonly<Record<Name, number>>;

/**
 * Numbers of the chapter that is shown. A link carries those that are not the usual ones, and cannot exceed the bounds.
 *
 * @param initial where the link says nothing; the usual ones by default
 */
export function useSharedNumbers<Name extends string>(
  usual: Numbers<Name>,
  bounds: Readonly<Record<Name, Bounds>>,
  initial: Numbers<Name> = usual,
): [Numbers<Name>, (part: Partial<Numbers<Name>>) => void] {
  const names = Object.keys(usual) as Name[];
  const [values, setValues] = useState<Numbers<Name>>(() => {
    const fields = given();
    const numberOf = (name: Name): number => {
      const [least, most] = bounds[name];
      const value = Number(fields.get(name) ?? Number.NaN);
      return Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : initial[name];
    };
    return Object.fromEntries(names.map((name) => [name, numberOf(name)])) as Record<Name, number>;
  });
  useEffect(() => {
    for (const name of names) if (values[name] !== usual[name]) current.set(name, String(values[name]));
    return () => {
      for (const name of names) current.delete(name);
    };
  }, [values]);
  return [values, (part) => setValues((before) => ({ ...before, ...part }))];
}

/** Characters of a text that a link carries; some programs cut a longer address. */
const LONGEST = 4000;

/** The address of the chapter as it is now. */
export function sharedAddress(): string {
  const chapter = location.hash.split("?")[0] || "#/";
  const fields = new URLSearchParams([...current].filter(([, value]) => value.length <= LONGEST));
  return `${location.href.split("#")[0]}${chapter}${fields.size > 0 ? `?${fields}` : ""}`;
}
