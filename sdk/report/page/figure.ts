/** Plots of the page: drawn at the available width, with values on hover, on touch and by arrow keys. */
import { element } from "./elements.js";

/** Labels of axes, large enough for a phone. */
export const FONT = "font-size: 12px";

/** A place in a plot that has a value: its position in the drawing, and its description. */
export interface Stop {
  readonly x: number;
  readonly y: number;
  readonly text: string;
}

/** The part of Observable Plot's result that is used here. */
type Drawing = (SVGSVGElement | HTMLElement) & {
  scale(name: string): { apply(value: unknown): unknown; bandwidth?: number } | undefined;
};

interface Drawn {
  readonly plot: Drawing;
  readonly stops: readonly Stop[];
}

/** The position of a datum in a drawing; the middle of its band on an ordinal axis. */
export function placeIn(plot: Drawing, x: unknown, y: unknown): { x: number; y: number } {
  const along = (name: string, value: unknown): number => {
    const scale = plot.scale(name);
    return scale ? Number(scale.apply(value)) + (scale.bandwidth ?? 0) / 2 : 0;
  };
  return { x: along("x", x), y: along("y", y) };
}

/** Width before layout, and outside browsers. */
const WIDTH = 820;

const widthOf = (place: HTMLElement): number => (place.clientWidth > 0 ? place.clientWidth : WIDTH);

const STEPS: Readonly<Record<string, number>> = {
  ArrowRight: 1,
  ArrowDown: 1,
  ArrowLeft: -1,
  ArrowUp: -1,
  PageDown: 10,
  PageUp: -10,
};

/** The stop that a key moves to; undefined for other keys. */
function stopAfter(key: string, at: number, count: number): number | undefined {
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  const step = STEPS[key];
  return step === undefined ? undefined : Math.min(count - 1, Math.max(0, at + step));
}

/** Arrow keys move over the values as a pointer does; the status line announces each. */
function byKeyboard(
  place: HTMLElement,
  drawn: () => { svg: SVGSVGElement; stops: readonly Stop[] },
  said: HTMLElement,
): void {
  let at = -1;
  const point = (type: string, stop?: Stop): void => {
    const { svg } = drawn();
    const { left, top } = svg.getBoundingClientRect();
    const where = stop ? { clientX: left + stop.x, clientY: top + stop.y } : {};
    svg.dispatchEvent(new PointerEvent(type, { ...where, pointerType: "mouse", bubbles: true }));
  };
  place.addEventListener("keydown", (event) => {
    const { stops } = drawn();
    const next = stopAfter(event.key, at, stops.length);
    if (next === undefined || stops.length === 0) return;
    event.preventDefault();
    at = next;
    point("pointermove", stops[at]);
    said.textContent = stops[at]!.text;
  });
  place.addEventListener("blur", () => {
    at = -1;
    point("pointerleave");
    said.textContent = "";
  });
}

/**
 * A plot that is redrawn when the available width changes.
 *
 * @param label a description of the plot for screen readers
 * @param draw a drawing of the given width
 */
export function figure(label: string, draw: (width: number) => Drawn): HTMLElement & { redraw(): void } {
  const said = element("p", { class: "said", role: "status" });
  // Plot's own labels name its marks; for screen readers, this label and the status line describe the figure.
  const named = { role: "img", "aria-label": `${label} Arrow keys move over the values.`, tabindex: 0 };
  const place = element("div", { class: "place", ...named });
  const made = element("figure", {}, place, said);
  let width = 0;
  let now: { svg: SVGSVGElement; stops: readonly Stop[] };
  const redraw = (): void => {
    width = widthOf(place);
    const { plot, stops } = draw(width);
    now = { svg: plot as SVGSVGElement, stops };
    plot.setAttribute("aria-hidden", "true");
    place.textContent = "";
    place.append(plot);
  };
  redraw();
  byKeyboard(place, () => now, said);
  if (typeof ResizeObserver !== "undefined")
    new ResizeObserver(() => {
      if (widthOf(place) !== width) redraw();
    }).observe(place);
  return Object.assign(made, { redraw });
}
