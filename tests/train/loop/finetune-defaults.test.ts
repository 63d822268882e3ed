import { suite } from "uvu";
import * as assert from "uvu/assert";
import { LabelSet } from "../../../sdk/heads/labels.js";
import { adapt } from "../../../sdk/io/pretrained/adapter.js";
import { finetune } from "../../../sdk/train/loop/finetune.js";
import { finetuneDefaults } from "../../../sdk/train/loop/finetune-defaults.js";
import { balancedClassWeights } from "../../../sdk/train/tasks/class-weights.js";
import { classifyTask, type LabelledText } from "../../../sdk/train/tasks/classify.js";
import { regressTask } from "../../../sdk/train/tasks/regress.js";
import { tagTask } from "../../../sdk/train/tasks/tag.js";
import { engines } from "../../helpers/engines.js";
import { near } from "../../helpers/near.js";
import { LENGTH, smallBert, tokenizer } from "../../helpers/small-bert.js";

const test = suite("defaults of fine-tuning");
const [engine] = engines;
const labels = new LabelSet(["animal", "weather"]);
const settings = { tokenizer, labels, maxLength: LENGTH };
const task = classifyTask("classify");
const row = (text: string, label: string): LabelledText => ({ text, label });
/** Nine of one class to one of the other. */
const TRAIN = [...Array.from({ length: 9 }, () => row("the cat sat", "animal")), row("the sun is up", "weather")];

test("few examples get many epochs, many get three, and a long batch counts for several", async () => {
  using loaded = await smallBert(engine!, "sequence-classification", labels);
  const epochs = [10, 500, 5000, 8530, 100_000].map((n) => finetuneDefaults(loaded, n).epochs);
  assert.equal(epochs, [20, 20, 5, 3, 3]);
  assert.equal(finetuneDefaults(loaded, 5000, 64).epochs, 19);
  assert.equal(finetuneDefaults(loaded, 500), { learningRate: 3e-4, batchSize: 16, epochs: 20, patience: 5 });
  assert.is(finetuneDefaults(adapt(loaded, { r: 2 }), 500).learningRate, 1e-3);
});

test("omitted options have defaults; patience has one only with default epochs", async () => {
  const epochsOf = async (extra: object) => {
    using loaded = await smallBert(engine!, "sequence-classification", labels);
    let count = 0;
    for await (const event of finetune({ loaded, task, settings, train: TRAIN, dev: TRAIN, seed: 1, ...extra }))
      if (event.kind === "epoch") count = event.epoch;
    return count;
  };
  // At this rate nothing changes: the first epoch stays the best one.
  assert.is(await epochsOf({ learningRate: 1e-9 }), 6);
  assert.is(await epochsOf({ learningRate: 1e-9, epochs: 9 }), 9);
  assert.is(await epochsOf({ learningRate: 1e-9, epochs: 9, patience: 2 }), 3);
});

test("balanced weights: every class counts for as much; absent ones weigh 1", () => {
  near(balancedClassWeights(task, TRAIN, labels), [10 / 18, 5], { atol: 1e-12 });
  const three = new LabelSet(["animal", "food", "weather"]);
  near(balancedClassWeights(task, TRAIN, three), [10 / 18, 1, 5], { atol: 1e-12 });
  const tags = new LabelSet(["DET", "NOUN"]);
  const sentences = [
    { words: ["a", "cat", "dogs"], tags: ["DET", "NOUN", "NOUN"], offsets: new Int32Array(6), text: "a cat dogs" },
  ];
  near(balancedClassWeights(tagTask, sentences, tags), [1.5, 0.75], { atol: 1e-12 });
});

test("with balanced weights the first loss is the mean of the classes' losses, not of the texts'", async () => {
  const firstLoss = async (extra: object, train: readonly LabelledText[]) => {
    using loaded = await smallBert(engine!, "sequence-classification", labels, {
      hidden_dropout_prob: 0,
      attention_probs_dropout_prob: 0,
    });
    for await (const event of finetune({ loaded, task, settings, train, seed: 1, epochs: 1, batchSize: 16, ...extra }))
      if (event.kind === "step") return event.step.loss;
    return Number.NaN;
  };
  const even = await firstLoss({}, [TRAIN[0]!, TRAIN[9]!]);
  // The same sums in another order, in f32.
  near([await firstLoss({ classWeights: "balanced" }, TRAIN)], [even], { atol: 1e-6 });
  near([await firstLoss({ classWeights: [0, 1] }, TRAIN)], [await firstLoss({}, [TRAIN[9]!])], { atol: 1e-6 });
});

test("weights that do not fit the task or its labels are refused", async () => {
  using loaded = await smallBert(engine!, "sequence-classification", labels);
  const start = (classWeights: never) =>
    finetune({ loaded, task, settings, train: TRAIN, seed: 1, epochs: 1, classWeights }).next();
  for (const weights of [[1], [1, -1], "even"]) {
    try {
      await start(weights as never);
      assert.unreachable();
    } catch (error) {
      assert.match((error as Error).message, /classWeights/);
    }
  }
  assert.throws(() => balancedClassWeights(regressTask(), [], labels), /the task regress has none/);
});

test.run();
