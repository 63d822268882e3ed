/**
 * A character-level GPT, beside n-gram counts of one, two and three characters.
 *
 *   npm run example character-gpt [-- TEXT.txt[.gz] [STEPS [SEEDS]]]
 *
 * With the text of tiny-shakespeare, 2000 steps and 3 seeds this is the published small configuration of nanoGPT.
 */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { Engine } from "cloze";
import { blockLoss, countedLevels, Letters, letterGpt, letterText } from "./lesson/characters.js";
import { documents } from "./lesson/corpus.js";
import { lookAt } from "./lesson/look-at.js";

const [file, steps = file ? 2000 : 400, seeds = file ? 3 : 1] = process.argv.slice(2);
const bytes = file === undefined ? null : readFileSync(file);
const text = bytes
  ? (file!.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8")
  : (await documents()).map((lines) => lines.join("\n")).join("\n\n");
const letters = new Letters(text);
const levels = countedLevels(letters.training, letters.ids, letters.letters.length);
console.log(
  `${letters.ids.length} letters, ${letters.letters.length} different; counting 1, 2, 3 letters reaches ${levels.map((x) => x.toFixed(3)).join(", ")} nats`,
);

const { blocks } = letters;
for (let seed = 1; seed <= Number(seeds); seed++) {
  const engine = await Engine.create({ build: "auto" });
  const { model, run } = letterGpt(engine, letters, { steps: Number(steps), seed });
  const started = performance.now();
  for await (const { step } of run) {
    const last = step === Number(steps);
    if (![100, 250, 1250].includes(step) && !last) continue;
    // All of the validation part in the end, an eighth of it on the way.
    const loss = blockLoss(model, last ? blocks : blocks.filter((_, i) => i % 8 === 0));
    const below = ["none", "one letter", "two letters", "three letters"][levels.filter((level) => loss < level).length];
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    console.log(
      `seed ${seed}  step ${step}  validation loss ${loss.toFixed(4)} nats, better than counting: ${below}  ${seconds} s`,
    );
  }
  console.log(JSON.stringify(letterText(engine, model, letters, seed)));
  engine.dispose();
}
lookAt("how soon it passes each n-gram level, and that its text has the right shape before it makes sense.");
