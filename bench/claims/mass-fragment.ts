/** The length of MASS's masked fragment. */
import { mass } from "cloze";
import { type Claim, over } from "./harness/claim.js";
import { probed, SEQ2SEQ, textsOf } from "./shared/seq2seq.js";

const STEPS = 1400;
/** Shares of the sequence. The smallest is one token, as in BERT; the largest is everything, as in GPT. */
const SHARES = { one_token: 0, half: 0.5, all: 1 } as const;

export const massFragment: Claim = {
  name: "mass-fragment",
  claim:
    "MASS works best with about half of the sentence masked: one token (as in BERT) and all of it (as in GPT) are worse",
  source: "Song et al. 2019, arXiv:1905.02450, figure 5",
  published: "perplexity and BLEU best at 50 %, worst at the extremes (figures only)",
  bar: "perplexity of next sentences at 50 % below both extremes, by more than one standard deviation over the seeds",
  setUp: { ...SEQ2SEQ, steps: STEPS, shares: SHARES },
  seeds: [1, 2, 3],
  needs: ["wikitext2", "movie-reviews"],
  minutes: 40,
  async run(context, seed) {
    const texts = await textsOf(context);
    const figures: Record<string, number> = {};
    for (const [name, maskingRate] of Object.entries(SHARES)) {
      const objective = mass({ tokenizer: texts.tokenizer, maskingRate });
      const { perplexity, accuracy } = await probed(context, texts, { key: name, objective, steps: STEPS, seed });
      figures[`perplexity_${name}`] = perplexity;
      figures[`accuracy_${name}`] = accuracy;
    }
    return figures;
  },
  judge(results) {
    const isWorse = (name: keyof typeof SHARES) => {
      const by = results.map((figures) => ({ by: figures[`perplexity_${name}`]! - figures["perplexity_half"]! }));
      const { mean, standardDeviation } = over(by, "by");
      return mean > 0 && mean > standardDeviation;
    };
    const shown = Object.keys(SHARES).map(
      (name) => `${name.replace("_", " ")} ${over(results, `perplexity_${name}`).mean.toFixed(1)}`,
    );
    return { holds: isWorse("one_token") && isWorse("all"), ours: `perplexity ${shown.join(", ")}` };
  },
};
