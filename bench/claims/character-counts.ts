/** What counting letters reaches: the levels that a character model has to pass. */
import { countedLevels } from "../../examples/lesson/characters.js";
import { type Claim, over } from "./harness/claim.js";
import { shakespeare } from "./shared/letters.js";

/** Validation nats of one, two and three letters, measured with an independent program. */
const EXPECTED = { unigram: 3.347, bigram: 2.484, trigram: 2.046 };
const TOLERANCE = 0.005;

export const characterCounts: Claim = {
  name: "character-counts",
  claim: "counts of one, two and three letters of tiny Shakespeare reach known levels",
  source: "Shannon 1951; levels by an independent program on the data of karpathy/char-rnn",
  published: "validation nats a letter 3.347, 2.484, 2.046; 1,115,394 letters, 65 different",
  bar: "each level within 0.005 nats; the numbers of letters exact",
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
      ours: `${of("unigram").toFixed(3)}, ${of("bigram").toFixed(3)}, ${of("trigram").toFixed(3)} nats; ${of("letters")} letters, ${of("different")} different`,
    };
  },
};
