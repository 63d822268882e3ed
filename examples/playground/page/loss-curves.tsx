/** The curves of a run: the training loss, the held-out loss, and what is known without context. */
import { gridY, line, ruleY } from "@observablehq/plot";
import { useCallback } from "preact/hooks";
import type { Curves } from "../worker/run-record.js";
import { Plot } from "./plot.js";
import { type PreviousRun, thinned } from "./run-state.js";
import { useStrings } from "./settings.js";

interface LossCurvesProps {
  readonly curves: Curves;
  readonly steps: number;
  readonly previous: PreviousRun | null;
}

export function LossCurves({ curves, steps, previous }: LossCurvesProps) {
  const { learn } = useStrings();
  const { training, heldOut, beside } = curves;
  const frequency = heldOut.at(-1)?.frequency ?? null;
  const options = useCallback(
    (width: number) => ({
      height: width < 500 ? 240 : 320,
      marginTop: 30,
      marginLeft: 40,
      marginRight: 16,
      marginBottom: 38,
      x: { domain: [0, steps], label: learn.axes.step, ticks: width < 500 ? 4 : 8 },
      y: { label: learn.axes.loss, nice: true, inset: 6 },
      marks: [
        gridY({ strokeOpacity: 0.12 }),
        ...(frequency === null
          ? []
          : [ruleY([frequency], { stroke: "currentColor", strokeDasharray: "2 4", strokeOpacity: 0.6 })]),
        ...(previous
          ? [
              line(
                previous.heldOut.filter(({ step }) => step <= steps),
                {
                  x: "step",
                  y: "loss",
                  strokeDasharray: "5 4",
                  strokeOpacity: 0.55,
                },
              ),
            ]
          : []),
        line(thinned(training), {
          x: "step",
          y: "loss",
          stroke: "currentColor",
          strokeOpacity: 0.45,
          strokeWidth: 1.2,
        }),
        line(beside, { x: "step", y: "loss", stroke: "currentColor", strokeWidth: 1.6, marker: "dot" as const }),
        line(heldOut, { x: "step", y: "loss", stroke: "var(--accent)", strokeWidth: 2.5, marker: "dot" as const }),
      ],
    }),
    [training, heldOut, beside, steps, frequency, previous, learn],
  );
  return (
    <figure>
      <Plot label={learn.axes.alt(training.at(-1)?.loss ?? 0, heldOut.at(-1)?.loss ?? 0)} options={options} />
      <figcaption class="legend">
        <span class="key accent">{learn.axes.heldOut}</span>
        <span class="key faint">{learn.axes.training}</span>
        {beside.length > 0 && <span class="key marked">{learn.axes.beside}</span>}
        {frequency !== null && <span class="key dotted">{learn.axes.frequency}</span>}
        {previous && <span class="key dashed">{learn.axes.previous(previous.name)}</span>}
      </figcaption>
    </figure>
  );
}
