/** A report with every kind of section, as its tests draw it. */
import type { Report, Section } from "../../sdk/report/index.js";
import { attentionSection, planeSection, readCurves, stepLine, trainingCurves } from "../../sdk/report/index.js";

const wave = (i: number, k: number): number => Math.sin(1 + 7 * i + 3 * k);

/** Rows of `n` weights that add up to 1. */
const attention = (heads: number, n: number, layer: number): Float32Array =>
  Float32Array.from({ length: heads * n * n }, (_, i) => {
    const row = Math.floor(i / n);
    const weight = (key: number) => Math.exp(2 * wave(row + layer, key));
    const sum = Array.from({ length: n }, (_, key) => weight(key)).reduce((a, b) => a + b);
    return weight(i % n) / sum;
  });

const steps = Array.from({ length: 900 }, (_, i) => {
  const loss = 4 + 5 * Math.exp(-i / 200) + 0.3 * wave(i, 1);
  const taken = { step: i + 1, epoch: 0, tokens: 64, loss, parts: { "masked-lm": loss }, learningRate: 1e-3 };
  return JSON.stringify(stepLine({ ...taken, gradientNorm: 1, seconds: i / 10 }));
});
const evaluations = [1, 300, 600, 900].map((step) => ({
  ...{ kind: "evaluation", part: "held-out", step },
  figures: { held_out_loss: 4.3 + 5 * Math.exp(-step / 200), unigram_entropy: 6.9 },
}));
for (const evaluation of evaluations.reverse()) steps.splice(evaluation.step, 0, JSON.stringify(evaluation));

export const LINES = readCurves(steps.join("\n"));

const GROUPS = {
  animals: ["cat", "dog", "horse", "bird"],
  food: ["bread", "milk", "soup", "cheese"],
  water: ["river", "sea", "rain", "snow"],
};
const words = Object.entries(GROUPS).flatMap(([group, labels], g) =>
  labels.map((label, i) => ({
    ...{ label, group },
    vector: Array.from({ length: 6 }, (_, d) => (d === g ? 1 : 0) + 0.5 * wave(g * 4 + i, d)),
  })),
);

const estimate = (value: number) => ({ value, low: value - 0.04, high: value + 0.04 });
const TOKENS = ["[CLS]", "the", "old", "man", "gave", "his", "dog", "bread", ".", "[SEP]"];

const DRAWN: readonly Section[] = [
  trainingCurves(LINES, {
    title: "Loss",
    y: "nats per token",
    evaluated: { held_out_loss: "held out" },
    levels: [{ label: "unigram entropy", y: 6.9 }],
  }),
  {
    kind: "comparison",
    title: "Tasks",
    unit: "percent",
    interval: "95 %, bootstrap over the test items",
    arms: ["random weights", "pre-trained"],
    rows: [
      {
        ...{ name: "sentiment", metric: "accuracy", items: 300, baseline: 0.52 },
        estimates: [estimate(0.71), estimate(0.79)],
        verdict: "Better by 8 points.",
      },
      { name: "tags", metric: "accuracy", items: 1200, estimates: [null, { value: 0.93 }] },
    ],
  },
  {
    kind: "heat",
    title: "Similarity",
    rows: ["cat", "cat"],
    columns: ["dog", "sun", "cat"],
    values: [
      [0.9, -0.1, 1],
      [0.9, -0.1, 1],
    ],
  },
  {
    kind: "heat",
    title: "One word in many contexts",
    rows: ["the light of the sun is bright .", "the bag is light and easy to carry ."],
    columns: ["1", "2"],
    values: [
      [1, -0.4],
      [-0.4, 1],
    ],
  },
  attentionSection("Attention", TOKENS, [attention(3, TOKENS.length, 0), attention(3, TOKENS.length, 1)]),
  planeSection("Words on a plane", words),
];

const SAID: readonly Section[] = [
  {
    kind: "ranked",
    title: "Filled masks",
    unit: "percent",
    items: [
      {
        text: "She drank a cup of [MASK].",
        results: [
          { text: "tea", score: 0.61, right: true },
          { text: "it", score: 0.04, right: false },
        ],
      },
    ],
  },
  {
    kind: "answers",
    title: "A question",
    items: [
      {
        question: "Who baked the bread?",
        context: "Anna baked the bread in the morning.",
        ...{ answer: "Anna", start: 0, end: 4, score: 0.8, expected: ["Anna"] },
      },
    ],
  },
];

export const REPORT: Report = {
  title: "A run & its <figures>",
  summary: 'Said "so".',
  sections: [
    {
      kind: "finding",
      title: "Finding",
      statement: "It learns from context: 3.0 nats below the unigram entropy.",
      details: ["One seed."],
    },
    {
      kind: "facts",
      title: "Run",
      facts: [
        { name: "steps", value: "900" },
        {
          name: "command",
          value: "cloze pretrain --out my-bert --steps 900 --num-hidden-layers 2 novels.txt.gz",
          code: true,
        },
      ],
    },
    { kind: "text", title: "What was done", paragraphs: ["First.", "Second <b>bold</b>."] },
    {
      kind: "table",
      title: "Scores",
      note: "Higher is better.",
      header: ["task", "score"],
      rows: [
        ["sentiment", "0.9"],
        ["tags & more", "0.8"],
      ],
    },
    ...DRAWN,
    ...SAID,
  ],
};
