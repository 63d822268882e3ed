/** The page: chapters by the fragment of the address, language, colors. */
import { type ComponentType, render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Fault } from "./controls.js";
import { run } from "./run-state.js";
import { followSettings, LANGUAGES, type Language, language, type Theme, theme, useStrings } from "./settings.js";
import { useStore } from "./store.js";

/** Each chapter's code is loaded when it is first shown. */
const CHAPTERS = {
  tokens: async () => (await import("./chapters/tokens.js")).TokensChapter,
  labels: async () => (await import("./chapters/labels.js")).LabelsChapter,
  learn: async () => (await import("./chapters/learn.js")).LearnChapter,
  finetune: async () => (await import("./chapters/finetune.js")).FinetuneChapter,
  inside: async () => (await import("./chapters/inside.js")).InsideChapter,
  write: async () => (await import("./chapters/write.js")).WriteChapter,
  languages: async () => (await import("./chapters/languages.js")).LanguagesChapter,
  search: async () => (await import("./chapters/search.js")).SearchChapter,
  models: async () => (await import("./chapters/models.js")).ModelsChapter,
  benchmark: async () => (await import("./chapters/benchmark.js")).BenchmarkChapter,
} as const satisfies Readonly<Record<string, () => Promise<ComponentType>>>;

type ChapterName = keyof typeof CHAPTERS;

const FIRST: ChapterName = "learn";

function chapterOfAddress(): ChapterName {
  const name = location.hash.replace(/^#\/?/, "").split("?")[0]!;
  return Object.hasOwn(CHAPTERS, name) ? (name as ChapterName) : FIRST;
}

function Settings() {
  const { app } = useStrings();
  const [chosenLanguage, chosenTheme] = [useStore(language), useStore(theme)];
  return (
    <div class="settings">
      <select
        aria-label={app.language}
        value={chosenLanguage}
        onChange={(event) => language.set(event.currentTarget.value as Language)}
      >
        {Object.entries(LANGUAGES).map(([code, name]) => (
          <option key={code} value={code}>
            {name}
          </option>
        ))}
      </select>
      <select
        aria-label={app.theme}
        value={chosenTheme}
        onChange={(event) => theme.set(event.currentTarget.value as Theme)}
      >
        {Object.entries(app.themes).map(([code, name]) => (
          <option key={code} value={code}>
            {name}
          </option>
        ))}
      </select>
    </div>
  );
}

/**
 * The service worker stores all files, models too: it waits until the first chapter is shown. A page that it has brought need
 * not ask for it again: browsers look for a newer one by themselves.
 */
function keepForLater(): void {
  if ("serviceWorker" in navigator && navigator.serviceWorker.controller === null)
    void navigator.serviceWorker.register("./service-worker.js");
}

/** What the run is doing, for readers of other chapters. */
function Running() {
  const { app } = useStrings();
  const { phase, step, plan } = useStore(run);
  if (phase !== "training" || plan === null) return null;
  return <p class="running">{app.running(step, plan.steps)}</p>;
}

function App() {
  const strings = useStrings();
  const [name, setName] = useState(chapterOfAddress());
  const [chapter, setChapter] = useState<{ readonly Shown: ComponentType } | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const main = useRef<HTMLElement>(null);
  useEffect(() => {
    const follow = () => setName(chapterOfAddress());
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  const isShown = chapter !== null;
  useEffect(() => {
    if (isShown) keepForLater();
  }, [isShown]);
  useEffect(() => {
    let isCurrent = true;
    CHAPTERS[name]().then(
      (Shown) => isCurrent && setChapter({ Shown }),
      (error: unknown) => isCurrent && setFault(error),
    );
    return () => {
      isCurrent = false;
    };
  }, [name]);
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        {strings.app.skip}
      </button>
      <header>
        <p class="brand">
          <span aria-hidden="true" class="logo" /> Cloze
        </p>
        <nav aria-label={strings.app.chapters}>
          <ul>
            {(Object.keys(CHAPTERS) as ChapterName[]).map((each) => (
              <li key={each}>
                <a href={`#/${each}`} aria-current={each === name ? "page" : undefined}>
                  {strings[each].short}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <Running />
        <Settings />
        <p class="note">{strings.app.offline}</p>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        <Fault error={fault} />
        {chapter ? <chapter.Shown key={name} /> : <p>{strings.app.loading}</p>}
      </main>
    </>
  );
}

followSettings();
render(<App />, document.getElementById("app")!);
