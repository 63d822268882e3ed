/**
 * GPT: predict the next token, append it, repeat.
 *
 *   npm run example gpt
 */
// biome-ignore format: a list
import { causalLm, Engine, freshConfig, freshModel, single } from "cloze";
import { packStream, seed, shuffle, tokenizeDocuments } from "cloze/data";
import { generateText } from "cloze/generate";
import { tokensHeldOut } from "cloze/metrics";
import { trainBpe } from "cloze/tokenizer";
import { documents, heldOut } from "./lesson/corpus.js";
import { learn, SIZES } from "./lesson/learning.js";
import { lookAt } from "./lesson/look-at.js";

const text = await documents();
const tokenizer = trainBpe(
  text.flat().map((sentence) => ` ${sentence}`),
  { size: 1200, special: ["<|endoftext|>"] },
);
const spaced = (all: string[][]) => all.map((document) => document.map((sentence) => ` ${sentence}`));
const ids = tokenizeDocuments(tokenizer, spaced(text));
const engine = await Engine.create();
const gpt = freshModel(engine, freshConfig("gpt2", { vocabSize: tokenizer.size, ...SIZES }), "causal-lm", 1);

const objective = single(causalLm());
const packing = { maxLength: SIZES.maxPositionEmbeddings, tokenizer };
const samples = (epoch: number) => packStream(shuffle([...ids], seed(1).fork(epoch)), packing);
await learn(engine, gpt, objective, samples, { steps: 800 });

const unread = packStream(tokenizeDocuments(tokenizer, spaced(await heldOut())), packing);
const { loss, unigramEntropy } = tokensHeldOut(gpt.model, unread, objective);
console.log(
  `on texts it has not read: loss ${loss.toFixed(3)} nats; guessing by frequency ${unigramEntropy.toFixed(3)}`,
);
for (const temperature of [0.2, 0.7, 1.2]) {
  const begin = tokenizer.encode(" The old man", undefined, { special: false }).ids;
  const settings = { max_new_tokens: 30, do_sample: true, temperature };
  const [written] = generateText({ engine, model: gpt.model }, [begin], settings, seed(1));
  console.log(`temperature ${temperature}: The old man${tokenizer.decode(written!).replace(/^ The old man/, "")}`);
}
lookAt("a low temperature repeats what is frequent, a high one takes risks and makes mistakes.");
engine.dispose();
