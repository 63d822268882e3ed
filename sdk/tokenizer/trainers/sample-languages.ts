/**
 * Sampling of languages for training, with small ones upsampled: language i is drawn with a probability proportional to
 * n_i^smoothing (multilingual BERT: 0.7; XLM-R: 0.3, Conneau et al. 2020, section 3.1).
 */
import { exp, log } from "../../math.js";
import { expect } from "../errors.js";

/** Options of {@link sampleLanguages}. */
export interface SampleOptions {
  /** Number of texts to draw. */
  readonly texts: number;
  /** 1 keeps the shares, 0 makes all languages equal. Defaults to 0.7. */
  readonly smoothing?: number;
  /** Number of texts of each language, if the lists hold only some of them. Defaults to their lengths. */
  readonly sizes?: Readonly<Record<string, number>>;
  /** Numbers from [0, 1). */
  readonly random: () => number;
}

const isRecord = (value: unknown): boolean => typeof value === "object" && value !== null;
const isNumber = (value: unknown): boolean => Number.isFinite(value);

/**
 * The share of each language after smoothing (Conneau & Lample 2019, arXiv:1901.07291, section 3.1).
 *
 * @example
 * languageShares({ de: 900, ga: 100 }, 0.5); // { de: 0.75, ga: 0.25 }
 */
export function languageShares(sizes: Readonly<Record<string, number>>, smoothing = 0.7): Record<string, number> {
  const isCount = (value: unknown): boolean => isNumber(value) && (value as number) >= 0;
  expect(
    isCount(smoothing) && isRecord(sizes) && Object.values(sizes).every(isCount),
    "languageShares: sizes must be an object of numbers of at least 0 by language, and smoothing a number of at least 0",
  );
  const names = Object.keys(sizes).filter((name) => sizes[name]! > 0);
  const weights = names.map((name) => exp(smoothing * log(sizes[name]!)));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return Object.fromEntries(names.map((name, i) => [name, weights[i]! / sum]));
}

/**
 * Draw texts (or samples made of them); those of each language are used in order, cyclically.
 *
 * @example
 * [...sampleLanguages({ en: ["one"], de: ["eins"] }, { texts: 4, random: seed(1) })].length; // 4
 */
export function* sampleLanguages<Text = string>(
  languages: Readonly<Record<string, readonly Text[]>>,
  sampling: SampleOptions,
): Generator<Text> {
  expect(isRecord(sampling) && isRecord(languages), "sampleLanguages: languages and options must be objects");
  const { texts, smoothing = 0.7, random, ...options } = sampling;
  const lengths = Object.fromEntries(Object.entries(languages).map(([name, rows]) => [name, rows.length]));
  const shares = Object.entries(languageShares(options.sizes ?? lengths, smoothing));
  expect(shares.length > 0, "sampleLanguages: at least one language with texts was expected");
  const next = new Map<string, number>();
  for (let i = 0; i < texts; i++) {
    let left = random();
    const [name] = shares.find(([, share]) => (left -= share) < 0) ?? shares[shares.length - 1]!;
    const at = next.get(name) ?? 0;
    next.set(name, at + 1);
    const rows = languages[name]!;
    yield rows[at % rows.length]!;
  }
}
