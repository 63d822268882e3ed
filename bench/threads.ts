/** The same work on one thread and on as many as the machine has cores, in turn; the bits are compared too. */
import { availableParallelism } from "node:os";
import { collate } from "../sdk/data/sample.js";
import { Engine } from "../sdk/engine/engine.js";
import type { Build } from "../sdk/engine/source.js";
import { Scope } from "../sdk/tensor/scope.js";
import { BASE, freshModel, MINI, MINILM, randomIds, type Size } from "./bert.js";
import type { Subject } from "./measure.js";
import { sequence } from "./model.js";
import { TRAINING_BATCH, trainingSteps } from "./train.js";

/** Models, rows, and tokens per row. */
const FORWARD = [
  [MINI, 1, 16],
  [MINILM, 1, 16],
  [MINILM, 1, 128],
  [MINILM, 8, 128],
  [BASE, 1, 128],
] as const;

/** What `make` gives, made when it is first wanted: a run with `--only` makes few of the models. */
function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

type Pair<T> = readonly [one: T, all: T];

function forwardSubject(engines: Pair<Engine>, size: Size, rows: number, length: number): Subject {
  const { threads } = engines[1];
  const name = `${size.name} ${rows} x ${length}, ${threads} threads`;
  const passes = lazily(() => {
    const ids = randomIds(rows * length, size.vocabulary);
    const sequences = Array.from({ length: rows }, (_, row) => sequence(ids.slice(row * length, (row + 1) * length)));
    const batch = collate(sequences);
    const [one, all] = engines.map((engine) => {
      const model = freshModel(engine, size);
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
    ...{ name, model: size.name, batch: rows, tokens: rows * length, threads },
    run: () => void passes()[1](),
    onOneThread: () => void passes()[0](),
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
    onOneThread: () => steps()[0]!(),
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
    ...FORWARD.map(([size, rows, length]) => forwardSubject(engines, size, rows, length)),
    ...[MINI, MINILM].map((size) => trainingSubject(engines, size)),
  ];
}
