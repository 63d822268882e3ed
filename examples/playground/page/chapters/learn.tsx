/** Watch it learn: a model is pre-trained in a worker of this tab. */
import { useEffect, useState } from "preact/hooks";
import { commandOf, DEFAULT_PLAN, type Plan } from "../../plan.js";
import { Button, Chapter, Choice, Facts, Fault, NumberField, TextField } from "../controls.js";
import { LossCurves } from "../loss-curves.js";
import { dropKeptRun, findKeptRun, pauseRun, type RunState, resumeRun, run, startRun } from "../run-state.js";
import { useStrings } from "../settings.js";
import { useShared } from "../shared-state.js";
import { ShownSamples } from "../shown-samples.js";
import { useStore } from "../store.js";
import { TEXTS, textOf } from "../texts.js";

const OBJECTIVES = [
  "masked-lm",
  "masked-lm+next-sentence-prediction",
  "whole-word-masked-lm",
  "ngram-masked-lm+sentence-order-prediction",
  "span-masked-lm",
  "causal-lm",
  "mass",
  "bart",
  "t5",
] as const;

/** Objectives whose recipe trains on short sequences first. */
const hasShort = (objective: string): boolean => objective.includes("masked-lm");

/** What the model is asked while it learns: masks to fill, or beginnings to continue. */
const SHOWN = {
  masks: ["The children [MASK] in the garden.", "She drank a cup of [MASK].", "He opened the [MASK] and looked out."],
  texts: ["The old man", "In the morning she", "The children were"],
} as const;

const isBusy = ({ phase }: RunState): boolean =>
  phase === "vocabulary" || phase === "model" || phase === "training" || phase === "pausing";

interface SizesProps {
  readonly plan: Plan;
  readonly change: (part: Partial<Plan>) => void;
  readonly disabled: boolean;
}

function Sizes({ plan, change, disabled }: SizesProps) {
  const { learn } = useStrings();
  const whole = (name: "layers" | "width" | "heads" | "length" | "vocabulary" | "batchSize" | "steps" | "seed") => ({
    label: learn.sizes[name],
    value: plan[name],
    disabled,
    onChange: (value: number) => change({ [name]: Math.round(value) }),
  });
  return (
    <details>
      <summary>{learn.sizes.title}</summary>
      <div class="fields">
        <NumberField {...whole("layers")} min={1} max={6} />
        <NumberField {...whole("width")} min={32} max={256} step={32} />
        <NumberField {...whole("heads")} min={1} max={8} />
        <NumberField {...whole("length")} min={16} max={128} step={16} />
        <NumberField {...whole("vocabulary")} min={300} max={8000} step={100} />
        <NumberField {...whole("batchSize")} min={4} max={64} />
        <NumberField
          label={learn.sizes.learningRate}
          value={plan.learningRate}
          min={0.0001}
          max={0.01}
          step={0.0001}
          disabled={disabled}
          onChange={(learningRate) => change({ learningRate })}
        />
        <NumberField {...whole("seed")} min={0} max={999_999} />
      </div>
    </details>
  );
}

interface ControlsProps {
  readonly state: RunState;
  readonly start: () => void;
}

function Controls({ state, start }: ControlsProps) {
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
        <Button main onClick={start}>
          {learn.start}
        </Button>
      )}
      <span class="status" role="status">
        {learn.phases[phase](state.step, state.plan?.steps ?? 0)}
      </span>
    </div>
  );
}

function Proof({ state, text }: { readonly state: RunState; readonly text: string }) {
  const { learn } = useStrings();
  const [given, setGiven] = useState("");
  if (state.hash === null || state.plan === null) return null;
  const pasted = /[0-9a-f]{64}/.exec(given)?.[0];
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
      <pre>{commandOf(state.plan, "text.txt")}</pre>
      <p>
        <a href={download} download="text.txt">
          {learn.proof.download}
        </a>
      </p>
      <TextField label={learn.proof.paste} value={given} onInput={setGiven} />
      {pasted !== undefined && (
        <p role="status" class={pasted === state.hash ? "good" : "fault"}>
          {pasted === state.hash ? learn.proof.same : learn.proof.differs}
        </p>
      )}
    </section>
  );
}

function Progress({ state }: { readonly state: RunState }) {
  const { learn, number } = useStrings();
  const { plan, step, curves, tokensPerSecond, bytes, parameters, keptAt } = state;
  if (plan === null) return null;
  const last = curves.heldOut.at(-1);
  return (
    <>
      <progress value={step} max={plan.steps} aria-label={learn.progress} />
      <Facts
        facts={[
          [learn.facts.step, `${number(step)} / ${number(plan.steps)}`],
          [learn.facts.loss, curves.training.at(-1)?.loss.toFixed(3) ?? "–"],
          [learn.facts.heldOut, last ? last.loss.toFixed(3) : "–"],
          [learn.facts.speed, tokensPerSecond > 0 ? number(Math.round(tokensPerSecond)) : "–"],
          [learn.facts.memory, bytes > 0 ? `${number(Math.round(bytes / 1e6))} MB` : "–"],
          [learn.facts.parameters, parameters > 0 ? number(parameters) : "–"],
          [learn.facts.kept, keptAt === null ? "–" : number(keptAt)],
        ]}
      />
      {curves.training.length > 0 && <LossCurves curves={curves} steps={plan.steps} previous={state.previous} />}
      <ShownSamples points={curves.heldOut} />
    </>
  );
}

export function LearnChapter() {
  const strings = useStrings();
  const { learn } = strings;
  const state = useStore(run);
  const [objective, setObjective] = useShared("objective", state.plan?.objective ?? DEFAULT_PLAN.objective);
  const [steps, setSteps] = useShared("steps", String(state.plan?.steps ?? DEFAULT_PLAN.steps));
  const [source, setSource] = useShared("from", "english");
  const [sizes, setSizes] = useState<Plan>(state.plan ?? DEFAULT_PLAN);
  const plan: Plan = { ...sizes, objective, steps: Number(steps) || DEFAULT_PLAN.steps };
  const [own, setOwn] = useState("");
  const [text, setText] = useState("");
  const [fault, setFault] = useState<unknown>(null);
  useEffect(() => {
    findKeptRun().then((kept) => {
      if (!kept) return;
      setSizes(kept.plan);
      setObjective(kept.plan.objective);
      setSteps(String(kept.plan.steps));
      setText(kept.text);
    }, setFault);
  }, []);
  const disabled = isBusy(state) || state.phase === "paused";
  const change = (part: Partial<Plan>) => setSizes((before) => ({ ...before, ...part }));
  const start = async () => {
    try {
      setFault(null);
      const content = source === "own" ? own : await textOf(source);
      setText(content);
      const masks = hasShort(plan.objective);
      const shown = masks ? SHOWN.masks : SHOWN.texts;
      const short = masks && plan.length > 32 ? 32 : null;
      const request = { ...plan, short, maskingRate: masks ? plan.maskingRate : null };
      await startRun({ plan: request, text: content, shown, name: `${plan.objective}, ${plan.steps}` });
    } catch (error) {
      setFault(error);
    }
  };
  const sources = [...TEXTS, "own"].map((name) => [name, strings.texts[name as keyof typeof strings.texts]] as const);
  return (
    <Chapter title={learn.title} lead={learn.lead}>
      <div class="fields">
        <Choice
          label={learn.objective}
          value={plan.objective}
          options={OBJECTIVES.map((name) => [name, learn.objectives[name]] as const)}
          disabled={disabled}
          onChange={setObjective}
        />
        <Choice label={learn.text} value={source} options={sources} disabled={disabled} onChange={setSource} />
        <NumberField
          label={learn.sizes.steps}
          value={plan.steps}
          min={20}
          max={20_000}
          step={10}
          disabled={disabled}
          onChange={(value) => setSteps(String(Math.round(value)))}
        />
      </div>
      {source === "own" && (
        <TextField label={learn.own} hint={learn.ownHint} value={own} rows={6} disabled={disabled} onInput={setOwn} />
      )}
      <Sizes plan={plan} change={change} disabled={disabled} />
      <Controls state={state} start={() => void start()} />
      <Fault error={fault ?? state.error} />
      <Progress state={state} />
      <Proof state={state} text={text} />
    </Chapter>
  );
}
