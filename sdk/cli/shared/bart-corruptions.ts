/** BART's corruptions, by the names that `corrupt` and `pretrain` have for them. */
import { type BartNoiseOptions, denoising } from "cloze";
import type { Tokenizer } from "cloze/tokenizer";

/** As published all of a text's words are infilled and its sentences permuted; the others are one corruption alone. */
const NOISES: Readonly<Record<string, Partial<BartNoiseOptions>>> = {
  bart: { permuteSentences: 1 },
  "bart-mask": { tokenNoise: "mask" },
  "bart-delete": { tokenNoise: "delete" },
  "bart-infill": { tokenNoise: "infill" },
  "bart-permute": { tokenNoise: "none", permuteSentences: 1 },
  "bart-rotate": { tokenNoise: "none", rotate: 1 },
};

export const BART_CORRUPTIONS: readonly string[] = Object.keys(NOISES);

/** Sentence ends of most languages, for permuting sentences. */
const STOPS = [".", "!", "?", "。", "！", "？"];

/** The corruption of a name. */
export function bartCorruption(name: string, tokenizer: Tokenizer, rate: number | undefined) {
  const stops = new Set(STOPS.map((stop) => tokenizer.id(stop)));
  return denoising({
    tokenizer,
    endsSentence: (id) => stops.has(id),
    ...(rate !== undefined && { maskingRate: rate }),
    ...NOISES[name],
  });
}
