/** Whole training steps: corruption, forward, backward, clipping and AdamW. */
import { Engine } from "../sdk/engine/engine.js";
import type { Build } from "../sdk/engine/source.js";
import { maskedCount, maskedLm } from "../sdk/objectives/masked-lm.js";
import { single } from "../sdk/objectives/objective.js";
import { train } from "../sdk/train/loop/train.js";
import { adamW } from "../sdk/train/optim/optimizer.js";
import { bodyOperations, freshModel, headOperations, MINI, randomIds } from "./bert.js";
import type { Subject } from "./measure.js";
import { sequence } from "./model.js";

const ROWS = 32;
const LENGTH = 64;
const RATE = 0.15;

/** BERT-mini, masked LM, 32 rows of 64 tokens, dropout 0.1. Operations are three times those of the forward products. */
export async function trainSubjects(build: Build): Promise<Subject[]> {
  const engine = await Engine.create({ build });
  const model = freshModel(engine, MINI);
  const ids = randomIds(ROWS * LENGTH, MINI.vocabulary);
  const samples = Array.from({ length: ROWS }, (_, row) => sequence(ids.slice(row * LENGTH, (row + 1) * LENGTH)));
  const steps = train({
    engine,
    model,
    objective: single(maskedLm({ tokenizer: { size: MINI.vocabulary, special: { mask: 4 } }, maskingRate: RATE })),
    samples: () => samples,
    optimizer: adamW(model.weights),
    learningRate: () => 1e-4,
    batchSize: ROWS,
    seed: 1,
    steps: Number.MAX_SAFE_INTEGER,
  });
  const predicted = ROWS * maskedCount(LENGTH, RATE, LENGTH);
  return [
    {
      name: `training step of ${MINI.name}, ${ROWS} x ${LENGTH}`,
      model: MINI.name,
      batch: ROWS,
      tokens: ROWS * LENGTH,
      operations: 3 * (bodyOperations(MINI, ROWS, LENGTH) + headOperations(MINI, predicted)),
      async run() {
        await steps.next();
      },
    },
  ];
}
