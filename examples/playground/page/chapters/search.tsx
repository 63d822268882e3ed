/** Search: lines become vectors in this tab, and are found by what they mean. */
import { useEffect, useRef, useState } from "preact/hooks";
import { modelFiles } from "../../model-files.js";
import { useComputed } from "../computed.js";
import { Button, Chapter, Facts, Fault, FileField, TextField } from "../controls.js";
import { ModelChoice } from "../model-choice.js";
import { pipelines } from "../pipelines.js";
import { useStrings } from "../settings.js";
import { useShared } from "../shared-state.js";
import { Share } from "../shown-samples.js";
import { textOf } from "../texts.js";

type Embed = Awaited<ReturnType<Awaited<ReturnType<typeof pipelines>>["featureExtraction"]>>;

/** Lines with their vectors. */
interface Index {
  readonly lines: readonly string[];
  readonly vectors: readonly Float32Array[];
  readonly seconds: number;
  readonly embed: Embed;
}

/** Lines that are found. */
const FOUND = 8;

/** Vectors have length 1, so that their product is the cosine. */
const cosineOf = (a: Float32Array, b: Float32Array): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

const OPTIONS = { normalize: true } as const;

async function indexOf(
  model: string,
  lines: readonly string[],
  signal: AbortSignal,
  onProgress: (share: number) => void,
): Promise<Index> {
  const embed = await (await pipelines()).featureExtraction(await modelFiles(model), { signal });
  const started = performance.now();
  const follow = ({ done, total }: { done: number; total: number }) => onProgress(done / total);
  const vectors = (await embed([...lines], { ...OPTIONS, signal, onProgress: follow })) as Float32Array[];
  return { lines, vectors, seconds: (performance.now() - started) / 1000, embed };
}

function Found({ index }: { readonly index: Index }) {
  const { search } = useStrings();
  const [query, setQuery] = useShared("query", search.query);
  const { value, error } = useComputed(
    query.trim() === ""
      ? null
      : async () => {
          const vector = (await index.embed(query, OPTIONS)) as Float32Array;
          const scored = index.vectors.map((own, i) => ({ line: index.lines[i]!, score: cosineOf(vector, own) }));
          return scored.sort((a, b) => b.score - a.score).slice(0, FOUND);
        },
    [query, index],
  );
  return (
    <section>
      <TextField label={search.find} value={query} onInput={setQuery} />
      <Fault error={error} />
      <p class="soft">{search.score}</p>
      <ol class="found" aria-live="polite">
        {value?.map(({ line, score }, i) => (
          <li key={i}>
            <span>{line}</span>
            <Share value={Math.max(0, score)} as={score.toFixed(2)} />
          </li>
        ))}
      </ol>
    </section>
  );
}

export function SearchChapter() {
  const { search, number } = useStrings();
  const [model, setModel] = useShared("model", "cloze-tiny-embed");
  const [text, setText] = useState("");
  const [index, setIndex] = useState<Index | null>(null);
  const [share, setShare] = useState<number | null>(null);
  const [error, setError] = useState<unknown>(null);
  const stopping = useRef<AbortController | null>(null);
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  useEffect(() => {
    textOf("english").then(
      (content) => setText((before) => before || content.split("\n").slice(0, 400).join("\n")),
      setError,
    );
    return () => stopping.current?.abort();
  }, []);
  const start = async () => {
    const controller = new AbortController();
    stopping.current = controller;
    setError(null);
    setShare(0);
    try {
      setIndex(await indexOf(model, lines, controller.signal, setShare));
    } catch (fault) {
      if (!controller.signal.aborted) setError(fault);
    } finally {
      setShare(null);
    }
  };
  return (
    <Chapter title={search.title} lead={search.lead}>
      <ModelChoice value={model} onChange={setModel} />
      <TextField
        label={search.lines}
        hint={search.linesHint(lines.length)}
        value={text}
        rows={7}
        onInput={setText}
        onDrop={setText}
      />
      <div class="actions">
        {share === null ? (
          <Button main onClick={() => void start()} disabled={lines.length === 0}>
            {search.embed}
          </Button>
        ) : (
          <Button main onClick={() => stopping.current?.abort()}>
            {search.stop}
          </Button>
        )}
        <FileField
          label={search.open}
          accept=".txt,.md,.csv,text/*"
          onFiles={([file]) => void file?.text().then(setText, setError)}
        />
      </div>
      {share !== null && <progress value={share} max={1} aria-label={search.progress} />}
      <Fault error={error} />
      {index && (
        <>
          <Facts
            facts={[
              [search.facts.lines, number(index.lines.length)],
              [search.facts.seconds, index.seconds.toFixed(1)],
              [search.facts.size, String(index.vectors[0]?.length ?? 0)],
            ]}
          />
          <Found index={index} />
        </>
      )}
    </Chapter>
  );
}
