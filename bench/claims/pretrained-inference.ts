/** Natural language inference: pre-trained against random weights. */
import { aboveZero, type Claim, over, shown } from "./harness/claim.js";
import { compareArms, RATES } from "./shared/arms.js";
import { snli } from "./shared/comparisons.js";

const BUDGET = { epochs: 3, batchSize: 16, maxLength: 64, rates: RATES };
const SEEDS = [1, 2, 3];

export const pretrainedInference: Claim = {
  name: "pretrained-inference",
  claim: "fine-tuning pre-trained weights beats training from scratch: natural language inference (SNLI)",
  source: "Devlin et al. 2019, arXiv:1810.04805; Hao et al. 2019, arXiv:1908.05620; Turc et al. 2019, arXiv:1908.08962",
  published:
    "MNLI: BERT-tiny 70.2 %, BERT-mini 74.8 %, with forty times our training pairs; lower from scratch (figures only)",
  bar: "gap of at least 3 points in accuracy, its interval over seeds above 0",
  setUp: { ...BUDGET, data: "SNLI: nine tenths of its dev file, one tenth to choose rates, its test file" },
  seeds: SEEDS,
  needs: ["model", "snli"],
  minutes: 51,
  explanation:
    "pre-training wins with every seed, by 2.8, 3.0 and 3.0 points, six standard errors each; the mean, 2.94, is just below the bar",
  run: (context, seed) => compareArms(context, snli, BUDGET, { seed, first: SEEDS[0]! }),
  judge(results) {
    const gap = over(results, "gap");
    return {
      holds: gap.mean >= 3 && aboveZero(gap),
      ours: `${shown(over(results, "pretrained"))} % against ${shown(over(results, "scratch"))} %, gap ${shown(gap)} points; most frequent class ${shown(over(results, "baseline"))} %`,
    };
  },
};
