/** The cost of BERT's pre-training, estimated from its sizes. */
import { Engine, freshConfig, freshModel } from "cloze";
import type { Claim } from "./harness/claim.js";

/** Floating-point operations of training on some tokens: six per weight and token, and attention's products. */
const flopsOf = (tokens: number, weights: number, layers: number, length: number, width: number): number =>
  tokens * (6 * weights + 12 * layers * length * width);

const [BATCH, STEPS] = [256, 1_000_000];
const SIZES = { base: { layers: 12, width: 768 }, large: { layers: 24, width: 1024 } };
/** The effective rate of two CPU cores that the estimated minutes of all claims assume, in FLOP/s. */
const [RATE, YEAR] = [30e9, 365.25 * 86_400];

/** Weights of the matrix products in all layers, counted in a model of a sixteenth of the width. */
async function multiplied(layers: number, width: number): Promise<number> {
  const engine = await Engine.create();
  const small = width / 16;
  const config = freshConfig("bert", {
    ...{
      vocabSize: 10,
      numHiddenLayers: 1,
      hiddenSize: small,
      numAttentionHeads: 4,
      maxPositionEmbeddings: 8,
      dropout: 0,
    },
  });
  using loaded = freshModel(engine, config, "feature-extraction", 1);
  let count = 0;
  for (const [name, { shape, size }] of loaded.weights.entries())
    if (name.includes("layer.0.") && shape.length === 2) count += size;
  engine.dispose();
  // Every matrix of a layer grows with the square of the width.
  return count * 16 * 16 * layers;
}

export const trainingCost: Claim = {
  name: "training-cost",
  claim:
    "pre-training BERT-base costs 6.4e19 operations if every step has length 512, and a third of that with the lengths actually used",
  source: "Devlin et al. 2019; Clark et al. 2020, arXiv:2003.10555, table 1",
  published: "6.4e19 (large: 1.9e20); four days on 16 (64) TPU chips",
  bar: "our estimates for the products of all layers within 10 % of 6.7e19 (256 x 512 x 1 M tokens, 85 M weights) and of 2.3e19 with nine steps in ten at length 128; base within 15 % of the published 6.4e19",
  setUp: { batch: BATCH, steps: STEPS, rate: RATE },
  seeds: [1],
  needs: [],
  minutes: 1,
  async run() {
    const base = await multiplied(SIZES.base.layers, SIZES.base.width);
    const large = await multiplied(SIZES.large.layers, SIZES.large.width);
    const plain = (weights: number, tokens: number) => 6 * weights * tokens;
    const all = BATCH * 512 * STEPS;
    const short = BATCH * STEPS * (0.9 * 128 + 0.1 * 512);
    return {
      weights_base: base,
      weights_large: large,
      base: plain(base, all),
      large: plain(large, all),
      base_as_done: plain(base, short),
      base_with_attention: flopsOf(all, base, SIZES.base.layers, 512, SIZES.base.width),
      years_on_two_cores: plain(base, all) / RATE / YEAR,
      years_as_done: plain(base, short) / RATE / YEAR,
    };
  },
  judge([figures]) {
    const of = (name: string) => figures![name]!;
    const within = (value: number, wanted: number, share: number) => Math.abs(value / wanted - 1) <= share;
    return {
      holds:
        within(of("base"), 6.7e19, 0.1) && within(of("base_as_done"), 2.3e19, 0.1) && within(of("base"), 6.4e19, 0.15),
      ours: `${of("base").toExponential(2)} base, ${of("large").toExponential(2)} large (above the published figure, which the bar leaves out), ${of("base_as_done").toExponential(2)} with the lengths used; ${of("years_on_two_cores").toFixed(0)} and ${of("years_as_done").toFixed(0)} years at 30 GFLOP/s`,
    };
  },
};
