/** Look inside: attention, a word in its sentences, words on a plane, and what each layer knows. */
import { barX, dot, ruleX, text as textMark } from "@observablehq/plot";
import { proxy } from "comlink";
import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Probe } from "../../worker/probes.js";
import { useComputed, useEver } from "../computed.js";
import { Button, Chapter, Fault, Slider, TextField } from "../controls.js";
import { Heat } from "../heat.js";
import { labelPlaces, PLACES, type Place } from "../labels-apart.js";
import { ModelChoice } from "../model-choice.js";
import { Plot } from "../plot.js";
import { useStrings } from "../settings.js";
import { useShared } from "../shared-state.js";
import { lab } from "../workers.js";

interface SentenceProps {
  readonly model: string;
  readonly text: string;
}

interface AttentionProps extends SentenceProps {
  readonly onText: (text: string) => void;
  /** follows when the attention is there, so that it does not jump */
  readonly children: ComponentChildren;
}

function AttentionPart({ model, text, onText, children }: AttentionProps) {
  const { inside } = useStrings();
  const [layer, setLayer] = useState(1);
  const [head, setHead] = useState(1);
  const { value, error } = useComputed(text.trim() === "" ? null : () => lab().attentionOf(model, text), [model, text]);
  const layers = value?.layers.length ?? 1;
  const at = Math.min(layer, layers) - 1;
  const chosen = Math.min(head, value?.heads ?? 1) - 1;
  const weights = value?.layers[at];
  const size = value?.tokens.length ?? 0;
  const values = useCallback(
    (row: number, column: number) => weights?.[(chosen * size + row) * size + column] ?? 0,
    [weights, chosen, size],
  );
  const isShown = useEver(value !== null || error !== null);
  return (
    <>
      <section>
        <h2>{inside.attention}</h2>
        <p class="soft">{inside.attentionNote}</p>
        <TextField label={inside.text} value={text} onInput={onText} />
        <Fault error={error} />
        {value && (
          <>
            <div class="fields">
              <Slider label={inside.layer(at + 1)} value={at + 1} min={1} max={layers} onInput={setLayer} />
              <Slider label={inside.head(chosen + 1)} value={chosen + 1} min={1} max={value.heads} onInput={setHead} />
            </div>
            <Heat
              label={inside.attentionAlt(at + 1, chosen + 1, value.tokens.join(" "))}
              rows={value.tokens}
              columns={value.tokens}
              values={values}
              lowest={0}
            />
          </>
        )}
      </section>
      {isShown && children}
    </>
  );
}

/** Hidden states (tokens × width) as pixels: the largest number of the layer has the full color. */
function States({
  label,
  states,
  width,
}: {
  readonly label: string;
  readonly states: Float32Array;
  readonly width: number;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const rows = states.length / width;
  useEffect(() => {
    const context = canvas.current!.getContext("2d")!;
    const pixels = context.createImageData(width, rows);
    const largest = states.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-9);
    for (const [i, x] of states.entries()) {
      // The square root shows the many small numbers beside the few large ones.
      const opacity = Math.sqrt(Math.abs(x) / largest);
      pixels.data.set([...(x > 0 ? [23, 160, 145] : [208, 78, 56]), 255 * opacity], 4 * i);
    }
    context.putImageData(pixels, 0, 0);
  }, [states, width, rows]);
  return (
    <canvas
      ref={canvas}
      class="states"
      role="img"
      aria-label={label}
      width={width}
      height={rows}
      style={{ height: `${12 * rows}px` }}
    />
  );
}

function HiddenPart({ model, text }: SentenceProps) {
  const { inside } = useStrings();
  const [layer, setLayer] = useState(99);
  const { value, error } = useComputed(text.trim() === "" ? null : () => lab().hiddenOf(model, text), [model, text]);
  const at = Math.min(layer, (value?.layers.length ?? 1) - 1);
  const kept = value?.kept;
  const values = useCallback((row: number, column: number) => kept?.[row]?.[column] ?? 0, [kept]);
  return (
    <section>
      <h2>{inside.hidden}</h2>
      <p class="soft">{inside.hiddenNote}</p>
      <Fault error={error} />
      {value && (
        <>
          <Heat
            label={inside.hiddenAlt(value.tokens.join(" "))}
            rows={value.layers.map((_, i) => inside.layer(i))}
            columns={value.tokens}
            values={values}
            lowest={0}
          />
          <Slider label={inside.layer(at)} value={at} min={0} max={value.layers.length - 1} onInput={setLayer} />
          <States label={inside.statesAlt(at)} states={value.layers[at]!} width={value.width} />
        </>
      )}
    </section>
  );
}

function WordPart({ model }: { readonly model: string }) {
  const { inside } = useStrings();
  const [word, setWord] = useShared("word", "light");
  const [lines, setLines] = useShared("sentences", inside.sentences);
  const [layer, setLayer] = useState(99);
  const sentences = lines.split("\n").filter((line) => line.trim() !== "");
  const { value, error } = useComputed(
    word.trim() === "" || sentences.length < 2 ? null : () => lab().wordInSentences(model, word.trim(), sentences),
    [model, word, lines],
  );
  const at = Math.min(layer, (value?.layers.length ?? 1) - 1);
  const cosines = value?.layers[at];
  const values = useCallback((row: number, column: number) => cosines?.[row]?.[column] ?? 0, [cosines]);
  const names = (value?.sentences ?? []).map((sentence, i) => `${i + 1} ${sentence}`);
  return (
    <section>
      <h2>{inside.word}</h2>
      <p class="soft">{inside.wordNote}</p>
      <TextField label={inside.wordLabel} value={word} onInput={setWord} />
      <TextField label={inside.sentencesLabel} value={lines} rows={8} onInput={setLines} />
      <Fault error={error} />
      {value && (
        <>
          <Slider label={inside.layer(at)} value={at} min={0} max={value.layers.length - 1} onInput={setLayer} />
          <Heat
            label={inside.wordAlt(word, at)}
            rows={names}
            columns={names.map((_, i) => String(i + 1))}
            values={values}
            lowest={-0.3}
          />
        </>
      )}
    </section>
  );
}

/** Marks of groups: their shapes differ, so that color alone says nothing. */
const SYMBOLS = ["circle", "square", "triangle", "diamond", "star", "wye", "cross", "times"] as const;

/** Pixels around the plane, and between its edge and the outermost points. */
const [MARGIN, INSET] = [24, 16];

const signed = (figure: number): string => figure.toFixed(2).replace("-", "−");

function PlanePart({ model }: { readonly model: string }) {
  const { inside } = useStrings();
  const [lines, setLines] = useShared("groups", inside.groups);
  const [layer, setLayer] = useState(99);
  const { value, error } = useComputed(lines.trim() === "" ? null : () => lab().planesOf(model, lines), [model, lines]);
  const at = Math.min(layer, (value?.layers.length ?? 1) - 1);
  const plane = value?.layers[at];
  const groups = [...new Set(plane?.points.map(({ group }) => group))];
  const options = useCallback(
    (width: number) => {
      const height = Math.min(460, Math.max(320, width * 0.6));
      const points = plane?.points ?? [];
      const places = labelPlaces(points, { width, height, edge: MARGIN + INSET });
      return {
        ...{ height, margin: MARGIN, axis: null, inset: INSET },
        symbol: { domain: groups, range: groups.map((_, i) => SYMBOLS[i % SYMBOLS.length]!), legend: true },
        marks: [
          dot(points, {
            x: "x",
            y: "y",
            symbol: "group",
            stroke: "var(--accent)",
            strokeWidth: 1.6,
            r: 4.5,
            title: "label",
          }),
          ...(Object.keys(PLACES) as Place[]).map((place) =>
            textMark(
              points.filter((point) => places.get(point) === place),
              { x: "x", y: "y", text: "label", fontSize: 11.5, ...PLACES[place] },
            ),
          ),
        ],
      };
    },
    [plane, groups.join()],
  );
  return (
    <section>
      <h2>{inside.plane}</h2>
      <p class="soft">{inside.planeNote}</p>
      <TextField label={inside.groupsLabel} hint={inside.groupsHint} value={lines} rows={5} onInput={setLines} />
      <Fault error={error} />
      {value && plane && (
        <>
          <Slider label={inside.layer(at)} value={at} min={0} max={value.layers.length - 1} onInput={setLayer} />
          {plane.separation && (
            <p>
              {inside.separation(
                signed(plane.separation.silhouette),
                signed(plane.separation.chance.mean),
                signed(plane.separation.chance.highest),
              )}
            </p>
          )}
          <Plot label={inside.planeAlt(groups.join(", "))} options={options} />
        </>
      )}
    </section>
  );
}

function ProbePart({ model }: { readonly model: string }) {
  const { inside, number } = useStrings();
  const [probes, setProbes] = useState<readonly Probe[]>([]);
  const [result, setResult] = useState<{ readonly baseline: number; readonly words: number } | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const start = async () => {
    setBusy(true);
    setError(null);
    setProbes([]);
    setResult(null);
    try {
      setResult(
        await lab().probeLayers(
          model,
          proxy((probe: Probe) => setProbes((before) => [...before, probe])),
        ),
      );
    } catch (fault) {
      setError(fault);
    } finally {
      setBusy(false);
    }
  };
  const options = useCallback(
    () => ({
      height: 40 + 34 * probes.length,
      ...{ marginLeft: 120, marginRight: 60 },
      x: { domain: [0, 1], axis: null },
      y: { label: null, tickSize: 0, domain: probes.map(({ layer }) => inside.layer(layer)) },
      marks: [
        barX(probes, {
          y: ({ layer }: Probe) => inside.layer(layer),
          x: "accuracy",
          fill: "var(--accent)",
          ...{ insetTop: 5, insetBottom: 5, rx: 2 },
        }),
        textMark(probes, {
          y: ({ layer }: Probe) => inside.layer(layer),
          x: "accuracy",
          text: ({ accuracy }: Probe) => `${(100 * accuracy).toFixed(1)}%`,
          ...{ dx: 6, textAnchor: "start" as const },
        }),
        ...(result ? [ruleX([result.baseline], { strokeDasharray: "3 3" })] : []),
      ],
    }),
    [probes, result, inside],
  );
  return (
    <section>
      <h2>{inside.probes}</h2>
      <p class="soft">{inside.probesNote}</p>
      <div class="actions">
        {isBusy ? (
          <Button onClick={() => void lab().stopProbing()}>{inside.stop}</Button>
        ) : (
          <Button onClick={() => void start()}>{inside.probe}</Button>
        )}
        <span class="status" role="status">
          {isBusy ? inside.probing(probes.length) : ""}
        </span>
      </div>
      <Fault error={error} />
      {probes.length > 0 && (
        <Plot
          label={probes
            .map(({ layer, accuracy }) => `${inside.layer(layer)}: ${(100 * accuracy).toFixed(1)}%`)
            .join(", ")}
          options={options}
        />
      )}
      {result && <p>{inside.probed(number(result.words), (100 * result.baseline).toFixed(1))}</p>}
    </section>
  );
}

export function InsideChapter() {
  const { inside } = useStrings();
  const [model, setModel] = useShared("model", "cloze-tiny");
  const [text, setText] = useShared("text", inside.sentence);
  return (
    <Chapter title={inside.title} lead={inside.lead}>
      <ModelChoice value={model} onChange={setModel} />
      <AttentionPart model={model} text={text} onText={setText}>
        <HiddenPart model={model} text={text} />
        <WordPart model={model} />
        <PlanePart model={model} />
        <ProbePart key={model} model={model} />
      </AttentionPart>
    </Chapter>
  );
}
