/**
 * Fake languages: a copy of a language in which every token has a different id and nothing else differs. How a model
 * aligns the two shows the causes of multilinguality, apart from differences between languages.
 *
 * K et al. 2020 (arXiv:1912.07840); Dufter & Schütze 2020 (arXiv:2005.00396), section 2; pdufter/minimult, shift.py and
 * modifyinput.py.
 */
import type { Sample } from "../data/sample.js";
import type { HeadObjective } from "../objectives/objective.js";

/** A fake copy of a language: the same text with other token ids. */
export interface FakeLanguage {
  /** offset of the copy's ids: the size of the vocabulary, which doubles */
  readonly shift: number;
  /** first position of the copy, whose segment is then 1, so that the languages share no position embeddings; 0: shared */
  readonly firstPosition?: number;
  /** whether the copy has the reverse word order */
  readonly inverted?: boolean;
}

/**
 * The sample in the fake language. Special tokens are shared; {@link splitSpecial} separates them too.
 *
 * @example
 * fakeCopy(sample, { shift: 2048 }).ids; // [CLS] 7 8 [SEP] becomes [CLS] 2055 2056 [SEP]
 */
export function fakeCopy(sample: Sample, { shift, firstPosition = 0, inverted = false }: FakeLanguage): Sample {
  const positions = [...sample.ids.keys()].filter((i) => !sample.special[i]);
  const ids = sample.ids.slice();
  for (const [k, i] of positions.entries()) {
    const from = inverted ? positions[positions.length - 1 - k]! : i;
    ids[i] = sample.ids[from]! + shift;
  }
  if (firstPosition === 0) return { ...sample, ids };
  return {
    ...sample,
    ids,
    segments: sample.segments.map(() => 1),
    positions: Int32Array.from(sample.ids, (_, i) => firstPosition + (sample.positions?.[i] ?? i)),
  };
}

/** Whether the sample is in the fake language. */
function isFake({ ids, special }: Sample, shift: number): boolean {
  return ids.some((id, i) => !special[i] && id >= shift);
}

/** `shown` with the special tokens of the fake language if `sample` is in that language. */
export function fakeSpecial(
  sample: Sample,
  shown: Sample,
  { shift }: FakeLanguage,
  special: ReadonlySet<number>,
): Sample {
  if (!isFake(sample, shift)) return shown;
  return { ...shown, ids: shown.ids.map((id) => (special.has(id) ? id + shift : id)) };
}

/**
 * The same objective with separate special tokens for each language, including [MASK].
 *
 * @param special ids of the special tokens
 * @example
 * single(splitSpecial(maskedLm({ tokenizer }), language, special)).names; // ["masked-lm"]
 */
export function splitSpecial<Head>(
  objective: HeadObjective<Head>,
  language: FakeLanguage,
  special: ReadonlySet<number>,
): HeadObjective<Head> {
  return {
    ...objective,
    corrupt: (sample, rng) => fakeSpecial(sample, objective.corrupt(sample, rng), language, special),
  };
}
