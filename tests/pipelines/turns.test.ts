/** The awaitable form of a model of MiniLM's size lets timers run, and costs no time. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../sdk/engine/engine.js";
import { memoryFiles } from "../../sdk/io/files/files.js";
import { saveModel } from "../../sdk/io/pretrained/save.js";
import { featureExtraction } from "../../sdk/pipelines/feature-extraction.js";
import { freshConfig, freshModel } from "../../sdk/train/fresh/fresh-model.js";
import { processorTime } from "../helpers/processor-time.js";
import { SENTENCES, tokenizer } from "../helpers/small-bert.js";

const test = suite("pipelines give way");

/** The sizes of all-MiniLM-L6-v2 but for its vocabulary, which a text's time does not depend on. */
const MINILM = { numHiddenLayers: 6, hiddenSize: 384, numAttentionHeads: 12, intermediateSize: 1536 };
/** Lines of one to eight sentences. */
const LINES = Array.from({ length: 64 }, (_, i) =>
  Array.from({ length: 1 + (i % 8) }, (_, j) => SENTENCES[(i + j) % SENTENCES.length]!).join(" "),
);
/** Milliseconds between two ticks of a timer of {@link TICK} ms, at most. */
const LONGEST = 60;
const TICK = 20;
/** Rounds at least, and at most. */
const [LEAST, MOST] = [3, 12];
/** How much longer the awaited form may take. */
const RATIO = 1.05;

test("a timer runs at least every 60 ms, and the total time is that of the synchronous form", async () => {
  using engine = await Engine.create();
  const sizes = { ...MINILM, vocabSize: tokenizer.size, maxPositionEmbeddings: 512, dropout: 0 };
  const files = memoryFiles();
  {
    using made = freshModel(engine, freshConfig("bert", sizes), "feature-extraction", 1);
    await saveModel(files, { ...made, tokenizer, maxLength: 256 });
  }
  using embed = await featureExtraction(files, { engine });
  const want = embed(LINES);
  // Of each figure the best round: compilation, collections and other programs make rounds longer, nothing makes them
  // shorter. A form that is too slow is so in every round, so more rounds follow while a figure is above its bound.
  let [longest, awaited, synchronous] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const within = () => longest <= LONGEST && awaited <= RATIO * synchronous;
  for (let round = 0; round < LEAST || (round < MOST && !within()); round++) {
    let begin = processorTime();
    embed(LINES);
    synchronous = Math.min(synchronous, processorTime() - begin);
    begin = processorTime();
    let [tick, gap] = [begin, 0];
    const next = (): void => {
      const now = processorTime();
      gap = Math.max(gap, now - tick);
      tick = now;
    };
    const timer = setInterval(next, TICK);
    const got = await embed.async(LINES);
    next();
    clearInterval(timer);
    awaited = Math.min(awaited, processorTime() - begin);
    longest = Math.min(longest, gap);
    assert.equal(got, want);
  }
  assert.ok(longest <= LONGEST, `${longest.toFixed(0)} ms between two ticks`);
  assert.ok(awaited <= RATIO * synchronous, `${awaited.toFixed(0)} ms instead of ${synchronous.toFixed(0)} ms`);
});

test.run();
