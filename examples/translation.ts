/**
 * Translation: an encoder reads German, a decoder writes English; trained on 486 sentences, tested on unseen ones.
 *
 *   npm run example translation
 */
import { Engine, freshConfig, freshModel, sequenceToSequence } from "cloze";
import { type Rng, type Sample, sampleOf } from "cloze/data";
import { tokensHeldOut } from "cloze/metrics";
import { trainWordPiece } from "cloze/tokenizer";
import { parallel } from "./lesson/corpus.js";
import { learn, percent, SIZES } from "./lesson/learning.js";
import { lookAt } from "./lesson/look-at.js";

const [german, english] = [await parallel("de"), await parallel("en")];
const tokenizer = trainWordPiece([...german.train, ...english.train], { size: 1500, lowercase: true });
const { mask, sep: end } = tokenizer.special;
const engine = await Engine.create();
const sizes = { vocabSize: tokenizer.size, ...SIZES, numAttentionHeads: 4, dropout: 0.2, special: tokenizer.special };
const bart = freshModel(engine, freshConfig("bart", sizes), "seq2seq-lm", 1);

const read = (text: string) =>
  sampleOf(tokenizer.encode(text, undefined, { truncate: { length: SIZES.maxPositionEmbeddings } }));
/** Source and target: the target is everything after [CLS], ending with [SEP]. */
function pair(source: string, target: string): Sample {
  const { ids, segments, special, words } = read(target);
  const [tokens, none] = [ids.slice(1), segments.slice(1)];
  const written = { ids: bart.model.shifted(tokens), segments: none, special: special.slice(1), words: words.slice(1) };
  return { ...read(source), target: { ...written, labels: { tokens } } };
}
const hidden = (ids: Int32Array, share: number, rng: Rng) =>
  ids.map((id) => (id !== end && rng() < share ? mask! : id));
// Hide half of the decoder's previous tokens, so that it cannot rely on English alone and has to read the German.
const objective = sequenceToSequence("translation", (sample, rng) => {
  const target = { ...sample.target!, ids: hidden(sample.target!.ids, 0.5, rng) };
  return { ...sample, ids: hidden(sample.ids, 0.1, rng), target };
});
const pairs = german.train.map((text, i) => pair(text, english.train[i]!));
await learn(engine, bart, objective, () => pairs, { steps: 800 });

const plain = sequenceToSequence("translation", (sample) => sample);
const costOf = (samples: Sample[]) => tokensHeldOut(bart.model, samples, plain);
const of = (offset: number) => english.test.map((text, i) => pair(german.test.at(i - offset)!, text));
const { loss, unigramEntropy } = costOf(of(0));
const other = costOf(of(7)).loss.toFixed(3);
console.log(`unread sentences: loss ${loss.toFixed(3)} nats given the German, ${other} given another German sentence;`);
console.log(`guessing by frequency ${unigramEntropy.toFixed(3)}`);
const asked = english.test.slice(0, 40);
const found = asked.map((text) => {
  const costs = german.test.slice(0, asked.length).map((source) => costOf([pair(source, text)]).loss);
  return costs.indexOf(Math.min(...costs));
});
for (const i of [0, 9, 12])
  console.log(`    ${asked[i]}  <-  ${german.test[found[i]!]}${found[i] === i ? "" : "   (wrong)"}`);
const right = found.filter((source, i) => source === i).length / asked.length;
console.log(`the German that makes an English sentence likeliest is its own: ${percent(right)} (chance 2.5 %)`);
lookAt(
  "given the wrong German sentence it does worse than a baseline, so it reads the source. Five hundred sentences teach their frequent words, not a language: on its own it would write broken English.",
);
engine.dispose();
