/** One text, corrupted in the five ways of BART (Lewis et al. 2020, figure 2). */
import { denoising } from "cloze";
import { sampleOf, seed as seedOf } from "cloze/data";
import type { Tokenizer } from "cloze/tokenizer";

const TEXT = "The old man gave his dog a piece of bread. The dog carried it into the garden. Nobody saw it again.";

export interface Corruptions {
  readonly text: string;
  readonly corrupted: readonly { readonly name: string; readonly text: string }[];
}

export function corruptions(tokenizer: Tokenizer, seed: number): Corruptions {
  const full = tokenizer.id(".");
  const endsSentence = (id: number) => id === full;
  const ways = {
    "token masking": denoising({ tokenizer, tokenNoise: "mask" }),
    "token deletion": denoising({ tokenizer, tokenNoise: "delete" }),
    "text infilling": denoising({ tokenizer, tokenNoise: "infill" }),
    "sentence permutation": denoising({ tokenizer, tokenNoise: "none", permuteSentences: 1, endsSentence }),
    "document rotation": denoising({ tokenizer, tokenNoise: "none", rotate: 1 }),
  };
  const sample = sampleOf(tokenizer.encode(TEXT));
  const { cls, sep, mask } = tokenizer.special;
  /** The text of ids, with masks but without [CLS] and [SEP]. */
  const shown = (ids: Int32Array): string => {
    const kept = ids.filter((id) => id !== cls && id !== sep);
    return tokenizer.decode(kept).replaceAll(tokenizer.token(mask!)!, "_____");
  };
  return {
    text: TEXT,
    corrupted: Object.entries(ways).map(([name, corrupt]) => ({
      name,
      text: shown(corrupt(sample, seedOf(seed)).ids),
    })),
  };
}
