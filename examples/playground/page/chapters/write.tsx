/** Write: a model writes token by token, and shows what else it could have written. */
import { useEffect, useState } from "preact/hooks";
import type { Alternative, NextTokens } from "../../worker/writing.js";
import { useComputed } from "../computed.js";
import { Button, Chapter, Fault, Slider, TextField } from "../controls.js";
import { ModelChoice, useShelf } from "../model-choice.js";
import { useStrings } from "../settings.js";
import { useShared } from "../shared-state.js";
import { Share } from "../shown-samples.js";
import { lab } from "../workers.js";

type WritingTask = "causal-lm" | "seq2seq-lm";
const TASKS: readonly WritingTask[] = ["causal-lm", "seq2seq-lm"];
/** Tokens that are written at once. */
const AT_ONCE = 20;

interface AlternativesProps {
  readonly next: NextTokens;
  readonly choose: (alternative: Alternative) => void;
  readonly disabled: boolean;
}

function Alternatives({ next, choose, disabled }: AlternativesProps) {
  const { write } = useStrings();
  return (
    <section aria-label={write.alternatives}>
      <h2>{write.alternatives}</h2>
      <p class="soft">{write.undecided(next.entropy.toFixed(1))}</p>
      <ol class="guesses wide">
        {next.alternatives.map((alternative) => (
          <li key={alternative.id}>
            <button type="button" class="choice" disabled={disabled} onClick={() => choose(alternative)}>
              <span class="token">{alternative.ends ? write.end : alternative.token.replace("Ġ", "␣")}</span>
            </button>
            <Share value={alternative.probability} />
          </li>
        ))}
      </ol>
    </section>
  );
}

/** The links that start training a model of each kind. */
function NoModel() {
  const { write } = useStrings();
  return (
    <section>
      <p>{write.none}</p>
      <ul class="links">
        <li>
          <a href="#/learn?objective=causal-lm&steps=800">{write.trainGpt}</a>
        </li>
        <li>
          <a href="#/learn?objective=bart&steps=800">{write.trainBart}</a>
        </li>
      </ul>
    </section>
  );
}

interface WriterProps {
  readonly model: string;
  readonly task: WritingTask;
}

function Writer({ model, task }: WriterProps) {
  const { write } = useStrings();
  const [source, setSource] = useShared(`source-${task}`, task === "causal-lm" ? write.beginning : write.damaged);
  const [ids, setIds] = useState<readonly number[]>([]);
  const [temperature, setTemperature] = useState(1);
  const [left, setLeft] = useState({ count: 0, isSampled: false });
  useEffect(() => setIds([]), [source, model]);
  const { value: answer, error } = useComputed(
    async () => ({ ids, next: await lab().nextTokens({ model, task, source, ids, temperature }) }),
    [model, task, source, ids, temperature],
  );
  const value = answer?.next;
  const choose = ({ id }: Alternative) => setIds((before) => [...before, id]);
  useEffect(() => {
    // An answer to fewer tokens would write its choice twice.
    if (left.count === 0 || answer?.ids !== ids) return;
    const { alternatives } = answer.next;
    const chosen = left.isSampled ? drawn(alternatives) : alternatives[0]!;
    if (chosen.ends) setLeft({ ...left, count: 0 });
    else {
      choose(chosen);
      setLeft({ ...left, count: left.count - 1 });
    }
  }, [answer, ids, left.count]);
  const isWriting = left.count > 0;
  return (
    <>
      <TextField
        label={task === "causal-lm" ? write.source : write.sourceDamaged}
        value={source}
        rows={2}
        onInput={setSource}
      />
      <Slider
        label={write.temperature(temperature.toFixed(1))}
        value={temperature}
        min={0.2}
        max={2}
        step={0.1}
        onInput={setTemperature}
      />
      <div class="actions">
        {isWriting ? (
          <Button main onClick={() => setLeft({ ...left, count: 0 })}>
            {write.stop}
          </Button>
        ) : (
          <>
            <Button main onClick={() => setLeft({ count: AT_ONCE, isSampled: false })}>
              {write.best}
            </Button>
            <Button onClick={() => setLeft({ count: AT_ONCE, isSampled: true })}>{write.sample}</Button>
            <Button onClick={() => setIds((before) => before.slice(0, -1))} disabled={ids.length === 0}>
              {write.back}
            </Button>
            <Button onClick={() => setIds([])} disabled={ids.length === 0}>
              {write.clear}
            </Button>
          </>
        )}
      </div>
      <Fault error={error} />
      {value && (
        <>
          <p class="written" aria-live="polite">
            {task === "causal-lm" && source}
            <mark>{value.written || "…"}</mark>
          </p>
          <Alternatives next={value} choose={choose} disabled={isWriting} />
        </>
      )}
    </>
  );
}

/** One of the alternatives that are shown, by chance in their proportions. */
function drawn(alternatives: readonly Alternative[]): Alternative {
  let rest = Math.random() * alternatives.reduce((sum, { probability }) => sum + probability, 0);
  for (const alternative of alternatives) if ((rest -= alternative.probability) < 0) return alternative;
  return alternatives.at(-1)!;
}

export function WriteChapter() {
  const { write } = useStrings();
  const shelved = useShelf();
  const writers = shelved?.filter(({ task }) => (TASKS as readonly string[]).includes(task));
  const [chosen, setChosen] = useShared("model", "");
  const model = writers?.find(({ id }) => id === chosen) ?? writers?.[0];
  return (
    <Chapter title={write.title} lead={write.lead}>
      {writers && !model && <NoModel />}
      {model && (
        <>
          <ModelChoice value={model.id} onChange={setChosen} tasks={TASKS} builtIn={[]} />
          <Writer key={model.id} model={model.id} task={model.task as WritingTask} />
        </>
      )}
    </Chapter>
  );
}
