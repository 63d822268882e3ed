/**
 * A GPT that writes letter by letter, beside what counting one, two or three letters can do.
 *
 *   npm run example character-gpt [-- TEXT.txt[.gz] [STEPS [SEEDS]]]
 *
 * With the text of tiny-shakespeare, 2000 steps and 3 seeds this is the published small configuration of nanoGPT.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import {
  adamW,
  alone,
  causalLm,
  cosineRate,
  type Encoder,
  Engine,
  freshModel,
  generateText,
  type PredictsTokens,
  type Sample,
  seed,
  train,
} from "cloze";
import { blockLoss, countedLevels } from "./lesson/characters.js";

const [file, steps = file ? 2000 : 400, seeds = file ? 3 : 1] = process.argv.slice(2);
const corpus = join(process.env["CLOZE_ROOT"] ?? ".", "corpus/text");
const bytes = file === undefined ? null : readFileSync(file);
const own = () =>
  readdirSync(corpus)
    .map((name) => readFileSync(join(corpus, name), "utf8"))
    .join("\n");
const text = bytes ? (file!.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8") : own();

const letters = [...new Set(text)].sort();
const numbers = new Map(letters.map((letter, id) => [letter, id]));
const ids = Int32Array.from(text, (letter) => numbers.get(letter)!);
const cut = Math.floor(ids.length * 0.9);
const [training, validation] = [ids.subarray(0, cut), ids.subarray(cut)];
const levels = countedLevels(training, ids, letters.length);
console.log(
  `${ids.length} letters, ${letters.length} different; counting 1, 2, 3 letters reaches ${levels.map((x) => x.toFixed(3)).join(", ")} nats`,
);

const BLOCK = 64;
const none = new Uint8Array(BLOCK);
const block = (from: Int32Array, at: number): Sample => ({
  ids: from.slice(at, at + BLOCK),
  segments: none,
  special: none,
  words: new Int32Array(BLOCK),
  labels: { tokens: from.slice(at + 1, at + BLOCK + 1) },
});
const config = {
  model_type: "gpt2",
  vocab_size: letters.length,
  n_positions: BLOCK,
  n_embd: 128,
  n_layer: 4,
  n_head: 4,
  activation_function: "gelu",
  bias: false,
  resid_pdrop: 0,
  embd_pdrop: 0,
  attn_pdrop: 0,
};
const blocks = Array.from({ length: Math.floor((validation.length - 1) / BLOCK) }, (_, i) =>
  block(validation, i * BLOCK),
);

for (let one = 1; one <= Number(seeds); one++) {
  const engine = await Engine.create({ build: "auto" });
  const { model, weights } = freshModel(engine, config, "continue", one);
  const rng = seed(one);
  const windows = (epoch: number) =>
    Array.from({ length: 12 * 100 }, (_, i) => block(training, rng.fork(epoch, i).integer(training.length - BLOCK)));
  const started = performance.now();
  const run = train({
    engine,
    model,
    objective: alone({ ...causalLm(), corrupt: (sample) => sample }),
    samples: windows,
    optimizer: adamW(weights, { beta2: 0.99, decay: 0.1 }),
    rate: cosineRate(1e-3, 100, Number(steps), 1e-4),
    rows: 12,
    clip: 1,
    seed: one,
    steps: Number(steps),
  });
  for await (const { step } of run) {
    if (![100, 250, 1250].includes(step) && step !== Number(steps)) continue;
    const loss = blockLoss(
      model as Encoder & PredictsTokens,
      step === Number(steps) ? blocks : blocks.filter((_, i) => i % 8 === 0),
    );
    const below = ["none", "one letter", "two letters", "three letters"][levels.filter((level) => loss < level).length];
    console.log(
      `seed ${one}  step ${step}  validation loss ${loss.toFixed(4)} nats, better than counting: ${below}  ${((performance.now() - started) / 1000).toFixed(0)} s`,
    );
  }
  const [written] = generateText(
    { engine, model },
    [ids.slice(0, 1)],
    { max_new_tokens: BLOCK - 1, do_sample: true, temperature: 0.8 },
    seed(one),
  );
  console.log(JSON.stringify(written!.map((id) => letters[id]).join("")));
  engine.dispose();
}
console.log(
  "Look at: how soon it passes each level, and that what it writes has the shape of the text before it has its sense.",
);
