/** Numbers of masked tokens of BERT and T5: they follow exactly from the length. */
import { maskedLm, spanCorruption } from "cloze";
import { sampleOf, seed as seedOf } from "cloze/data";
import { IGNORE } from "cloze/tensor";
import { readVocabulary } from "cloze/tokenizer";
import type { Claim } from "./harness/claim.js";

/** BERT: round(0.15 n), half to even, at least 1, at most 20. */
const BERT: readonly (readonly [length: number, masked: number])[] = [
  [3, 1],
  [7, 1],
  [10, 2],
  [13, 2],
  [17, 3],
  [30, 4],
  [50, 8],
  [128, 19],
  [130, 20],
  [200, 20],
];
/** T5: 568 tokens of text become an input of 512 and a target of 114. */
const T5 = { raw: 568, input: 512, target: 114 };
const SENTINELS = 100;
/** Size of the vocabulary here; the sentinels follow. */
const SIZE = 1000;

const LETTERS = "abcdefghijklmnopqrstuvwxyz";

export const maskingCounts: Claim = {
  name: "masking-counts",
  claim:
    "BERT masks 15 % of the tokens in exact counts; T5's target for a 512-token input has 114 tokens, the source of its speed",
  source: "google-research/bert create_pretraining_data.py; Raffel et al. 2020, arXiv:1910.10683, section 3.3",
  published:
    "sequences of 3, 7, 10, 13, 17, 30, 50, 128, 130, 200 tokens have 1, 1, 2, 2, 3, 4, 8, 19, 20, 20 masked; 512 : 114",
  bar: "every count exact, with every seed; of 100,000 selected tokens 80 % masked, 10 % random and 10 % kept, each within 1 point",
  setUp: { bert: BERT, t5: T5 },
  seeds: [1, 2, 3],
  needs: [],
  minutes: 1,
  async run(context, seed) {
    const tokenizer = readVocabulary(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ...LETTERS].join("\n"));
    const text = (length: number) => Array.from({ length }, (_, i) => LETTERS[(7 * i) % 26]).join(" ");
    const rng = seedOf(seed);
    const bert = maskedLm({ tokenizer, maxPredictions: 20 });
    const chosen = (sample: ReturnType<typeof sampleOf>, key: number) =>
      bert.corrupt(sample, rng.fork(key)).labels.tokens!.filter((label) => label !== IGNORE).length;
    // [CLS] and [SEP] count towards the length.
    const exact = BERT.filter(
      ([length, count]) => chosen(sampleOf(tokenizer.encode(text(length - 2))), length) === count,
    ).length;

    const whole = sampleOf(tokenizer.encode(text(126)));
    const seen = { mask: 0, random: 0, kept: 0 };
    for (let round = 0; round < context.few(5300, 100); round++) {
      const { ids, labels } = bert.corrupt(whole, rng.fork(0, round));
      for (const [i, label] of labels.tokens!.entries()) {
        if (label === IGNORE) continue;
        if (ids[i] === tokenizer.special.mask) seen.mask++;
        else if (ids[i] === label) seen.kept++;
        else seen.random++;
      }
    }
    const total = seen.mask + seen.random + seen.kept;

    const sentinels = {
      special: { eos: 1, pad: 0 },
      id(token: string) {
        const place = Number(/^<extra_id_(\d+)>$/.exec(token)?.[1] ?? SENTINELS);
        return place < SENTINELS ? SIZE + place : undefined;
      },
    };
    const length = T5.raw;
    const plain = {
      ids: Int32Array.from({ length }, (_, i) => 10 + (i % (SIZE - 10))),
      segments: new Uint8Array(length),
      special: new Uint8Array(length),
      words: Int32Array.from({ length }, (_, i) => i),
      labels: {},
    };
    const made = spanCorruption({ tokenizer: sentinels })(plain, rng.fork(9));
    return {
      bert_exact: exact,
      masked: (100 * seen.mask) / total,
      // A random token may be [MASK] or the token itself, one in 31 each.
      random: (100 * seen.random) / total,
      kept: (100 * seen.kept) / total,
      chosen: total,
      t5_input: made.ids.length,
      t5_target: made.target!.labels.tokens!.length,
    };
  },
  judge(results) {
    const every = (name: string, holds: (value: number) => boolean) =>
      results.every((figures) => holds(figures[name]!));
    const near = (wanted: number) => (value: number) => Math.abs(value - wanted) <= 1;
    const first = results[0]!;
    return {
      holds:
        every("bert_exact", (n) => n === BERT.length) &&
        every("masked", near(80)) &&
        every("random", near(10)) &&
        every("kept", near(10)) &&
        every("t5_input", (n) => n === T5.input) &&
        every("t5_target", (n) => n === T5.target),
      ours: `${first["bert_exact"]} of ${BERT.length} lengths exact; ${first["masked"]!.toFixed(1)}, ${first["random"]!.toFixed(1)}, ${first["kept"]!.toFixed(1)} % of ${first["chosen"]} tokens; ${first["t5_input"]} : ${first["t5_target"]}`,
    };
  },
};
