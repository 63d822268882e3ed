/** BART's corruptions as pre-training objectives, compared. */
import { denoising, sequenceToSequence } from "cloze";
import { aboveZero, type Claim, type Figures, over } from "./harness/claim.js";
import { type Denoiser, probed, SEQ2SEQ, type Texts, textsOf } from "./shared/seq2seq.js";

const STEPS = 800;
const NAMES = ["masking", "deletion", "infilling", "shuffling", "rotation"] as const;
type Name = (typeof NAMES)[number];

function objectives({ tokenizer }: Texts): Record<Name, Denoiser> {
  const stop = tokenizer.id(".");
  const endsSentence = (id: number) => id === stop;
  const of = (options: Partial<Parameters<typeof denoising>[0]>) =>
    sequenceToSequence("bart", denoising({ tokenizer, endsSentence, ...options }));
  return {
    masking: of({ tokenNoise: "mask" }),
    deletion: of({ tokenNoise: "delete" }),
    infilling: of({ tokenNoise: "infill" }),
    shuffling: of({ tokenNoise: "none", permuteSentences: 1 }),
    rotation: of({ tokenNoise: "none", rotate: 1 }),
  };
}

const FIRST = ["masking", "deletion", "infilling"] as const;

/** Differences of two figures seed by seed: b - a. */
const differences = (results: readonly Figures[], a: string, b: string) =>
  over(
    results.map((figures) => ({ by: figures[b]! - figures[a]! })),
    "by",
  );

export const bartCorruptions: Claim = {
  name: "bart-corruptions",
  claim:
    "token masking, token deletion and text infilling are better pre-training objectives than sentence permutation, which is better than document rotation",
  source: "Lewis et al. 2020, arXiv:1910.13461, table 1",
  published:
    "SQuAD F1 / CNN-DM perplexity: masking 90.4 / 6.10, deletion 90.4 / 5.87, infilling 90.8 / 5.83, shuffling 85.4 / 7.89, rotation 77.2 / 10.59",
  bar: "in perplexity of next sentences and in classification each of masking, deletion, infilling beats shuffling and that rotation, intervals of the paired differences above 0; rotation at least 5 % and 2 points behind infilling",
  setUp: { ...SEQ2SEQ, steps: STEPS, corruptions: NAMES },
  seeds: [1, 2, 3],
  needs: ["wikitext2", "movie-reviews"],
  minutes: 43,
  async run(context, seed) {
    const texts = await textsOf(context);
    const made = objectives(texts);
    const figures: Record<string, number> = {};
    for (const name of NAMES) {
      const { perplexity, accuracy } = await probed(context, texts, {
        key: name,
        objective: made[name],
        steps: STEPS,
        seed,
      });
      figures[`perplexity_${name}`] = perplexity;
      figures[`accuracy_${name}`] = accuracy;
    }
    return figures;
  },
  judge(results) {
    const beats = (better: Name, worse: Name) =>
      aboveZero(differences(results, `perplexity_${better}`, `perplexity_${worse}`)) &&
      aboveZero(differences(results, `accuracy_${worse}`, `accuracy_${better}`));
    const mean = (kind: string, name: Name) => over(results, `${kind}_${name}`).mean;
    const far =
      mean("perplexity", "rotation") > 1.05 * mean("perplexity", "infilling") &&
      mean("accuracy", "infilling") - mean("accuracy", "rotation") > 2;
    return {
      holds: FIRST.every((name) => beats(name, "shuffling")) && beats("shuffling", "rotation") && far,
      ours: `perplexity / accuracy: ${NAMES.map((name) => `${name} ${mean("perplexity", name).toFixed(1)} / ${mean("accuracy", name).toFixed(1)}`).join(", ")}`,
    };
  },
};
