/** What the lesson on characters measures with. */
import { collate, type Encoder, type PredictsTokens, type Sample, Scope } from "cloze";

/** Added to every count, so that what was never seen is not impossible. */
const ADDED = 0.1;

/** The loss in nats on what follows the training text, of counting each letter after none, one and two before it. */
export function countedLevels(training: Int32Array, ids: Int32Array, letters: number): number[] {
  return [0, 1, 2].map((before) => {
    const key = (at: number) => {
      let context = 0;
      for (let j = 1; j <= before; j++) context = context * letters + ids[at - j]!;
      return context;
    };
    const pairs = new Map<number, number>();
    const totals = new Map<number, number>();
    for (let at = before; at < training.length; at++) {
      const context = key(at);
      totals.set(context, (totals.get(context) ?? 0) + 1);
      pairs.set(context * letters + ids[at]!, (pairs.get(context * letters + ids[at]!) ?? 0) + 1);
    }
    let sum = 0;
    for (let at = training.length + before; at < ids.length; at++) {
      const context = key(at);
      const count = pairs.get(context * letters + ids[at]!) ?? 0;
      sum -= Math.log((count + ADDED) / ((totals.get(context) ?? 0) + ADDED * letters));
    }
    return sum / (ids.length - training.length - before);
  });
}

/** Mean loss in nats over all labels of the samples. */
export function blockLoss(model: Encoder & PredictsTokens, samples: readonly Sample[]): number {
  let [sum, count] = [0, 0];
  for (let from = 0; from < samples.length; from += 32) {
    using _ = new Scope();
    const batch = collate(samples.slice(from, from + 32));
    const scores = model.tokenScores(
      model.encode(batch),
      Int32Array.from(batch.ids, (_id, i) => i),
    );
    const width = scores.shape[1]!;
    const { data } = scores;
    for (const [i, label] of batch.labels.tokens!.entries()) {
      const row = data.subarray(i * width, (i + 1) * width);
      const largest = row.reduce((a, b) => Math.max(a, b));
      sum += largest + Math.log(row.reduce((total, score) => total + Math.exp(score - largest), 0)) - row[label]!;
      count++;
    }
  }
  return sum / count;
}
