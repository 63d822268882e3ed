/**
 * UL2's mixture of denoisers: seven span corruptions, short and long, dense and sparse, and a prefix language model, one drawn
 * for each text and announced by a mode token. Tay et al. 2022 (arXiv:2205.05131), section 3.1 and table 1; the modes are
 * written [NLU], [S2S] and [NLG] as in the published models.
 */
import type { Sample } from "../data/sample.js";
import type { Rng } from "../tensor/random.js";
import type { Tokenizer } from "../tokenizer/index.js";
import { roundHalfEven } from "./masked-lm.js";
import { plainIds, sentinelsOf, sourceAndTarget, sourceSample, spanNoise } from "./span-corruption.js";

/** One denoiser of the mixture. */
export interface Denoiser {
  /** the mode token at the start of the source: regular, sequential or extreme denoising */
  readonly mode: "[NLU]" | "[S2S]" | "[NLG]";
  /** share of tokens that are corrupted */
  readonly noiseDensity: number;
  /** mean length of a corrupted span in tokens; null: one span, the end of the text (prefix LM) */
  readonly meanSpanLength: number | null;
}

/** Table 1 of the paper: R-, S- and X-denoisers, all equally likely. */
export const UL2_DENOISERS: readonly Denoiser[] = [
  { mode: "[NLU]", noiseDensity: 0.15, meanSpanLength: 3 },
  { mode: "[NLU]", noiseDensity: 0.15, meanSpanLength: 8 },
  { mode: "[S2S]", noiseDensity: 0.25, meanSpanLength: null },
  { mode: "[NLG]", noiseDensity: 0.5, meanSpanLength: 3 },
  { mode: "[NLG]", noiseDensity: 0.5, meanSpanLength: 8 },
  { mode: "[NLG]", noiseDensity: 0.15, meanSpanLength: 64 },
  { mode: "[NLG]", noiseDensity: 0.5, meanSpanLength: 64 },
];

export interface Ul2Options {
  readonly tokenizer: Pick<Tokenizer, "id" | "special" | "encode">;
  /** the mixture; the seven of the paper */
  readonly denoisers?: readonly Denoiser[];
}

/** Which of `length` tokens a denoiser corrupts. */
export function ul2Noise(length: number, { noiseDensity, meanSpanLength }: Denoiser, rng: Rng): boolean[] {
  if (meanSpanLength !== null) return spanNoise(length, rng, noiseDensity, meanSpanLength);
  const target = Math.min(length - 1, Math.max(1, roundHalfEven(noiseDensity * length)));
  return Array.from({ length }, (_, i) => i >= length - target);
}

/**
 * The corruption for `sequenceToSequence`. Special tokens of the sample are removed first.
 *
 * @example
 * sequenceToSequence("ul2", ul2({ tokenizer }));
 * @throws {TokenizerError} when the tokenizer has no sentinels
 */
export function ul2({ tokenizer, denoisers = UL2_DENOISERS }: Ul2Options): (sample: Sample, rng: Rng) => Sample {
  const sentinels = sentinelsOf(tokenizer);
  const modes = new Map(
    denoisers.map(({ mode }) => [mode, tokenizer.encode(mode, undefined, { special: false }).ids] as const),
  );
  return (sample, rng) => {
    const denoiser = denoisers[rng.integer(denoisers.length)]!;
    const ids = plainIds(sample);
    const { source, target } = sourceAndTarget(ids, ul2Noise(ids.length, denoiser, rng), sentinels);
    return sourceSample(Int32Array.from([...modes.get(denoiser.mode)!, ...source]), target, sentinels);
  };
}
