/** Labels of points on a plane, each where it covers no other; where there is no such place, the point has none. */

/** Where a label is, seen from its point. */
export const PLACES = {
  above: { dx: 0, dy: -14, textAnchor: "middle" },
  right: { dx: 9, dy: 0, textAnchor: "start" },
  left: { dx: -9, dy: 0, textAnchor: "end" },
  below: { dx: 0, dy: 14, textAnchor: "middle" },
} as const;

export type Place = keyof typeof PLACES;

interface LabelledPoint {
  readonly x: number;
  readonly y: number;
  readonly label: string;
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Pixels of a character of a label, and of half its height. */
const [CHARACTER, HALF] = [6.6, 7];
/** Half the height of the tallest mark, a diamond, in pixels. */
const MARK = 7;

const overlap = (a: Box, b: Box): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** Chinese characters are as wide as two others. */
const widthOf = (label: string): number =>
  [...label].reduce((sum, character) => sum + (character > "\u2e80" ? 2 : 1), 0) * CHARACTER;

function boxAt(x: number, y: number, label: string, place: Place): Box {
  const { dx, dy, textAnchor } = PLACES[place];
  const width = widthOf(label);
  const left = x + dx - (textAnchor === "middle" ? width / 2 : textAnchor === "end" ? width : 0);
  return { left, right: left + width, top: y + dy - HALF, bottom: y + dy + HALF };
}

function scaleOf(values: readonly number[], from: number, to: number): (value: number) => number {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return (value) => (most === least ? (from + to) / 2 : from + ((value - least) / (most - least)) * (to - from));
}

/**
 * The place of each point's label.
 *
 * @param size of the plot in pixels, and the space between its edge and the outermost points
 */
export function labelPlaces<P extends LabelledPoint>(
  points: readonly P[],
  size: { readonly width: number; readonly height: number; readonly edge: number },
): Map<P, Place> {
  const { width, height, edge } = size;
  const x = scaleOf(
    points.map((point) => point.x),
    edge,
    width - edge,
  );
  const y = scaleOf(
    points.map((point) => point.y),
    height - edge,
    edge,
  );
  const marks = points.map((point): Box => {
    const [left, top] = [x(point.x), y(point.y)];
    return { left: left - MARK, right: left + MARK, top: top - MARK, bottom: top + MARK };
  });
  const taken: Box[] = [];
  const places = new Map<P, Place>();
  for (const [i, point] of points.entries()) {
    const others = marks.filter((_, j) => j !== i);
    for (const place of Object.keys(PLACES) as Place[]) {
      const box = boxAt(x(point.x), y(point.y), point.label, place);
      if (box.left < 0 || box.right > width) continue;
      if ([...taken, ...others].some((other) => overlap(box, other))) continue;
      taken.push(box);
      places.set(point, place);
      break;
    }
  }
  return places;
}
