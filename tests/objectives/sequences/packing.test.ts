import { suite } from "uvu";
import * as assert from "uvu/assert";
import { packSentences, packStream } from "../../../sdk/objectives/sequences/packing.js";
import { consecutive, framed, numbered, range } from "../../helpers/documents.js";

const test = suite("packing");

test("whole sentences of one document until the next would not fit; nothing is lost or repeated", () => {
  const corpus = numbered([5, 0, 1, 30, 12], 12);
  for (const length of [14, 20, 64, 1000]) {
    const samples = packSentences(corpus.documents, { maxLength: length, tokenizer: framed });
    const texts = samples.map(({ ids }) => [...ids].slice(1, -1));
    assert.equal(
      texts.flat(),
      corpus.documents.flat().flatMap(({ ids }) => [...ids]),
    );
    for (const [i, text] of texts.entries()) {
      const [from, to] = [text[0]!, text.at(-1)!];
      const document = corpus.documentOf(from);
      assert.ok(consecutive(text) && text.length <= length - 2);
      assert.is(corpus.documentOf(to), document);
      assert.is(from, range(corpus, document, corpus.sentenceOf(from))[0]);
      assert.is(to, range(corpus, document, corpus.sentenceOf(to))[1]);
      // Greedy: the first sentence of the next sequence would not have fitted.
      const next = texts[i + 1]?.[0];
      if (next === undefined || corpus.documentOf(next) !== document) continue;
      const [begin, end] = range(corpus, document, corpus.sentenceOf(next));
      assert.ok(text.length + end - begin + 1 > length - 2);
    }
    assert.is(new Set(texts.map((text) => corpus.documentOf(text[0]!))).size, 4);
  }
});

test("special tokens frame a sequence, segments are 0, words are numbered on", () => {
  const documents = [
    [
      { ids: Int32Array.of(10, 11, 12), words: Int32Array.of(0, 0, 1) },
      { ids: Int32Array.of(13, 14), words: Int32Array.of(0, -1) },
      { ids: Int32Array.of(15), words: Int32Array.of(0) },
    ],
  ];
  const [sample, ...rest] = packSentences(documents, { maxLength: 10, tokenizer: framed });
  assert.is(rest.length, 0);
  assert.equal([...sample!.ids], [2, 10, 11, 12, 13, 14, 15, 3]);
  assert.equal([...sample!.words], [-1, 0, 0, 1, 2, -1, 3, -1]);
  assert.equal([...sample!.special], [1, 0, 0, 0, 0, 0, 0, 1]);
  assert.equal([...sample!.segments], [0, 0, 0, 0, 0, 0, 0, 0]);
});

test("a sentence that is too long alone is split, and shares its sequences with no other", () => {
  const ids = Int32Array.from({ length: 25 }, (_, i) => 10 + i);
  const sentence = (from: number, to: number) => ({
    ids: ids.slice(from, to),
    words: ids.slice(from, to).map((_, i) => i),
  });
  const samples = packSentences([[sentence(0, 3), sentence(3, 22), sentence(22, 25)]], {
    maxLength: 10,
    tokenizer: framed,
  });
  assert.equal(
    samples.map((sample) => [...sample.ids].slice(1, -1)),
    [
      [10, 11, 12],
      [13, 14, 15, 16, 17, 18, 19, 20],
      [21, 22, 23, 24, 25, 26, 27, 28],
      [29, 30, 31],
      [32, 33, 34],
    ],
  );
});

test("no documents give no sequences; the shortest length holds one token", () => {
  assert.equal(packSentences([], { maxLength: 10, tokenizer: framed }), []);
  assert.equal(packSentences([[], []], { maxLength: 10, tokenizer: framed }), []);
  const { documents } = numbered([2], 3);
  const total = documents.flat().reduce((sum, { ids }) => sum + ids.length, 0);
  assert.is(packSentences(documents, { maxLength: 3, tokenizer: framed }).length, total);
  for (const length of [2, -1, Number.NaN])
    assert.throws(
      () => packSentences(documents, { maxLength: length, tokenizer: framed }),
      /packing: a sequence has at least 3 tokens/,
    );
});

test("a stream: documents one after the other, each with its end, cut into full blocks; nothing is lost", () => {
  const corpus = numbered([5, 1, 30, 12], 12);
  const end = 7;
  const tokenizer = { special: { eos: end } };
  const stream = corpus.documents.flatMap((document) => [...document.flatMap(({ ids }) => [...ids]), end]);
  for (const length of [2, 16, 33, 5000]) {
    const blocks = packStream(corpus.documents, { maxLength: length, tokenizer });
    const tokens = blocks.flatMap(({ ids }) => [...ids]);
    // One token alone has nothing to predict, so it is no block.
    assert.ok(stream.length - tokens.length <= 1);
    assert.equal(tokens, stream.slice(0, tokens.length));
    assert.ok(blocks.slice(0, -1).every(({ ids }) => ids.length === length));
    for (const { ids, special: flags } of blocks)
      assert.equal(
        [...flags],
        [...ids].map((id) => Number(id === end)),
      );
  }
  assert.throws(() => packStream(corpus.documents, { maxLength: 1, tokenizer }), /at least 2 tokens/);
});

test.run();
