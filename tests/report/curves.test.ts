/** Curves and findings, computed from the lines of a run. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  type CurveLine,
  type EvaluationLine,
  readCurves,
  runFinding,
  thinned,
  trainingCurves,
} from "../../sdk/report/index.js";
import { isNoisy, smoothed } from "../../sdk/report/page/curves.js";
import { near } from "../helpers/near.js";
import { refused } from "../helpers/refused.js";

const test = suite("curves and findings");

const step = (n: number, loss: number): CurveLine => ({
  ...{ kind: "step", step: n, epoch: 0, tokens: 10, loss, parts: { "masked-lm": loss } },
  ...{ learning_rate: 1e-3, gradient_norm: 2, seconds: n },
});
const held = (n: number, figures: Record<string, number>, final = false): EvaluationLine => ({
  ...{ kind: "evaluation", part: "held-out", step: n, figures },
  ...(final && { final: true as const }),
});

test("a long curve in few points: means, with the lowest and highest of each", () => {
  const points = [5, 1, 3, 7, 2].map((y, i) => ({ x: i + 1, y }));
  assert.equal(thinned(points, 5), points);
  assert.equal(thinned(points, 3), [
    { x: 2, y: 3, low: 1, high: 5 },
    { x: 4, y: 5, low: 3, high: 7 },
    { x: 5, y: 2, low: 2, high: 2 },
  ]);
  assert.ok(thinned(Array.from({ length: 100_001 }, (_, x) => ({ x, y: x }))).length <= 400);
});

test("the running mean does not lag: a straight line stays unchanged", () => {
  const line = Array.from({ length: 200 }, (_, x) => ({ x, y: 3 - 0.01 * x }));
  // Sums of nine numbers below 4: a few units in the last place.
  near(
    smoothed(line).map(({ y }) => y),
    line.map(({ y }) => y),
    { atol: 1e-14 },
  );
  assert.not(isNoisy({ name: "a line", points: line }));
  assert.ok(isNoisy({ name: "noise", points: line.map(({ x }) => ({ x, y: Math.sin(50 * x) })) }));
});

test("training beside held-out figures; those of the saved model are apart", () => {
  const lines = [
    step(1, 5),
    held(1, { held_out_loss: 6 }),
    step(2, 4),
    held(2, { held_out_loss: 5.5 }),
    held(2, { held_out_loss: 5 }, true),
  ];
  assert.equal(
    trainingCurves(lines, { evaluated: { held_out_loss: "held out" } }).curves.map(({ name, points }) => [
      name,
      points,
    ]),
    [
      [
        "training",
        [
          { x: 1, y: 5 },
          { x: 2, y: 4 },
        ],
      ],
      [
        "held out",
        [
          { x: 1, y: 6 },
          { x: 2, y: 5.5 },
        ],
      ],
      ["held out, saved model", [{ x: 2, y: 5 }]],
    ],
  );
  assert.equal(trainingCurves(lines, { of: "gradient_norm" }).curves[0]!.points[0], { x: 1, y: 2 });
});

test("lines that are not curves are refused with their number", async () => {
  for (const [text, expected] of [
    ["x", /line 1: not valid JSON: .* at column 1/],
    ['{"kind":"stop"}', /line 1: kind must be "step" or "evaluation"/],
    ['{"kind":"evaluation","part":"train","step":1,"figures":{}}', /part must be held-out, dev or test/],
    ['{"kind":"evaluation","part":"dev","step":1,"figures":{"a":"b"}}', /figures must be numbers by name/],
    [[step(2, 1), step(2, 1)].map((line) => JSON.stringify(line)).join("\n"), /line 2: step 2 comes after step 2/],
  ] as const)
    await refused(() => readCurves(text), expected);
  assert.equal(readCurves(""), []);
  // A figure without a value, such as the correlation of equal numbers.
  assert.is(
    (readCurves('{"kind":"evaluation","part":"dev","step":1,"figures":{"spearman":null}}')[0] as EvaluationLine)
      .figures["spearman"],
    null,
  );
});

const statement = (lines: readonly CurveLine[]): string => runFinding(lines).statement;
const details = (lines: readonly CurveLine[]): string => (runFinding(lines).details ?? []).join(" ");

test("pre-training: below the unigram entropy or not", () => {
  assert.match(
    statement([held(9, { held_out_loss: 4.5, unigram_entropy: 6 }, true)]),
    /1\.50 below .* predicts from context/,
  );
  assert.match(
    statement([held(9, { held_out_loss: 6.5, unigram_entropy: 6 }, true)]),
    /no more than token frequencies/,
  );
});

test("pre-training: whether more steps would help", () => {
  const run = (losses: readonly number[]) => [
    ...losses.map((loss, i) => held(i + 1, { held_out_loss: loss })),
    held(losses.length, { held_out_loss: 9, unigram_entropy: 10 }, true),
  ];
  assert.match(details(run([8, 7, 6, 5, 4])), /still falling at the end, by 1\.00/);
  assert.match(details(run([8, 6, 5, 5, 5])), /had stopped falling/);
  assert.match(details(run([8, 6, 5, 5.5, 6])), /lowest at step 3 \(5\.00\) and has risen to 6\.00/);
});

test("fine-tuning: the test set before the development set, in standard errors where it is a share", () => {
  const line = (part: "dev" | "test", accuracy: number): EvaluationLine => ({
    ...{ kind: "evaluation", part, step: 9, figures: { accuracy }, baseline: { accuracy: 0.5 } },
    ...{ headline: "accuracy", items: 100, final: true },
  });
  // By hand: the standard error of 0.8 over 100 items is 0.04, so 0.3 is 7.5 of them.
  assert.is(
    statement([line("dev", 0.9), line("test", 0.8)]),
    "On the test set the accuracy is 80.0 %, 30.0 points above the baseline without a model (50.0 %), 7.5 standard errors of 100 items.",
  );
  assert.match(statement([line("test", 0.55)]), /1\.0 standard errors of 100 items, which may be chance/);
  assert.match(statement([line("test", 0.4)]), /10\.0 points below the baseline/);
});

test("distillation, and runs without any evaluation", () => {
  assert.match(
    statement([held(9, { student_loss: 3.5, teacher_loss: 3 }, true)]),
    /student's loss is 3\.50 nats per token, 0\.50 above its teacher's \(3\.00\)/,
  );
  const unheard = [step(1, 5), step(2, 3)];
  assert.match(statement(unheard), /training loss went from 5\.00 to 3\.00 nats in 2 steps/);
  assert.match(details(unheard), /does not show how good the model is/);
});

test.run();
