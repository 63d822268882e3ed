/** Calibration, confusion and figures by class: as JSON, and as tables for people. */
import type { LabelSet } from "cloze";
import type { ClassReport } from "cloze/metrics";
import { percent, table } from "./output.js";

/** The fields of the JSON object; bins without predictions are left out. */
export function classFields({ calibration, confusion, classes }: ClassReport, { names }: LabelSet) {
  return {
    test_calibration_error: calibration.expectedError,
    test_calibration: {
      maximum_error: calibration.maximumError,
      overconfidence: calibration.overconfidence,
      bins: calibration.bins.filter(({ count }) => count > 0),
    },
    test_confusion: { labels: names, counts: confusion },
    test_classes: names.map((label, c) => ({ label, ...classes[c]! })),
  };
}

/** More classes make a matrix too wide to read; then the commonest confusions are listed. */
const WIDEST = 8;
const LISTED = 12;

/** For people: each class, the classes it is mistaken for, and how far confidence can be trusted. */
export function classTables(report: ClassReport, labels: LabelSet): string {
  return [byClass(report, labels), confusionTable(report, labels), reliabilityTable(report)].join("\n");
}

function byClass({ classes }: ClassReport, { names }: LabelSet): string {
  const rows = names.map((name, c) => {
    const { precision, recall, f1, support } = classes[c]!;
    return [name, ...[precision, recall, f1].map(percent), String(support)];
  });
  return table(["class", "precision", "recall", "F1", "items"], rows);
}

function confusionTable({ confusion }: ClassReport, { names }: LabelSet): string {
  if (names.length <= WIDEST)
    return table(
      ["right class ↓ predicted →", ...names],
      confusion.map((row, g) => [names[g]!, ...row.map(String)]),
    );
  const wrong = confusion
    .flatMap((row, g) => row.map((count, p) => ({ gold: names[g]!, predicted: names[p]!, count, is: g === p })))
    .filter(({ count, is }) => count > 0 && !is)
    .sort((a, b) => b.count - a.count);
  return table(
    ["right class", "taken for", "times"],
    wrong.slice(0, LISTED).map(({ gold, predicted, count }) => [gold, predicted, String(count)]),
  );
}

function reliabilityTable({ calibration: { bins, expectedError, overconfidence } }: ClassReport): string {
  const rows = bins
    .filter(({ count }) => count > 0)
    .map(({ from, to, count, confidence, accuracy }) => [
      `${percent(from)} to ${percent(to)}`,
      String(count),
      percent(confidence),
      percent(accuracy),
    ]);
  const side = overconfidence > 0 ? "more" : "less";
  const said = `expected calibration error ${percent(expectedError)}; on average ${percent(Math.abs(overconfidence))} ${side} confident than right`;
  return `${table(["confidence", "items", "mean confidence", "right"], rows)}\n${said}`;
}
