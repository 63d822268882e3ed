/** Losses of letter n-grams: the levels that a character model must pass. */
import { countedLevels } from "../../examples/lesson/characters.js";
import { type Claim, over } from "./harness/claim.js";
import { shakespeare } from "./shared/letters.js";

/** Validation loss in nats per letter, measured with an independent program. */
const EXPECTED = { unigram: 3.347, bigram: 2.484, trigram: 2.046 };
const TOLERANCE = 0.005;

export const characterCounts: Claim = {
  name: "character-counts",
  claim: "unigram, bigram and trigram counts of the letters of tiny Shakespeare give known losses",
  source: "Shannon 1951; losses from an independent program on the data of karpathy/char-rnn",
  published: "validation loss 3.347, 2.484, 2.046 nats per letter; 1,115,394 letters, 65 distinct",
  bar: "each loss within 0.005 nats; both numbers of letters exact",
  setUp: { added: 0.1, data: "tiny Shakespeare, last tenth for validation", tolerance: TOLERANCE },
  seeds: [1],
  needs: ["tiny-shakespeare"],
  minutes: 1,
  async run(context) {
    const letters = shakespeare(context);
    const [unigram, bigram, trigram] = countedLevels(letters.training, letters.ids, letters.letters.length);
    return {
      unigram: unigram!,
      bigram: bigram!,
      trigram: trigram!,
      letters: letters.ids.length,
      different: letters.letters.length,
    };
  },
  judge(results) {
    const of = (name: string) => over(results, name).mean;
    const close = Object.entries(EXPECTED).every(([name, level]) => Math.abs(of(name) - level) <= TOLERANCE);
    return {
      holds: close && of("letters") === 1_115_394 && of("different") === 65,
      ours: `${of("unigram").toFixed(3)}, ${of("bigram").toFixed(3)}, ${of("trigram").toFixed(3)} nats; ${of("letters")} letters, ${of("different")} distinct`,
    };
  },
};
