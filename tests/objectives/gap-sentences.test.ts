/** Gap sentences: those that share most with the rest of the document, as the definition in the paper ranks them. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { gapSentences, sharedTokens } from "../../sdk/objectives/gap-sentences.js";
import { seed } from "../../sdk/tensor/random.js";
import { CLS, MASK, SEP, sequence, tokenizer } from "../helpers/sequences.js";

const test = suite("gap sentences");

const STOP = 9;
const endsSentence = (id: number): boolean => id === STOP;
const document = (...sentences: number[][]) => {
  const words = sentences.flat();
  return { ...sequence(words.map(() => 1)), ids: Int32Array.of(CLS, ...words, SEP) };
};

/** ROUGE-1 F1 (Lin 2004) in the paper's words: precision and recall of the words of a sentence against the rest. */
function rouge1(sentence: readonly number[], rest: readonly number[]): number {
  const left = [...rest];
  let common = 0;
  for (const word of sentence) {
    const place = left.indexOf(word);
    if (place < 0) continue;
    left.splice(place, 1);
    common++;
  }
  if (common === 0) return 0;
  const [precision, recall] = [common / sentence.length, common / rest.length];
  return (2 * precision * recall) / (precision + recall);
}

test("the number of shared tokens is ROUGE-1 F1 × half the length of the document", () => {
  const rng = seed(3);
  for (let round = 0; round < 200; round++) {
    const sentences = Array.from({ length: 2 + rng.integer(6) }, () =>
      Array.from({ length: 1 + rng.integer(9) }, () => 10 + rng.integer(8)),
    );
    const length = sentences.flat().length;
    const expected = sentences.map((sentence, i) => rouge1(sentence, sentences.filter((_, j) => j !== i).flat()));
    // Three divisions in double precision.
    for (const [i, shared] of sharedTokens(sentences).entries())
      assert.ok(Math.abs((2 * shared) / length - expected[i]!) < 1e-14);
  }
});

test("the sentence with most in common becomes one mask, and the decoder writes it", () => {
  const { ids, target } = gapSentences({ tokenizer, endsSentence })(
    document([11, 12, STOP], [13, 14, 11, 15, STOP], [14, 15, 16, STOP]),
  );
  assert.equal([...ids], [CLS, 11, 12, STOP, MASK, 14, 15, 16, STOP, SEP]);
  assert.equal([...target!.labels.tokens!], [CLS, 13, 14, 11, 15, STOP, SEP]);
  assert.equal([...target!.ids], [SEP, CLS, 13, 14, 11, 15, STOP]);
});

test("several gaps keep the order of the document; equal sentences are ranked by place", () => {
  const sentences = [
    [11, STOP],
    [12, STOP],
    [13, STOP],
    [14, STOP],
  ];
  const { ids, target } = gapSentences({ tokenizer, endsSentence, maskingRate: 0.5 })(document(...sentences));
  assert.equal([...ids], [CLS, MASK, MASK, 13, STOP, 14, STOP, SEP]);
  assert.equal([...target!.labels.tokens!], [CLS, 11, STOP, 12, STOP, SEP]);
});

test("a text of one sentence is all gap, and a missing mask token is named", () => {
  const { ids, target } = gapSentences({ tokenizer, endsSentence })(document([11, 12]));
  assert.equal([...ids], [CLS, MASK, SEP]);
  assert.equal([...target!.labels.tokens!], [CLS, 11, 12, SEP]);
  assert.throws(() => gapSentences({ tokenizer: { size: 20, special: {} }, endsSentence }), /gap-sentences.*mask/);
});

test.run();
