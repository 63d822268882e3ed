/** Watch it learn: a model is pre-trained in a worker of this tab. */
import { Fragment } from "preact";
import { useEffect, useState } from "preact/hooks";
import { CONTINUED, commandOf, DEFAULT_PLAN, type Plan, startFolder } from "../../plan.js";
import { Button, Chapter, Check, Choice, Facts, Fault, NumberField, TextField } from "../controls.js";
import { downloadFolder } from "../download.js";
import { useShelf } from "../model-choice.js";
import { dropKeptRun, findKeptRun, pauseRun, type RunState, resumeRun, run, startRun } from "../run-state.js";
import { useStrings } from "../settings.js";
import { type Bounds, useShared, useSharedNumbers } from "../shared-state.js";
import { ShownSamples } from "../shown-samples.js";
import { useStore } from "../store.js";
import { TEXTS, textOf } from "../texts.js";

const OBJECTIVES = [
  "masked-lm",
  "masked-lm+next-sentence-prediction",
  "whole-word-masked-lm",
  "ngram-masked-lm+sentence-order-prediction",
  "span-masked-lm",
  "replaced-token-detection",
  "causal-lm",
  "mass",
  "bart",
  "t5",
] as const;

/** Objectives whose recipe trains on short sequences first. */
const hasShort = (objective: string): boolean => objective.includes("masked-lm");

/** Tasks of the models that can go on learning with an objective. */
function tasksFor(objective: string): readonly string[] {
  if (hasShort(objective)) return ["masked-lm", "pretraining"];
  if (objective === "causal-lm" || objective === "replaced-token-detection") return [objective];
  return ["seq2seq-lm"];
}

/** What the model is asked while it learns: masks to fill, words that do not belong, or beginnings to continue. */
const SHOWN = {
  masks: ["The children [MASK] in the garden.", "She drank a cup of [MASK].", "He opened the [MASK] and looked out."],
  replaced: ["The children played in the bread.", "She drank a garden of tea.", "He opened the door and looked out."],
  texts: ["The old man", "In the morning she", "The children were"],
} as const;

function shownFor(objective: string): readonly string[] {
  if (hasShort(objective)) return SHOWN.masks;
  return objective === "replaced-token-detection" ? SHOWN.replaced : SHOWN.texts;
}

const isBusy = ({ phase }: RunState): boolean =>
  phase === "vocabulary" || phase === "model" || phase === "training" || phase === "pausing";

const BOUNDS = {
  layers: [1, 6, 1],
  width: [32, 256, 32],
  heads: [1, 8, 1],
  length: [16, 128, 16],
  vocabulary: [300, 8000, 100],
  batchSize: [4, 64, 1],
  learningRate: [0.0001, 0.01, 0.0001],
  seed: [0, 999_999, 1],
  steps: [20, 20_000, 10],
} as const satisfies Partial<Record<keyof Plan, Bounds>>;

/** The numbers of a plan. */
type Numbers = Pick<Plan, keyof typeof BOUNDS>;

const numbersOf = (plan: Plan): Numbers =>
  Object.fromEntries(Object.keys(BOUNDS).map((name) => [name, plan[name as keyof Numbers]])) as unknown as Numbers;

interface SizesProps {
  readonly plan: Plan;
  readonly change: (part: Partial<Numbers>) => void;
  readonly disabled: boolean;
}

/** Sizes that a model brings along. */
const OWN_SIZES: readonly string[] = ["layers", "width", "heads", "vocabulary"];

function Sizes({ plan, change, disabled }: SizesProps) {
  const { learn } = useStrings();
  const names = ["layers", "width", "heads", "length", "vocabulary", "batchSize", "learningRate", "seed"] as const;
  return (
    <details>
      <summary>{learn.sizes.title}</summary>
      <div class="fields">
        {names.map((name) => (
          <NumberField
            key={name}
            label={learn.sizes[name]}
            value={plan[name]}
            bounds={BOUNDS[name]}
            disabled={disabled || (plan.from !== null && OWN_SIZES.includes(name))}
            onChange={(value) => change({ [name]: name === "learningRate" ? value : Math.round(value) })}
          />
        ))}
      </div>
    </details>
  );
}

interface ControlsProps {
  readonly state: RunState;
  readonly canStart: boolean;
  readonly start: () => void;
}

function Controls({ state, canStart, start }: ControlsProps) {
  const { learn } = useStrings();
  const { phase } = state;
  return (
    <div class="actions">
      {phase === "paused" ? (
        <>
          <Button main onClick={() => void resumeRun()}>
            {learn.resume}
          </Button>
          <Button onClick={() => void dropKeptRun()}>{learn.drop}</Button>
        </>
      ) : isBusy(state) ? (
        <Button main onClick={pauseRun} disabled={phase !== "training"}>
          {learn.pause}
        </Button>
      ) : (
        <Button main onClick={start} disabled={!canStart}>
          {learn.start}
        </Button>
      )}
      <span class="status" role="status">
        {learn.phases[phase](state.step, state.plan?.steps ?? 0)}
      </span>
    </div>
  );
}

/** A command, whose lines break between its options only. */
function Command({ text }: { readonly text: string }) {
  const parts = text.split(/ (?=--)/);
  return (
    <pre>
      {parts.map((part, i) => (
        <Fragment key={part}>
          {i > 0 && " "}
          <span class="option">{part}</span>
        </Fragment>
      ))}
    </pre>
  );
}

function Proof({ state, text }: { readonly state: RunState; readonly text: string }) {
  const { learn } = useStrings();
  const [given, setGiven] = useState("");
  const [fault, setFault] = useState<unknown>(null);
  if (state.hash === null || state.plan === null) return null;
  const pasted = /[0-9a-f]{64}/.exec(given)?.[0];
  const { from } = state.plan;
  const download = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  return (
    <section aria-label={learn.proof.title}>
      <h2>{learn.proof.title}</h2>
      <p>{learn.proof.lead}</p>
      <p>
        <code class="hash" data-hash={state.hash}>
          {state.hash}
        </code>
      </p>
      <Command text={commandOf(state.plan, "text.txt")} />
      <p>
        <a href={download} download="text.txt">
          {learn.proof.download}
        </a>
      </p>
      {from === "cloze-tiny" && <p class="soft">{learn.proof.install}</p>}
      {from !== null && from !== "cloze-tiny" && (
        <p>
          <Button onClick={() => void downloadFolder(startFolder(from), from).catch(setFault)}>
            {learn.proof.downloadStart}
          </Button>
        </p>
      )}
      <Fault error={fault} />
      <TextField label={learn.proof.paste} value={given} onInput={setGiven} />
      {pasted !== undefined && (
        <p role="status" class={pasted === state.hash ? "good" : "fault"}>
          {pasted === state.hash ? learn.proof.same : learn.proof.differs}
        </p>
      )}
    </section>
  );
}

interface ProgressProps {
  readonly state: RunState;
  readonly LossCurves: ReturnType<typeof useLossCurves>;
}

/** The code that draws curves is loaded when the chapter is shown already. */
function useLossCurves() {
  const [loaded, setLoaded] = useState<typeof import("../loss-curves.js") | null>(null);
  useEffect(() => void import("../loss-curves.js").then(setLoaded), []);
  return loaded?.LossCurves;
}

function Progress({ state, LossCurves }: ProgressProps) {
  const { learn, number } = useStrings();
  const { plan, phase, step, curves, tokensPerSecond, bytes, parameters, keptAt } = state;
  if (plan === null) return null;
  const last = curves.heldOut.at(-1);
  return (
    <>
      <progress value={step} max={plan.steps} aria-label={learn.progress} />
      <Facts
        facts={[
          [learn.facts.step, number(step)],
          [learn.facts.loss, curves.training.at(-1)?.loss.toFixed(3) ?? "–"],
          [learn.facts.heldOut, last ? last.loss.toFixed(3) : "–"],
          ...(last?.area === undefined ? [] : [[learn.facts.area, last.area.toFixed(3)] as const]),
          [learn.facts.speed, tokensPerSecond > 0 ? number(Math.round(tokensPerSecond)) : "–"],
          [learn.facts.memory, bytes > 0 ? `${number(Math.round(bytes / 1e6))} MB` : "–"],
          [learn.facts.parameters, parameters > 0 ? number(parameters) : "–"],
          ...(phase === "complete" ? [] : [[learn.facts.kept, keptAt === null ? "–" : number(keptAt)] as const]),
        ]}
      />
      {LossCurves && curves.training.length > 0 && (
        <LossCurves curves={curves} steps={plan.steps} previous={state.previous} />
      )}
      <ShownSamples points={curves.heldOut} />
    </>
  );
}

interface StartProps {
  readonly plan: Plan;
  readonly withScratch: boolean;
  readonly disabled: boolean;
  readonly onChoose: (from: string | null) => void;
  readonly onScratch: (value: boolean) => void;
}

/** Random weights, or a model whose training is continued, with one from random weights beside it. */
function Start({ plan, withScratch, disabled, onChoose, onScratch }: StartProps) {
  const { app, learn } = useStrings();
  const tasks = tasksFor(plan.objective);
  const shelved = useShelf()?.filter(({ task }) => tasks.includes(task));
  const isBuiltIn = hasShort(plan.objective) && !plan.objective.includes("+");
  const options = [
    ["", learn.random] as const,
    ...(isBuiltIn ? [["cloze-tiny", "cloze-tiny"] as const] : []),
    ...(shelved ?? []).map(({ id, name, made }) => [id, app.noted(name, new Date(made).toLocaleTimeString())] as const),
  ];
  const value = plan.from ?? "";
  // A link may name a model of another browser, or one that has other heads.
  const isMissing = shelved !== undefined && !disabled && !options.some(([id]) => id === value);
  useEffect(() => {
    if (isMissing) onChoose(null);
  }, [isMissing]);
  return (
    <>
      <Choice
        label={learn.from}
        value={value}
        options={options}
        disabled={disabled}
        onChange={(id) => onChoose(id === "" ? null : id)}
      />
      {plan.from !== null && (
        <Check label={learn.withScratch} value={withScratch} disabled={disabled} onChange={onScratch} />
      )}
    </>
  );
}

/** The plan that the reader has chosen, or that of a run which an earlier visit left, with the text it learned from. */
function usePlan(state: RunState) {
  const { learn } = useStrings();
  const [objective, setObjective] = useShared("objective", state.plan?.objective ?? DEFAULT_PLAN.objective);
  const [from, setFrom] = useShared("from", state.plan?.from ?? "");
  const usual = numbersOf(DEFAULT_PLAN);
  const [numbers, change] = useSharedNumbers(usual, BOUNDS, state.plan ? numbersOf(state.plan) : usual);
  const [withScratch, setWithScratch] = useState(true);
  const [text, setText] = useState("");
  const [fault, setFault] = useState<unknown>(null);
  useEffect(() => {
    findKeptRun().then((kept) => {
      if (!kept) return;
      change(numbersOf(kept.plan));
      setObjective(kept.plan.objective);
      setFrom(kept.plan.from ?? "");
      setWithScratch(kept.withScratch);
      setText(kept.text);
    }, setFault);
  }, []);
  const startFrom = (id: string | null): void => {
    if ((id ?? "") === from) return;
    setFrom(id ?? "");
    const { steps, learningRate, length, batchSize } = id === null ? DEFAULT_PLAN : CONTINUED;
    change({ steps, learningRate, length, batchSize });
  };
  const train = async (content: Promise<string>): Promise<void> => {
    try {
      setFault(null);
      if (plan.from === null && plan.width % plan.heads !== 0) throw new Error(learn.uneven(plan.width, plan.heads));
      const read = await content;
      setText(read);
      const masks = hasShort(plan.objective);
      // A model that is continued has learned its positions already.
      const short = masks && plan.from === null && plan.length > 32 ? 32 : null;
      const request = { ...plan, short, maskingRate: masks ? plan.maskingRate : null };
      const shown = shownFor(plan.objective);
      await startRun({ plan: request, text: read, shown, withScratch, name: `${plan.objective}, ${plan.steps}` });
    } catch (error) {
      setFault(error);
    }
  };
  const plan: Plan = { ...DEFAULT_PLAN, ...numbers, objective, from: from || null };
  const chooseObjective = (name: string): void => {
    setObjective(name);
    startFrom(null);
  };
  return { plan, text, fault, change, chooseObjective, startFrom, withScratch, setWithScratch, train };
}

export function LearnChapter() {
  const strings = useStrings();
  const { learn } = strings;
  const state = useStore(run);
  const LossCurves = useLossCurves();
  const { plan, text, fault, change, chooseObjective, startFrom, withScratch, setWithScratch, train } = usePlan(state);
  const [source, setSource] = useShared("text", "english");
  const [own, setOwn] = useShared("own", "");
  const disabled = isBusy(state) || state.phase === "paused";
  const sources = [...TEXTS, "own"].map((name) => [name, strings.texts[name as keyof typeof strings.texts]] as const);
  return (
    <Chapter title={learn.title} lead={learn.lead}>
      <div class="fields wide">
        <Choice
          label={learn.objective}
          value={plan.objective}
          options={OBJECTIVES.map((name) => [name, learn.objectives[name]] as const)}
          disabled={disabled}
          onChange={chooseObjective}
        />
        <Choice label={learn.text} value={source} options={sources} disabled={disabled} onChange={setSource} />
        <NumberField
          label={learn.sizes.steps}
          value={plan.steps}
          bounds={BOUNDS.steps}
          disabled={disabled}
          onChange={(value) => change({ steps: Math.round(value) })}
        />
        <Start {...{ plan, withScratch, disabled }} onChoose={startFrom} onScratch={setWithScratch} />
      </div>
      {source === "own" && (
        <TextField
          label={learn.own}
          hint={learn.ownHint}
          value={own}
          rows={6}
          disabled={disabled}
          onInput={setOwn}
          onDrop={setOwn}
        />
      )}
      <Sizes plan={plan} change={change} disabled={disabled} />
      <Controls
        state={state}
        canStart={source !== "own" || own.trim() !== ""}
        start={() => void train(source === "own" ? Promise.resolve(own) : textOf(source))}
      />
      {state.plan === null && <p class="soft">{learn.hint}</p>}
      <Fault error={fault ?? state.error} />
      <Progress state={state} LossCurves={LossCurves} />
      <Proof state={state} text={text} />
    </Chapter>
  );
}
