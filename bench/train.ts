/** Whole training steps: corruption, forward, backward, clipping and AdamW. */
import { Engine } from "../sdk/engine/engine.js";
import type { Build } from "../sdk/engine/source.js";
import { maskedCount, maskedLm } from "../sdk/objectives/masked-lm.js";
import { single } from "../sdk/objectives/objective.js";
import { train } from "../sdk/train/loop/train.js";
import { adamW } from "../sdk/train/optim/adamw.js";
import { bodyOperations, freshModel, headOperations, MINI, randomIds, type Size } from "./bert.js";
import type { Subject } from "./measure.js";
import { sequence } from "./model.js";

/** Rows and tokens of each. */
export const TRAINING_BATCH = [32, 64] as const;
const RATE = 0.15;

/** Training steps one after another: masked LM on random tokens, dropout 0.1. */
export function trainingSteps(engine: Engine, size: Size): () => Promise<void> {
  const [rows, length] = TRAINING_BATCH;
  const model = freshModel(engine, size);
  const ids = randomIds(rows * length, size.vocabulary);
  const samples = Array.from({ length: rows }, (_, row) => sequence(ids.slice(row * length, (row + 1) * length)));
  const steps = train({
    engine,
    model,
    objective: single(maskedLm({ tokenizer: { size: size.vocabulary, special: { mask: 4 } }, maskingRate: RATE })),
    samples: () => samples,
    optimizer: adamW(model.weights),
    learningRate: () => 1e-4,
    batchSize: rows,
    seed: 1,
    steps: Number.MAX_SAFE_INTEGER,
  });
  return async () => {
    await steps.next();
  };
}

/** BERT-mini. Operations are three times those of the forward products. */
export async function trainSubjects(build: Build): Promise<Subject[]> {
  const [rows, length] = TRAINING_BATCH;
  const predicted = rows * maskedCount(length, RATE, length);
  return [
    {
      name: `training step of ${MINI.name}, ${rows} x ${length}`,
      model: MINI.name,
      batch: rows,
      tokens: rows * length,
      operations: 3 * (bodyOperations(MINI, rows, length) + headOperations(MINI, predicted)),
      run: trainingSteps(await Engine.create({ build }), MINI),
    },
  ];
}
