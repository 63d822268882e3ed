/** Tokens: a text as pieces, in any tokenizer. */
import { barX, ruleX, text as textMark } from "@observablehq/plot";
import { useCallback, useState } from "preact/hooks";
import type { Algorithm, Piece } from "../../worker/tokens.js";
import { useComputed, useEver } from "../computed.js";
import { Button, Chapter, Choice, Facts, Fault, FileField, NumberField, TextField } from "../controls.js";
import { useShelf } from "../model-choice.js";
import { Plot } from "../plot.js";
import { useStrings } from "../settings.js";
import { useShared } from "../shared-state.js";
import { lab } from "../workers.js";

const TOKENIZERS = ["cloze-tiny", "english-bpe", "english-unigram"] as const;

interface Own {
  readonly id: string;
  /** of its file; null: it was learned here */
  readonly file: string | null;
  readonly size: number;
}

/** Characters that are shown on each side of a piece. */
const AROUND = 40;

function Pieces({ text, pieces }: { readonly text: string; readonly pieces: readonly Piece[] }) {
  const [at, setAt] = useState<number | null>(null);
  const piece = at === null ? undefined : pieces[at];
  const { tokens } = useStrings();
  return (
    <>
      <ol class="pieces" onMouseLeave={() => setAt(null)}>
        {pieces.map(({ piece: name, id, word, special, unknown }, i) => (
          <li key={i}>
            <button
              type="button"
              class={`piece ${special ? "special" : unknown ? "unknown" : word % 2 === 0 ? "even" : "odd"}`}
              aria-pressed={i === at}
              onMouseEnter={() => setAt(i)}
              onFocus={() => setAt(i)}
              onClick={() => setAt(i)}
            >
              <span class="token">{name}</span>
              <small>{id}</small>
            </button>
          </li>
        ))}
      </ol>
      <p class="excerpt" aria-live="polite">
        {piece && !piece.special ? (
          <>
            {piece.start > AROUND && "…"}
            {text.slice(Math.max(0, piece.start - AROUND), piece.start)}
            <mark>{text.slice(piece.start, piece.end)}</mark>
            {text.slice(piece.end, piece.end + AROUND)}
            {piece.end + AROUND < text.length && "…"}
            <small> {tokens.place(piece.start, piece.end)}</small>
          </>
        ) : (
          <small>{piece ? tokens.added : tokens.hover}</small>
        )}
      </p>
    </>
  );
}

/** Characters of a tokenizer's name beside its bar, and pixels of one. */
const [NAME, CHARACTER] = [24, 6.6];

/** The number of tokens in each tokenizer. */
function Lengths({ counts }: { readonly counts: readonly { readonly name: string; readonly count: number }[] }) {
  const { tokens } = useStrings();
  const options = useCallback(
    () => ({
      height: 16 + 30 * counts.length,
      ...{ marginTop: 8, marginBottom: 8, marginLeft: NAME * CHARACTER, marginRight: 40 },
      x: { label: tokens.count, axis: null },
      y: {
        label: null,
        domain: counts.map(({ name }) => name),
        tickSize: 0,
        tickFormat: (name: string) => (name.length > NAME ? `${name.slice(0, NAME - 2)}…` : name),
      },
      marks: [
        barX(counts, { y: "name", x: "count", fill: "var(--accent)", insetTop: 4, insetBottom: 4, rx: 2 }),
        textMark(counts, { y: "name", x: "count", text: "count", dx: 6, textAnchor: "start" as const }),
        ruleX([0], { strokeOpacity: 0.3 }),
      ],
    }),
    [JSON.stringify(counts), tokens],
  );
  return <Plot label={counts.map(({ name, count }) => `${name}: ${count}`).join(", ")} options={options} />;
}

function Learning({ onLearned }: { readonly onLearned: (own: Own) => void }) {
  const { tokens } = useStrings();
  const [algorithm, setAlgorithm] = useState<Algorithm>("wordpiece");
  const [size, setSize] = useState(300);
  const [source, setSource] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const work = async (make: () => Promise<{ id: string; size: number }>, file: string | null) => {
    setBusy(true);
    setError(null);
    try {
      onLearned({ ...(await make()), file });
    } catch (fault) {
      setError(fault);
    } finally {
      setBusy(false);
    }
  };
  return (
    <section>
      <h2>{tokens.learnTitle}</h2>
      <div class="fields">
        <Choice
          label={tokens.algorithm}
          value={algorithm}
          options={[
            ["wordpiece", "WordPiece"],
            ["bpe", "BPE"],
            ["unigram", "Unigram"],
          ]}
          onChange={setAlgorithm}
        />
        <NumberField label={tokens.size} value={size} bounds={[50, 8000, 50]} onChange={setSize} />
      </div>
      <TextField
        label={tokens.source}
        hint={tokens.sourceHint}
        value={source}
        rows={5}
        onInput={setSource}
        onDrop={setSource}
      />
      <div class="actions">
        <Button
          onClick={() =>
            void work(() => lab().learnTokenizer({ algorithm, size, lowercase: false, text: source }), null)
          }
          disabled={isBusy || source.trim() === ""}
        >
          {tokens.learn}
        </Button>
        <FileField
          label={tokens.open}
          accept=".json,application/json"
          onFiles={([file]) => file && void work(async () => lab().openTokenizer(await file.text()), file.name)}
        />
        <span class="status" role="status">
          {isBusy ? tokens.learning : ""}
        </span>
      </div>
      <Fault error={error} />
    </section>
  );
}

export function TokensChapter() {
  const { app, tokens, number } = useStrings();
  const [text, setText] = useShared("text", tokens.example);
  const [chosen, setChosen] = useShared("tokenizer", "cloze-tiny");
  const [own, setOwn] = useState<readonly Own[]>([]);
  const shelved = useShelf() ?? [];
  const models = shelved.map(({ id, name, made }) => ({
    id,
    name: app.noted(name, new Date(made).toLocaleTimeString()),
  }));
  const learned = own.map(({ id, file, size }) => ({ id, name: app.noted(file ?? tokens.own, number(size)) }));
  const all = [...TOKENIZERS.map((id) => ({ id, name: tokens.tokenizers[id] })), ...learned, ...models];
  // A model of the shelf may be large, or have no tokenizer: it is opened only when it is chosen.
  const compared = all.filter(({ id }) => id === chosen || !models.some((model) => model.id === id));
  const { value, error } = useComputed(
    () =>
      Promise.all(compared.map(async ({ id, name }) => ({ id, name, text, pieces: await lab().tokenize(id, text) }))),
    [text, chosen, own.length, compared.length, tokens],
  );
  // It follows the pieces, and would jump when they come.
  const isShown = useEver(value !== null || error !== null);
  const shown = value?.find(({ id }) => id === chosen) ?? value?.[0];
  const plain = shown?.pieces.filter(({ special }) => !special) ?? [];
  return (
    <Chapter title={tokens.title} lead={tokens.lead}>
      <TextField label={tokens.text} value={text} rows={3} onInput={setText} />
      <Choice
        label={tokens.tokenizer}
        value={chosen}
        options={all.map(({ id, name }) => [id, name] as const)}
        onChange={setChosen}
      />
      <Fault error={error} />
      {shown && (
        <>
          <Pieces text={shown.text} pieces={shown.pieces} />
          <Facts
            facts={[
              [tokens.facts.tokens, number(plain.length)],
              [tokens.facts.characters, plain.length ? ([...text].length / plain.length).toFixed(1) : "–"],
              [tokens.facts.unknown, number(plain.filter(({ unknown }) => unknown).length)],
            ]}
          />
        </>
      )}
      {value && (
        <section>
          <h2>{tokens.compare}</h2>
          <Lengths
            counts={value.map(({ name, pieces }) => ({ name, count: pieces.filter(({ special }) => !special).length }))}
          />
        </section>
      )}
      {isShown && (
        <Learning
          onLearned={(added) => {
            setOwn((before) => [...before, added]);
            setChosen(added.id);
          }}
        />
      )}
    </Chapter>
  );
}
