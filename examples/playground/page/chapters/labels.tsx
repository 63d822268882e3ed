/** Self-made labels: every corruption of pre-training on the reader's own sentences. */
import type { Cell } from "../../worker/labels.js";
import { useComputed } from "../computed.js";
import { Button, Chapter, Choice, Fault, Slider, TextField } from "../controls.js";
import { useStrings } from "../settings.js";
import { useShared, useSharedNumbers } from "../shared-state.js";
import { Share } from "../shown-samples.js";
import { lab } from "../workers.js";

export const CORRUPTIONS = [
  "masked-lm",
  "whole-word-masked-lm",
  "ngram-masked-lm",
  "span-masked-lm",
  "masked-lm+next-sentence-prediction",
  "masked-lm+sentence-order-prediction",
  "replaced-token-detection",
  "causal-lm",
  "mass",
  "bart",
  "bart-token-masking",
  "bart-token-deletion",
  "bart-text-infilling",
  "bart-sentence-permutation",
  "bart-document-rotation",
  "t5",
  "ul2",
] as const;

/** The share of tokens to choose; 0: the one of the objective's paper. */
const AS_PUBLISHED = { rate: 0 };
const RATE = { rate: [0, 0.8, 0.05] } as const;

/** Draws behind the shares. */
const DRAWS = 200;

/** What the model sees, and below it what it has to answer. */
function Cells({ cells }: { readonly cells: readonly Cell[] }) {
  return (
    <ol class="cells">
      {cells.map(({ token, label, change }, i) => (
        <li key={i} class={change}>
          <span class="token">{token}</span>
          <span class="token answer">{label ?? ""}</span>
        </li>
      ))}
    </ol>
  );
}

export function LabelsChapter() {
  const { labels } = useStrings();
  const [text, setText] = useShared("text", labels.example);
  const [objective, setObjective] = useShared("objective", "masked-lm");
  const [draw, setDraw] = useShared("draw", "1");
  const [{ rate: chosenRate }, setRate] = useSharedNumbers(AS_PUBLISHED, RATE);
  const rate = chosenRate === 0 ? null : chosenRate;
  const hasRate = !/^(causal-lm|bart-sentence|bart-document|ul2)/.test(objective);
  const request = { objective, text, seed: Number(draw) || 1, rate: hasRate ? rate : null };
  const { value, error } = useComputed(text.trim() === "" ? null : () => lab().corrupted(request), [
    text,
    objective,
    draw,
    rate,
  ]);
  const isMasked = objective.includes("masked-lm");
  const shares = useComputed(
    isMasked && text.trim() !== "" ? () => lab().changeShares({ ...request, seed: 1 }, DRAWS) : null,
    [text, objective, rate],
  );
  return (
    <Chapter title={labels.title} lead={labels.lead}>
      <TextField label={labels.text} value={text} rows={3} onInput={setText} />
      <div class="fields">
        <Choice
          label={labels.objective}
          value={objective}
          options={CORRUPTIONS.map((name) => [name, labels.objectives[name]] as const)}
          onChange={setObjective}
        />
        {hasRate && (
          <Slider
            label={labels.rate(rate === null ? null : Math.round(100 * rate))}
            value={rate ?? 0.15}
            min={0.05}
            max={RATE.rate[1]}
            step={RATE.rate[2]}
            onInput={(share) => setRate({ rate: share })}
          />
        )}
      </div>
      <p class="soft">{labels.about[objective as keyof typeof labels.about]}</p>
      <div class="actions">
        <Button main onClick={() => setDraw(String((Number(draw) || 1) + 1))}>
          {labels.again}
        </Button>
        <span class="status">{labels.draw(draw)}</span>
      </div>
      <Fault error={error} />
      {value && (
        <section aria-live="polite">
          <h2>{value.target ? labels.source : labels.input}</h2>
          <Cells cells={value.source} />
          {value.pair !== undefined && (
            <p>
              {labels.pair}{" "}
              <strong>{objective.includes("order") ? labels.orders[value.pair]! : labels.follows[value.pair]!}</strong>
            </p>
          )}
          {value.target && (
            <>
              <h2>{labels.target}</h2>
              <Cells cells={value.target} />
            </>
          )}
        </section>
      )}
      {shares.value && (
        <section>
          <h2>{labels.shares(DRAWS)}</h2>
          <ul class="guesses wide">
            {(["mask", "random", "kept", "none"] as const).map((change) => (
              <li key={change}>
                <span>{labels.changes[change]}</span>
                <Share value={shares.value?.[change] ?? 0} />
              </li>
            ))}
          </ul>
        </section>
      )}
    </Chapter>
  );
}
