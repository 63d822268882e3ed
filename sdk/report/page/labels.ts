/** Labels beside the dots of a plane, so that none covers another or a dot. */

export interface Dot {
  readonly x: number;
  readonly y: number;
  readonly label: string;
}

/** A label's box: its top left corner, its size, and whether it is so far from its dot that a line must join them. */
export interface PlacedLabel {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly apart: boolean;
}

export interface LabelSizes {
  /** size of the picture, in pixels */
  readonly width: number;
  readonly height: number;
  /** margin on each side, in pixels */
  readonly edge: number;
  /** radius of a dot */
  readonly dot: number;
  /** size of a character, in pixels */
  readonly character: number;
  readonly line: number;
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const overlap = (a: Box, b: Box): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

/** Distances from the dot to try; the first needs no line. */
const DISTANCES = [0, 10, 20, 32, 46];
/** Directions: right, left, above, below, and the corners. */
const DIRECTIONS = [[1, 0], [-1, 0], [0, -1], [0, 1], [1, -1], [-1, -1], [1, 1], [-1, 1]] as const; // biome-ignore format: one line

/** The box of a label in a direction from its dot. */
function boxAt({ x, y, label }: Dot, [dx, dy]: readonly [number, number], distance: number, sizes: LabelSizes): Box {
  const { dot, character, line } = sizes;
  const [width, height] = [label.length * character, line];
  const away = dot + 2 + distance;
  return {
    x: x + dx * away + (dx > 0 ? 0 : dx < 0 ? -width : -width / 2),
    y: y + dy * away + (dy > 0 ? 0 : dy < 0 ? -height : -height / 2),
    width,
    height,
  };
}

/**
 * A place for each label: the first free one of several around its dot, or null.
 *
 * Dots with the nearest neighbors choose first, because they have the fewest free places.
 */
export function placeLabels(dots: readonly Dot[], sizes: LabelSizes): (PlacedLabel | null)[] {
  const { width, height, edge, dot } = sizes;
  const nearest = dots.map((a, i) =>
    Math.min(...dots.map((b, j) => (i === j ? Number.POSITIVE_INFINITY : (a.x - b.x) ** 2 + (a.y - b.y) ** 2))),
  );
  const order = dots.map((_, i) => i).sort((a, b) => nearest[a]! - nearest[b]! || a - b);
  const taken: Box[] = dots.map(({ x, y }) => ({ x: x - dot, y: y - dot, width: 2 * dot, height: 2 * dot }));
  const isFree = (box: Box): boolean =>
    box.x >= edge &&
    box.y >= edge &&
    box.x + box.width <= width - edge &&
    box.y + box.height <= height - edge &&
    !taken.some((other) => overlap(box, other));
  const placed: (PlacedLabel | null)[] = dots.map(() => null);
  for (const i of order) {
    const tries = DISTANCES.flatMap((distance) =>
      DIRECTIONS.map((direction) => ({ box: boxAt(dots[i]!, direction, distance, sizes), apart: distance > 0 })),
    );
    const found = tries.find(({ box }) => isFree(box));
    if (!found) continue;
    taken.push(found.box);
    placed[i] = { ...found.box, apart: found.apart };
  }
  return placed;
}
