/** A linear classifier on frozen vectors: softmax regression by Adam, in double precision. */
import { seed as seedOf, shuffle } from "cloze/data";
import { argmax, softmax } from "cloze/metrics";

export interface Labelled {
  readonly vectors: readonly Float32Array[];
  readonly labels: readonly number[];
}

const [EPOCHS, BATCH, RATE] = [5, 64, 2e-3];

/** Mean and deviation of each component. */
function scaling(vectors: readonly Float32Array[]): { mean: Float64Array; deviation: Float64Array } {
  const width = vectors[0]!.length;
  const [mean, squares] = [new Float64Array(width), new Float64Array(width)];
  for (const vector of vectors) for (let d = 0; d < width; d++) mean[d]! += vector[d]! / vectors.length;
  for (const vector of vectors)
    for (let d = 0; d < width; d++) squares[d]! += (vector[d]! - mean[d]!) ** 2 / vectors.length;
  return { mean, deviation: squares.map((square) => Math.sqrt(square) + 1e-6) };
}

/** Accuracy on `test` of a classifier trained on `train`. */
export function probeAccuracy(train: Labelled, test: Labelled, classes: number, seed: number): number {
  const width = train.vectors[0]!.length;
  const { mean, deviation } = scaling(train.vectors);
  const scaled = ({ vectors }: Labelled) =>
    vectors.map((vector) => vector.map((x, d) => (x - mean[d]!) / deviation[d]!));
  const [known, unknown] = [scaled(train), scaled(test)];
  // A row per class: its weights, then its bias.
  const rows = Array.from({ length: classes }, () => new Float64Array(width + 1));
  const moments = rows.map(() => [new Float64Array(width + 1), new Float64Array(width + 1)] as const);
  const scores = (x: Float32Array) =>
    rows.map((row) => {
      let sum = row[width]!;
      for (let d = 0; d < width; d++) sum += row[d]! * x[d]!;
      return sum;
    });
  const rng = seedOf(seed);
  let step = 0;
  const total = EPOCHS * Math.ceil(known.length / BATCH);
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    const order = shuffle(Array.from(known.keys()), rng.fork(epoch));
    for (let from = 0; from < order.length; from += BATCH) {
      const batch = order.slice(from, from + BATCH);
      const gradients = rows.map(() => new Float64Array(width + 1));
      for (const i of batch) {
        const x = known[i]!;
        const probabilities = softmax(scores(x));
        for (const [c, gradient] of gradients.entries()) {
          const error = (probabilities[c]! - (train.labels[i] === c ? 1 : 0)) / batch.length;
          for (let d = 0; d < width; d++) gradient[d]! += error * x[d]!;
          gradient[width]! += error;
        }
      }
      step++;
      const rate = (RATE * (1 - (step - 1) / total) * Math.sqrt(1 - 0.999 ** step)) / (1 - 0.9 ** step);
      for (const [c, [first, second]] of moments.entries())
        for (let d = 0; d <= width; d++) {
          const g = gradients[c]![d]!;
          first[d] = 0.9 * first[d]! + 0.1 * g;
          second[d] = 0.999 * second[d]! + 0.001 * g * g;
          rows[c]![d]! -= (rate * first[d]!) / (Math.sqrt(second[d]!) + 1e-8);
        }
    }
  }
  return unknown.filter((x, i) => argmax(scores(x)) === test.labels[i]).length / unknown.length;
}
