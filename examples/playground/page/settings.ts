/** Language and colors of the page, kept between visits. */

import type { Strings } from "../strings/en.js";
import { en } from "../strings/en.js";
import { zh } from "../strings/zh.js";
import { Store, useStore } from "./store.js";

export const LANGUAGES = { en: "English", zh: "中文" } as const;
export type Language = keyof typeof LANGUAGES;
export type Theme = "auto" | "light" | "dark";

const STRINGS: Readonly<Record<Language, Strings>> = { en, zh };

function kept<T extends string>(name: string, known: readonly T[], otherwise: T): T {
  const value = localStorage.getItem(`cloze-playground-${name}`) as T;
  return known.includes(value) ? value : otherwise;
}

const preferred = (): Language => (navigator.language.startsWith("zh") ? "zh" : "en");

export const language = new Store<Language>(kept("language", ["en", "zh"], preferred()));
export const theme = new Store<Theme>(kept("theme", ["auto", "light", "dark"], "auto"));

function follow<T extends string>(name: string, store: Store<T>, apply: (value: T) => void): void {
  apply(store.value);
  store.follow((value) => {
    localStorage.setItem(`cloze-playground-${name}`, value);
    apply(value);
  });
}

/** Apply both settings to the document, now and when they change. */
export function followSettings(): void {
  const { documentElement: root } = document;
  follow("language", language, (value) => {
    root.lang = value;
    document.title = STRINGS[value].app.title;
  });
  follow("theme", theme, (value) => {
    root.dataset["theme"] = value;
  });
}

export const useStrings = (): Strings => STRINGS[useStore(language)];
