/** Figures, similarity and reports: functions of numbers and texts alone. */
import * as cloze from "../../../sdk/index.js";
import * as metrics from "../../../sdk/metrics.js";
import * as multilingual from "../../../sdk/multilingual.js";
import * as reports from "../../../sdk/report/index.js";
import { type Call, call } from "./call.js";

const VECTORS = [
  [1, 0, 0.5],
  [0, 1, 0.5],
  [1, 1, 0],
];
const ids = [
  [0, 1, 1],
  [0, 1, 0],
] as const;
const entities = [["B-a", "I-a", "O"]];

export const METRIC_CALLS: Readonly<Record<string, Call>> = {
  cosine: call(
    cloze.cosine,
    () => [
      [1, 2],
      [2, 1],
    ],
    1,
  ),
  nearest: call(cloze.nearest, () => [[1, 2, 3], structuredClone(VECTORS), 2, "cosine"]),
  accuracy: call(metrics.accuracy, () => [[...ids[0]], [...ids[1]]]),
  binaryF1: call(metrics.binaryF1, () => [[...ids[0]], [...ids[1]]]),
  macroF1: call(metrics.macroF1, () => [[...ids[0]], [...ids[1]], 2]),
  microF1: call(metrics.microF1, () => [[...ids[0]], [...ids[1]], 2]),
  matthews: call(metrics.matthews, () => [[...ids[0]], [...ids[1]], 2]),
  multiLabelScores: call(metrics.multiLabelScores, () => [[[0, 1]], [[1, 1]], 2]),
  areaUnderRoc: call(metrics.areaUnderRoc, () => [[0.1, 0.2, 0.3], [...ids[1]]]),
  argmax: call(metrics.argmax, () => [[1, 2]], 1),
  highest: call(metrics.highest, () => [[1, 2, 3], 2], 1),
  softmax: call(metrics.softmax, () => [[1, 2]], 1),
  pearson: call(metrics.pearson, () => [
    [1, 2, 4],
    [2, 1, 3],
  ]),
  spearman: call(metrics.spearman, () => [
    [1, 2, 4],
    [2, 1, 3],
  ]),
  perplexity: call(metrics.perplexity, () => [1.5]),
  standardError: call(metrics.standardError, () => [0.5, 10]),
  unigramEntropy: call(metrics.unigramEntropy, () => [[1, 2, 2]]),
  squadScore: call(metrics.squadScore, () => ["Rome", ["Rome"], "1.1"]),
  cmrcScore: call(metrics.cmrcScore, () => ["羅馬", ["羅馬"]]),
  mlqaScore: call(metrics.mlqaScore, () => ["Rome", ["Rome"], "en"]),
  entitiesOf: call(metrics.entitiesOf, () => [[...entities[0]!]]),
  entityF1: call(metrics.entityF1, () => [structuredClone(entities), structuredClone(entities)]),
  senseSeparation: call(metrics.senseSeparation, () => [structuredClone(VECTORS), ["a", "a", "b"]]),
  alignWords: call(multilingual.alignWords, () => [structuredClone(VECTORS), structuredClone(VECTORS)]),
  bestMatches: call(multilingual.bestMatches, () => [
    structuredClone(VECTORS),
    structuredClone(VECTORS),
    { scoring: "cosine" },
  ]),
  centred: call(multilingual.centred, () => [structuredClone(VECTORS)]),
  languageMean: call(multilingual.languageMean, () => [structuredClone(VECTORS)]),
  procrustes: call(multilingual.procrustes, () => [structuredClone(VECTORS), structuredClone(VECTORS)]),
  mineBitext: call(multilingual.mineBitext, () => [structuredClone(VECTORS), structuredClone(VECTORS)]),
  retrievalFigures: call(multilingual.retrievalFigures, () => [structuredClone(VECTORS), structuredClone(VECTORS)]),
  principalComponents: call(reports.principalComponents, () => [structuredClone(VECTORS)]),
  renderReport: call(reports.renderReport, () => [
    {
      title: "t",
      summary: "s",
      sections: [
        { kind: "text", title: "u", paragraphs: ["p"] },
        { kind: "table", title: "v", columns: ["a"], rows: [["1"]] },
      ],
    },
  ]),
};
