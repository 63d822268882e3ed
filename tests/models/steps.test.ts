/** Models in steps: every family gives the same bits when other passes run within its own, and takes short steps. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { collate, type Sample } from "../../sdk/data/sample.js";
import { Engine } from "../../sdk/engine/engine.js";
import { inferInSteps } from "../../sdk/heads/infer.js";
import { FAMILIES } from "../../sdk/models/families.js";
import type { Encoder } from "../../sdk/models/family/encoder.js";
import type { ModelTask } from "../../sdk/models/family/family.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { atOnce } from "../../sdk/tensor/steps.js";
import { inTurns } from "../../sdk/tensor/turns.js";
import { freshConfig, freshModel } from "../../sdk/train/fresh/fresh-model.js";
import { tinyModel } from "../helpers/tiny-models.js";

const test = suite("models in steps");
const engine = await Engine.create();

const sampleOf = (length: number, seed: number): Sample => {
  const none = new Uint8Array(length);
  const places = Int32Array.from({ length }, (_, i) => i);
  const ids = places.map((i) => 5 + ((Math.imul(i + 1 + 100 * seed, 0x9e3779b1) >>> 9) % 110));
  return { ids, segments: none, special: none, words: places, positions: places, labels: {} };
};

const own = FAMILIES.filter(({ fresh }) => fresh).map(({ type }) => type);

for (const type of own)
  test(`${type}: passes that alternate step by step, and one at once in between`, () => {
    const family = FAMILIES.find((one) => one.type === type)!;
    const task = Object.keys(family.architectures)[0] as ModelTask;
    using made = tinyModel(engine, type, task, { deviation: 0.2 });
    const model = made.model as Encoder;
    const batches = [[7, 12], [20], [3, 3, 9]].map((lengths, i) =>
      collate(lengths.map((n, j) => sampleOf(n, 3 * i + j))),
    );
    const bitsOf = (batch: (typeof batches)[number]) => {
      using _ = new Scope();
      return model.encode(batch).toArray();
    };
    const want = batches.map(bitsOf);
    const resting = engine.liveBytes;
    let steps = 0;
    const running = batches.map((batch) => {
      const scoped = function* () {
        using _ = new Scope();
        return (yield* model.encodeSteps!(batch)).toArray();
      };
      return { pass: scoped(), scopes: null as Scope | null, result: null as Float32Array | null };
    });
    while (running.some(({ result }) => result === null)) {
      for (const one of running) {
        if (one.result) continue;
        Scope.current = one.scopes;
        const { done, value } = one.pass.next();
        one.scopes = Scope.current;
        Scope.current = null;
        if (done) one.result = value;
        steps++;
      }
      assert.equal(bitsOf(batches[0]!), want[0]);
    }
    assert.equal(
      running.map(({ result }) => result),
      want,
    );
    // Each of the two layers is several steps, and so are the embeddings before them.
    assert.ok(steps >= 3 * 9, `${steps} steps`);
    assert.is(engine.liveBytes, resting);
  });

/** Milliseconds of processor time of this thread where the runtime tells them, of the process otherwise. */
const cpu = (): number => {
  const { user, system } =
    (process as { threadCpuUsage?: () => NodeJS.CpuUsage }).threadCpuUsage?.() ?? process.cpuUsage();
  return (user + system) / 1000;
};

/**
 * MiniLM's sizes with random weights: the time of a step does not depend on values.
 *
 * Processor time, not time on the clock: other programs on the machine lengthen the latter only. They do fill caches and
 * slow the former somewhat, so the bound is on the least of several rounds: a step that is too long is so in each.
 */
test("no turn of a model of MiniLM's size is longer than 50 ms, and turns cost less than a twentieth", async () => {
  const sizes = { numHiddenLayers: 6, hiddenSize: 384, numAttentionHeads: 12, intermediateSize: 1536 };
  const config = freshConfig("bert", { vocabSize: 1000, ...sizes, maxPositionEmbeddings: 512, dropout: 0 });
  using made = freshModel(engine, config, "feature-extraction", 1);
  const samples = [sampleOf(512, 1), ...Array.from({ length: 24 }, (_, i) => sampleOf(20 + i, i))];
  const steps = () => inferInSteps(made.model, samples, "tokens", (_, hidden) => hidden);
  let [longest, atOnceTime, inTurnsTime] = [Infinity, Infinity, Infinity];
  let bits: Float32Array[] = [];
  const ratio = () => inTurnsTime / atOnceTime;
  for (let round = 0; round < 6 && (round < 2 || longest > 50 || ratio() > 1.05); round++) {
    const before = cpu();
    bits = atOnce(steps());
    const between = cpu();
    let [turn, longestTurn] = [between, 0];
    const ended = () => {
      longestTurn = Math.max(longestTurn, cpu() - turn);
    };
    const yieldTurn = async () => {
      ended();
      await new Promise((resolve) => setImmediate(resolve));
      turn = cpu();
    };
    const found = await inTurns(steps(), {}, { now: cpu, yieldTurn });
    ended();
    assert.equal(found, bits);
    longest = Math.min(longest, longestTurn);
    atOnceTime = Math.min(atOnceTime, between - before);
    inTurnsTime = Math.min(inTurnsTime, cpu() - between);
  }
  console.log(`longest turn ${longest.toFixed(1)} ms, time in turns ${ratio().toFixed(3)} of the time at once`);
  assert.ok(longest <= 50, `a turn took ${longest} ms`);
  assert.ok(ratio() <= 1.05, `in turns ${inTurnsTime} ms, at once ${atOnceTime} ms`);
});

test.run();
