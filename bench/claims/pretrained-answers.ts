/** Extractive question answering: pre-trained weights against random weights and the best fixed span. */
import { type Claim, over, shown } from "./harness/claim.js";
import { compareArms, RATES } from "./shared/arms.js";
import { xquad } from "./shared/comparisons.js";

const BUDGET = { epochs: 4, batchSize: 16, maxLength: 128, rates: RATES };
const SEEDS = [1, 2, 3];

export const pretrainedAnswers: Claim = {
  name: "pretrained-answers",
  claim: "fine-tuning pre-trained weights beats training from scratch: extractive question answering (XQuAD, English)",
  source: "Devlin et al. 2019, arXiv:1810.04805; Hao et al. 2019, arXiv:1908.05620; Turc et al. 2019, arXiv:1908.08962",
  published: "direction only; BERT-base reaches 88.5 F1 on SQuAD 1.1, with a hundred times our questions",
  bar: "F1 above random weights and above the best fixed span, each by at least two standard errors (paired over the questions, mean over seeds)",
  setUp: { ...BUDGET, data: "XQuAD en: six tenths of the paragraphs, one tenth to choose rates, three tenths to test" },
  seeds: SEEDS,
  needs: ["model", "xquad"],
  minutes: 45,
  run: (context, seed) => compareArms(context, xquad, BUDGET, { seed, first: SEEDS[0]! }),
  judge(results) {
    const mean = (name: string) => over(results, name).mean;
    const isAbove = (name: string) => mean(name) >= 2 * mean(`${name}_standard_error`);
    return {
      holds: isAbove("gap") && isAbove("over_baseline"),
      ours: `F1 ${shown(over(results, "pretrained"))} against ${shown(over(results, "scratch"))} from scratch (difference ${mean("gap").toFixed(1)}, standard error ${mean("gap_standard_error").toFixed(1)}) and ${shown(over(results, "baseline"))} of the best fixed span (${mean("over_baseline").toFixed(1)}, ${mean("over_baseline_standard_error").toFixed(1)})`,
    };
  },
};
