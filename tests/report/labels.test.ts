/** Labels of a plane: none covers another, a dot, or the edge; labels without a free place are left out. */
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type PlacedLabel, placeLabels } from "../../sdk/report/page/labels.js";

const test = suite("labels of a plane");
const SIZES = { width: 400, height: 300, edge: 6, dot: 5, character: 7, line: 14 };

const cross = (a: PlacedLabel, b: { x: number; y: number; width: number; height: number }): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

test("a dot alone has its label to the right, without a line", () => {
  const [label] = placeLabels([{ x: 100, y: 100, label: "four" }], SIZES);
  // By hand: the radius and two pixels to the right, four characters wide, its middle at the dot.
  assert.equal(label, { x: 107, y: 93, width: 28, height: 14, apart: false });
});

test("at the right edge the label is on the left", () => {
  const [label] = placeLabels([{ x: 390, y: 100, label: "four" }], SIZES);
  assert.is(label!.x, 390 - 7 - 28);
});

test("any dots: labels keep clear of each other, of dots and of the edge", () => {
  const dot = fc.record({
    x: fc.integer({ min: 10, max: 390 }),
    y: fc.integer({ min: 10, max: 290 }),
    label: fc.string({ minLength: 1, maxLength: 20 }),
  });
  fc.assert(
    fc.property(fc.array(dot, { maxLength: 40 }), (dots) => {
      const placed = placeLabels(dots, SIZES);
      assert.is(placed.length, dots.length);
      const labels = placed.filter((label) => label !== null);
      for (const [i, a] of labels.entries()) {
        assert.ok(a.x >= 6 && a.y >= 6 && a.x + a.width <= 394 && a.y + a.height <= 294);
        for (const b of labels.slice(i + 1)) assert.not(cross(a, b));
        for (const { x, y } of dots) assert.not(cross(a, { x: x - 5, y: y - 5, width: 10, height: 10 }));
      }
    }),
  );
});

test("a crowd: as many as there is room for, joined to their dots by lines", () => {
  const dots = Array.from({ length: 30 }, (_, i) => ({ x: 200 + (i % 6), y: 150 + Math.floor(i / 6), label: "word" }));
  const placed = placeLabels(dots, SIZES);
  const shown = placed.filter((label) => label !== null);
  assert.ok(shown.length >= 8 && shown.length < 30, `${shown.length} labels`);
  assert.ok(shown.some(({ apart }) => apart));
});

test.run();
