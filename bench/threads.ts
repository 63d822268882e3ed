/** The same work on one thread and on as many as the machine has cores, in turn; the bits are compared too. */
import { availableParallelism } from "node:os";
import { collate } from "../sdk/data/sample.js";
import { Engine } from "../sdk/engine/engine.js";
import type { Build } from "../sdk/engine/source.js";
import type { WeightDtype } from "../sdk/tensor/compact-panels.js";
import { Scope } from "../sdk/tensor/scope.js";
import { BASE, freshModel, MINI, MINILM, randomIds, type Size } from "./bert.js";
import type { Subject } from "./measure.js";
import { sequence } from "./model.js";
import { TRAINING_BATCH, trainingSteps } from "./train.js";

/** Models, rows, tokens per row, and how weights are kept. */
const FORWARD = [
  [MINI, 1, 16, "f32"],
  [MINILM, 1, 16, "f32"],
  [MINILM, 1, 128, "f32"],
  [MINILM, 8, 128, "f32"],
  [BASE, 1, 128, "f32"],
  [MINILM, 1, 128, "q8"],
  [MINILM, 8, 128, "q8"],
  [BASE, 1, 128, "q8"],
] as const;

/** The result of `make`, made on first use: a run with `--only` makes few of the models. */
function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

type Pair<T> = readonly [one: T, all: T];

function forwardSubject(engines: Pair<Engine>, size: Size, rows: number, length: number, dtype: WeightDtype): Subject {
  const { threads } = engines[1];
  const name = `${size.name} ${rows} x ${length}${dtype === "f32" ? "" : `, ${dtype}`}, ${threads} threads`;
  const passes = lazily(() => {
    const ids = randomIds(rows * length, size.vocabulary);
    const sequences = Array.from({ length: rows }, (_, row) => sequence(ids.slice(row * length, (row + 1) * length)));
    const batch = collate(sequences);
    const [one, all] = engines.map((engine) => {
      const model = freshModel(engine, size, dtype);
      return (): Float32Array => {
        using _ = new Scope();
        return model.encode(batch).toArray();
      };
    }) as [() => Float32Array, () => Float32Array];
    if (Buffer.compare(Buffer.from(one().buffer), Buffer.from(all().buffer)) !== 0)
      throw new Error(`${name}: the number of threads changed the bits`);
    return [one, all] as const;
  });
  return {
    ...{ name, model: size.name, batch: rows, tokens: rows * length, threads, dtype },
    run: () => void passes()[1](),
    other: { name: "one thread", run: () => void passes()[0]() },
  };
}

function trainingSubject(engines: Pair<Engine>, size: Size): Subject {
  const { threads } = engines[1];
  const [rows, length] = TRAINING_BATCH;
  const steps = lazily(() => engines.map((engine) => trainingSteps(engine, size)));
  return {
    name: `training step of ${size.name}, ${rows} x ${length}, ${threads} threads`,
    ...{ model: size.name, batch: rows, tokens: rows * length, threads },
    run: () => steps()[1]!(),
    other: { name: "one thread", run: () => steps()[0]!() },
  };
}

export async function threadSubjects(build: Build): Promise<Subject[]> {
  const threads = availableParallelism();
  if (threads === 1) {
    console.error("skipped: threads (this machine has one core)");
    return [];
  }
  const engines = [await Engine.create({ build }), await Engine.create({ build, threads })] as const;
  if (engines[1].threads !== threads) throw new Error(`the engine has ${engines[1].threads} threads, not ${threads}`);
  return [
    ...FORWARD.map(([size, rows, length, dtype]) => forwardSubject(engines, size, rows, length, dtype)),
    ...[MINI, MINILM].map((size) => trainingSubject(engines, size)),
  ];
}
