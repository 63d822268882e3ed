/** What the model made of a few texts at each point of the held-out curve. */
import { useState } from "preact/hooks";
import type { Sample } from "../worker/recipe.js";
import type { HeldOutPoint } from "../worker/run-record.js";
import { useStrings } from "./settings.js";

/** A probability, or another figure from 0 to 1, as a bar and a number. */
export function Share({ value, as }: { readonly value: number; readonly as?: string }) {
  return (
    <span class="share">
      <span class="bar" style={{ width: `${(100 * value).toFixed(1)}%` }} />
      <span class="of">{as ?? `${(100 * value).toFixed(value < 0.0995 ? 1 : 0)}%`}</span>
    </span>
  );
}

function Guesses({ sample }: { readonly sample: Sample }) {
  if (sample.written !== undefined)
    return (
      <p>
        {sample.text} <mark>{sample.written.trim()}</mark>
      </p>
    );
  if (sample.suspected !== undefined)
    return (
      <ol class="cells">
        {sample.suspected.map(({ token, probability }, i) => (
          <li
            key={i}
            style={{ background: `color-mix(in srgb, var(--accent) ${Math.round(60 * probability)}%, var(--surface))` }}
          >
            <span class="token">{token}</span>
            <small>{Math.round(100 * probability)}%</small>
          </li>
        ))}
      </ol>
    );
  return (
    <>
      <p>{sample.text}</p>
      {sample.masks?.map((guesses, mask) => (
        <ol class="guesses" key={mask}>
          {guesses.map(({ token, score }) => (
            <li key={token}>
              <span class="token">{token}</span>
              <Share value={score} />
            </li>
          ))}
        </ol>
      ))}
    </>
  );
}

export function ShownSamples({ points }: { readonly points: readonly HeldOutPoint[] }) {
  const { learn, number } = useStrings();
  const [at, setAt] = useState<number | null>(null);
  const last = points.length - 1;
  const index = at === null ? last : Math.min(at, last);
  const point = points[index];
  if (!point) return null;
  return (
    <section aria-label={learn.samples.title}>
      <h2>{learn.samples.title}</h2>
      <label class="slider">
        <span>{learn.samples.at(number(point.step))}</span>
        <input
          type="range"
          min={0}
          max={last}
          value={index}
          onInput={(event) => {
            const chosen = event.currentTarget.valueAsNumber;
            setAt(chosen === last ? null : chosen);
          }}
        />
      </label>
      <div class="cards">
        {point.samples.map((sample) => (
          <div class="card" key={sample.text}>
            <Guesses sample={sample} />
          </div>
        ))}
      </div>
    </section>
  );
}
