/** Fine-tune: a model learns a task from few examples, beside one that begins with random weights. */
import { dot, gridY, line, ruleY } from "@observablehq/plot";
import { proxy } from "comlink";
import { useCallback, useEffect, useState } from "preact/hooks";
import type { Strings } from "../../strings/en.js";
import type { Confusion, CurvePoint, FinetuneRequest, FinetuneTold, Said, TaskName } from "../../worker/finetuning.js";
import { Button, Chapter, Check, Choice, Facts, Fault, FileField, NumberField, TextField, Wide } from "../controls.js";
import { ModelChoice } from "../model-choice.js";
import { Plot } from "../plot.js";
import { useStrings } from "../settings.js";
import { useShared, useSharedNumbers } from "../shared-state.js";
import { Share } from "../shown-samples.js";
import { examplesOf } from "../texts.js";
import { lab } from "../workers.js";

const TASKS: readonly TaskName[] = ["sentiment", "pairs", "tags", "answers"];
const USUAL = { epochs: 4 };
const BOUNDS = { epochs: [1, 20, 1] } as const;
/** Tasks whose input has two parts. */
const ofTwo = (task: TaskName): boolean => task === "pairs" || task === "answers";

type Begun = Extract<FinetuneTold, { readonly kind: "begun" }>;
type Stepped = Extract<FinetuneTold, { readonly kind: "step" }>;

/** A metric in the reader's language. */
const metricName = ({ metrics }: Strings["finetune"], name: string): string =>
  (metrics as Readonly<Record<string, string>>)[name] ?? name;

interface LearningCurveProps {
  readonly points: readonly CurvePoint[];
  readonly begun: Begun;
}

function LearningCurve({ points, begun }: LearningCurveProps) {
  const { finetune } = useStrings();
  const options = useCallback(
    (width: number) => ({
      height: width < 500 ? 240 : 300,
      ...{ marginTop: 30, marginLeft: 44, marginRight: 20, marginBottom: 38 },
      x: {
        label: finetune.examples,
        type: "log" as const,
        domain: [Math.max(0.8, begun.examples / 10), begun.examples * 1.1],
        ticks: [...new Set(points.map(({ examples }) => examples))],
        tickFormat: String,
      },
      y: { label: finetune.percent(metricName(finetune, begun.headline)), percent: true, nice: true, inset: 8 },
      marks: [
        gridY({ strokeOpacity: 0.12 }),
        ruleY([begun.baseline], { strokeDasharray: "2 4", strokeOpacity: 0.6 }),
        ...(["scratch", "pretrained"] as const).flatMap((arm) => {
          const own = points.filter((point) => point.arm === arm);
          const stroke = arm === "pretrained" ? "var(--accent)" : "currentColor";
          return [
            line(own, { x: "examples", y: "score", stroke, strokeWidth: arm === "pretrained" ? 2.5 : 1.5 }),
            dot(own, { x: "examples", y: "score", fill: stroke, r: 4 }),
          ];
        }),
      ],
    }),
    [points, begun, finetune],
  );
  const label = points.map(
    ({ arm, examples, score }) => `${finetune.arms[arm]} ${examples}: ${(100 * score).toFixed(1)}%`,
  );
  return (
    <figure>
      <Plot label={label.join(", ")} options={options} />
      <figcaption class="legend">
        <span class="key accent">{finetune.arms.pretrained}</span>
        <span class="key">{finetune.arms.scratch}</span>
        <span class="key dotted">{finetune.baseline((100 * begun.baseline).toFixed(1))}</span>
      </figcaption>
    </figure>
  );
}

function ConfusionTable({ labels, matrix }: Confusion) {
  const { finetune } = useStrings();
  return (
    <section>
      <h2>{finetune.confusion}</h2>
      <p class="soft">{finetune.confusionNote}</p>
      <Wide label={finetune.confusion}>
        <table class="confusion">
          <thead>
            <tr>
              <td />
              {labels.map((label) => (
                <th key={label} class="number" scope="col">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {matrix.map((row, gold) => {
              const total = row.reduce((sum, count) => sum + count, 0);
              return (
                <tr key={labels[gold]}>
                  <th scope="row">{labels[gold]}</th>
                  {row.map((count, predicted) => (
                    <td
                      key={labels[predicted]}
                      class="number"
                      style={{
                        background: `color-mix(in srgb, var(--accent) ${total ? Math.round((45 * count) / total) : 0}%, transparent)`,
                      }}
                    >
                      {count}
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </Wide>
    </section>
  );
}

function Answer({ said, context }: { readonly said: Said; readonly context: string }) {
  switch (said.kind) {
    case "classes":
      return (
        <ul class="guesses wide">
          {said.classes.map(({ label, score }) => (
            <li key={label}>
              <span>{label}</span>
              <Share value={score} />
            </li>
          ))}
        </ul>
      );
    case "tags":
      return (
        <ol class="cells">
          {said.words.map(({ word, tag }, i) => (
            <li key={i}>
              <span>{word}</span>
              <span class="token answer">{tag ?? "–"}</span>
            </li>
          ))}
        </ol>
      );
    case "answer":
      return (
        <p>
          {context.slice(0, said.start)}
          <mark>{context.slice(said.start, said.end)}</mark>
          {context.slice(said.end)}
        </p>
      );
  }
}

function TryIt({ task }: { readonly task: TaskName }) {
  const { finetune } = useStrings();
  const [first, setFirst] = useState<string>(finetune.tries[task][0]!);
  const [second, setSecond] = useState<string>(finetune.tries[task][1]!);
  const [said, setSaid] = useState<Said | null>(null);
  const [error, setError] = useState<unknown>(null);
  const ask = async () => {
    try {
      setError(null);
      setSaid(await lab().tryTuned(first, second));
    } catch (fault) {
      setError(fault);
    }
  };
  return (
    <section>
      <h2>{finetune.try}</h2>
      <TextField label={finetune.inputs[task][0]!} value={first} onInput={setFirst} />
      {ofTwo(task) && <TextField label={finetune.inputs[task][1]!} value={second} rows={3} onInput={setSecond} />}
      <Button onClick={() => void ask()}>{finetune.ask}</Button>
      <Fault error={error} />
      <div aria-live="polite">{said && <Answer said={said} context={second} />}</div>
    </section>
  );
}

/** What the reader has chosen: a task with its examples. */
function useExamples(task: TaskName) {
  const [train, setTrain] = useState("");
  const [test, setTest] = useState("");
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    let isCurrent = true;
    Promise.all([examplesOf(task, "train"), examplesOf(task, "test")]).then(
      ([training, tests]) => {
        if (!isCurrent) return;
        setTrain(training);
        setTest(tests);
      },
      (fault: unknown) => isCurrent && setError(fault),
    );
    return () => {
      isCurrent = false;
    };
  }, [task]);
  return { train, test, setTrain, setTest, error };
}

/** Fine-tuning under way, and what it has found. */
function useFinetuning(task: TaskName) {
  const [begun, setBegun] = useState<Begun | null>(null);
  const [step, setStep] = useState<Stepped | null>(null);
  const [points, setPoints] = useState<readonly CurvePoint[]>([]);
  const [confusion, setConfusion] = useState<Confusion | null>(null);
  const [phase, setPhase] = useState<"idle" | "busy" | "done">("idle");
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    setPhase((before) => (before === "done" ? "idle" : before));
    setConfusion(null);
    setPoints([]);
  }, [task]);
  const tell = (told: FinetuneTold): void => {
    if (told.kind === "begun") setBegun(told);
    else if (told.kind === "step") setStep(told);
    else setPoints((before) => [...before, told.point]);
  };
  const start = async (chosen: FinetuneRequest) => {
    setPhase("busy");
    setError(null);
    setPoints([]);
    setConfusion(null);
    try {
      const end = await lab().finetuneHere(chosen, proxy(tell));
      setConfusion(end.confusion);
      setPhase(end.isStopped ? "idle" : "done");
    } catch (fault) {
      setError(fault);
      setPhase("idle");
    } finally {
      setStep(null);
    }
  };
  return { begun, step, points, confusion, phase, error, start };
}

interface ProgressProps {
  readonly begun: Begun | null;
  readonly points: readonly CurvePoint[];
}

function Results({ begun, points }: ProgressProps) {
  const { finetune, number } = useStrings();
  if (!begun || points.length === 0) return null;
  return (
    <>
      <Facts
        facts={[
          [finetune.examples, number(begun.examples)],
          [finetune.tests, number(begun.tests)],
          [metricName(finetune, begun.headline), `${(100 * points.at(-1)!.score).toFixed(1)}%`],
        ]}
      />
      <LearningCurve points={points} begun={begun} />
    </>
  );
}

interface ActionsProps {
  readonly isBusy: boolean;
  readonly step: Stepped | null;
  readonly canStart: boolean;
  readonly start: () => void;
  readonly open: (text: string) => void;
}

function Actions({ isBusy, step, canStart, start, open }: ActionsProps) {
  const { finetune, number } = useStrings();
  return (
    <>
      <div class="actions">
        {isBusy ? (
          <Button main onClick={() => void lab().stopFinetuning()}>
            {finetune.stop}
          </Button>
        ) : (
          <Button main onClick={start} disabled={!canStart}>
            {finetune.start}
          </Button>
        )}
        <FileField label={finetune.open} disabled={isBusy} onFiles={([file]) => void file?.text().then(open)} />
        <span class="status" role="status">
          {isBusy && step ? finetune.doing(finetune.arms[step.arm], number(step.examples), step.loss.toFixed(2)) : ""}
        </span>
      </div>
      {isBusy && <progress value={step?.share ?? 0} max={1} aria-label={finetune.progress} />}
    </>
  );
}

export function FinetuneChapter() {
  const { finetune } = useStrings();
  const [chosen, setTask] = useShared("task", "sentiment");
  const task = TASKS.includes(chosen as TaskName) ? (chosen as TaskName) : "sentiment";
  const [model, setModel] = useShared("model", "cloze-tiny");
  const [{ epochs }, change] = useSharedNumbers(USUAL, BOUNDS);
  const [withScratch, setWithScratch] = useState(true);
  const { train, test, setTrain, setTest, error } = useExamples(task);
  const { begun, step, points, confusion, phase, error: failure, start } = useFinetuning(task);
  const disabled = phase === "busy";
  const names = TASKS.map((name) => [name, finetune.tasks[name]] as const);
  /** A file of the reader's, to which the tests that come with the playground do not belong. */
  const open = (text: string): void => {
    setTrain(text);
    setTest("");
  };
  return (
    <Chapter title={finetune.title} lead={finetune.lead}>
      <div class="fields">
        <Choice label={finetune.task} value={task} options={names} disabled={disabled} onChange={setTask} />
        <ModelChoice value={model} disabled={disabled} onChange={setModel} />
        <NumberField
          label={finetune.epochs}
          value={epochs}
          bounds={BOUNDS.epochs}
          disabled={disabled}
          onChange={(count) => change({ epochs: count })}
        />
      </div>
      <TextField
        label={finetune.training}
        hint={finetune.formats[task]}
        value={train}
        rows={6}
        disabled={disabled}
        onInput={setTrain}
        onDrop={open}
      />
      <details>
        <summary>{finetune.testing}</summary>
        <TextField
          label={finetune.testing}
          hint={finetune.testHint}
          value={test}
          rows={6}
          disabled={disabled}
          onInput={setTest}
          onDrop={setTest}
        />
      </details>
      <Check label={finetune.withScratch} value={withScratch} disabled={disabled} onChange={setWithScratch} />
      <Actions
        isBusy={disabled}
        step={step}
        canStart={train.trim() !== ""}
        start={() => void start({ task, model, train, test, epochs, withScratch, name: finetune.tasks[task] })}
        open={open}
      />
      <Fault error={error ?? failure} />
      <Results begun={begun} points={points} />
      {phase === "done" && <TryIt key={task} task={task} />}
      {confusion && <ConfusionTable {...confusion} />}
    </Chapter>
  );
}
