/** Languages: two languages in one model, before and after their means are subtracted. */
import { dot, gridY, line } from "@observablehq/plot";
import { proxy } from "comlink";
import { useCallback, useState } from "preact/hooks";
import type { LanguagesRequest, LanguagesTold, Space } from "../../worker/languages.js";
import { Button, Chapter, Check, Choice, Facts, Fault, NumberField } from "../controls.js";
import { Plot } from "../plot.js";
import { useStrings } from "../settings.js";
import { useShared, useSharedNumbers } from "../shared-state.js";
import { lab } from "../workers.js";

const SECONDS = ["fake", "german", "spanish", "french", "chinese"] as const;

/** Steps, and the switches of the fake language: 1 is on. */
const USUAL = { steps: 400, split: 0, inverted: 0 };
const BOUNDS = { steps: [20, 5000, 20], split: [0, 1, 1], inverted: [0, 1, 1] } as const;

const isSecond = (name: string): name is LanguagesRequest["second"] => (SECONDS as readonly string[]).includes(name);

function Plane({ space, title }: { readonly space: Space; readonly title: string }) {
  const { languages } = useStrings();
  const half = space.plane.length / 2;
  const points = space.plane.map(([x, y], i) => ({ x, y, isFirst: i < half }));
  const links = Array.from({ length: half }, (_, i) => [points[i]!, points[half + i]!]);
  const options = useCallback(
    (width: number) => ({
      height: Math.min(340, width),
      ...{ axis: null, inset: 12, margin: 6 },
      marks: [
        ...links.map((link) => line(link, { x: "x", y: "y", strokeOpacity: 0.16 })),
        dot(
          points.filter(({ isFirst }) => isFirst),
          { x: "x", y: "y", fill: "var(--accent)", r: 3.6 },
        ),
        dot(
          points.filter(({ isFirst }) => !isFirst),
          { x: "x", y: "y", stroke: "currentColor", strokeWidth: 1.4, r: 3.6 },
        ),
      ],
    }),
    [space],
  );
  return (
    <figure class="half">
      <figcaption>{title}</figcaption>
      <Plot label={languages.planeAlt(title)} options={options} />
    </figure>
  );
}

interface FoundProps {
  readonly told: readonly LanguagesTold[];
  readonly steps: number;
}

/** The share of sentences that find their translation while the model learns, at the layer where most do. */
function Finding({ told, steps }: FoundProps) {
  const { languages } = useStrings();
  const best = ({ retrieval }: Space): number => Math.max(...retrieval);
  const options = useCallback(
    (width: number) => ({
      height: width < 500 ? 220 : 260,
      ...{ marginTop: 30, marginLeft: 44, marginRight: 16, marginBottom: 38 },
      x: { label: languages.step, domain: [0, steps], ticks: width < 500 ? 4 : 8 },
      y: { label: languages.found, percent: true, zero: true, nice: true },
      marks: [
        gridY({ strokeOpacity: 0.12 }),
        line(told, {
          x: "step",
          y: ({ before }: LanguagesTold) => best(before),
          strokeWidth: 1.5,
          marker: "dot" as const,
        }),
        line(told, {
          x: "step",
          y: ({ after }: LanguagesTold) => best(after),
          stroke: "var(--accent)",
          strokeWidth: 2.5,
          marker: "dot" as const,
        }),
      ],
    }),
    [told, steps, languages],
  );
  const last = told.at(-1)!;
  const percent = (space: Space): string => (100 * best(space)).toFixed(1);
  return (
    <figure>
      <Plot label={languages.foundAlt(percent(last.before), percent(last.after))} options={options} />
      <figcaption class="legend">
        <span class="key accent">{languages.after}</span>
        <span class="key">{languages.before}</span>
      </figcaption>
    </figure>
  );
}

/** The experiment under way, and what it has found. */
function useExperiment() {
  const [told, setTold] = useState<readonly LanguagesTold[]>([]);
  const [step, setStep] = useState(0);
  const [planned, setPlanned] = useState(0);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const start = async (request: LanguagesRequest) => {
    setBusy(true);
    setError(null);
    setTold([]);
    setStep(0);
    setPlanned(request.steps);
    try {
      const tell = proxy((each: LanguagesTold) => setTold((before) => [...before, each]));
      await lab().learnLanguages(request, tell, proxy(setStep));
    } catch (fault) {
      setError(fault);
    } finally {
      setBusy(false);
    }
  };
  return { told, step, planned, isBusy, error, start };
}

function Found({ told, steps }: FoundProps) {
  const { languages, number } = useStrings();
  const last = told.at(-1);
  if (!last) return null;
  return (
    <>
      <Finding told={told} steps={steps} />
      <Facts
        facts={[
          [languages.facts.sentences, number(last.sentences)],
          [languages.facts.chance, `${(100 / last.sentences).toFixed(1)}%`],
        ]}
      />
      <h2>{languages.space(last.layer)}</h2>
      <p class="soft">{languages.spaceNote}</p>
      <div class="halves">
        <Plane space={last.before} title={languages.before} />
        <Plane space={last.after} title={languages.after} />
      </div>
    </>
  );
}

export function LanguagesChapter() {
  const { languages, number } = useStrings();
  const [chosen, setSecond] = useShared("second", "fake");
  const second = isSecond(chosen) ? chosen : "fake";
  const [{ steps, ...switches }, change] = useSharedNumbers(USUAL, BOUNDS);
  const [split, inverted] = [switches.split === 1, switches.inverted === 1];
  const { told, step, planned, isBusy: disabled, error, start } = useExperiment();
  const names = SECONDS.map((name) => [name, languages.names[name]] as const);
  return (
    <Chapter title={languages.title} lead={languages.lead}>
      <div class="fields">
        <Choice label={languages.second} value={second} options={names} disabled={disabled} onChange={setSecond} />
        <NumberField
          label={languages.steps}
          value={steps}
          bounds={BOUNDS.steps}
          disabled={disabled}
          onChange={(count) => change({ steps: count })}
        />
      </div>
      {second === "fake" && (
        <>
          <Check
            label={languages.split}
            value={split}
            disabled={disabled}
            onChange={(on) => change({ split: Number(on) })}
          />
          <Check
            label={languages.inverted}
            value={inverted}
            disabled={disabled}
            onChange={(on) => change({ inverted: Number(on) })}
          />
        </>
      )}
      <div class="actions">
        {disabled ? (
          <Button main onClick={() => void lab().stopLanguages()}>
            {languages.stop}
          </Button>
        ) : (
          <Button main onClick={() => void start({ second, steps, split, inverted })}>
            {languages.start}
          </Button>
        )}
        <span class="status" role="status">
          {disabled ? languages.at(number(step), number(steps)) : ""}
        </span>
      </div>
      {disabled && <progress value={step} max={steps} aria-label={languages.progress} />}
      <Fault error={error} />
      <Found told={told} steps={planned} />
    </Chapter>
  );
}
