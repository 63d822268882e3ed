/**
 * A second language that is a copy of the first: every token has another id, nothing else differs. What a model makes of
 * the two shows which parts of it bring languages together, without asking how languages differ.
 *
 * K et al. 2020 (arXiv:1912.07840); Dufter & Schütze 2020 (arXiv:2005.00396), section 2; pdufter/minimult, shift.py and
 * modifyinput.py.
 */
import type { Sample } from "../data/sample.js";
import type { HeadObjective } from "../objectives/objective.js";

export interface FakeLanguage {
  /** how much larger the copy's ids are: the size of the vocabulary, which is then doubled */
  readonly shift: number;
  /** the copy's places begin here and its segment is 1, so that the languages share no position embedding; 0 where they do */
  readonly firstPosition?: number;
  /** whether the words of the copy stand in the opposite order */
  readonly inverted?: boolean;
}

/**
 * The sample in the other language. Special tokens stay as they are; {@link splitSpecial} divides them too.
 *
 * @example
 * fakeCopy(sample, { shift: 2048 }).ids; // [CLS] 7 8 [SEP] becomes [CLS] 2055 2056 [SEP]
 */
export function fakeCopy(sample: Sample, { shift, firstPosition = 0, inverted = false }: FakeLanguage): Sample {
  const places = [...sample.ids.keys()].filter((i) => !sample.special[i]);
  const ids = sample.ids.slice();
  for (const [k, i] of places.entries()) {
    const from = inverted ? places[places.length - 1 - k]! : i;
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

/** Whether the sample is in the other language. */
function isFake({ ids, special }: Sample, shift: number): boolean {
  return ids.some((id, i) => !special[i] && id >= shift);
}

/** The sample with the other language's special tokens, where it is in that language. */
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
 * The same objective where each language has special tokens of its own, [MASK] among them.
 *
 * @param special ids of the special tokens
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
