/** Untrusted files: whatever is done to them, they are read or refused with a named error, and soon. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  readMerges,
  readSentencePiece,
  readTokenizerJson,
  type Tokenizer,
  TokenizerError,
  trainBpe,
  trainUnigram,
  trainWordPiece,
} from "../../sdk/tokenizer/index.js";
import { processorTime } from "../helpers/processor-time.js";

const test = suite("fuzzed tokenizer files");
const TEXTS = [
  "the lowest of the new is the widest, and the newest of the low is lower",
  "naïve cafés in 東京 and 京都",
];
const files: Record<string, Tokenizer> = {
  WordPiece: trainWordPiece(TEXTS, { size: 60 }),
  BPE: trainBpe(TEXTS, { size: 290 }),
  Unigram: trainUnigram(TEXTS, { size: 50 }),
};

let state = 99;
function random(n: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 0x100000000) * n);
}

/** Flip, drop, repeat and exchange bytes. */
function mutate(bytes: Uint8Array): Uint8Array {
  let mutant = [...bytes];
  for (let changes = 1 + random(3); changes > 0; changes--) {
    const at = random(mutant.length);
    const kind = random(6);
    if (kind === 0) mutant[at] = random(256);
    else if (kind === 1) mutant.splice(at, 1 + random(20));
    else if (kind === 2) mutant.splice(at, 0, ...mutant.slice(at, at + random(60)));
    else if (kind === 3) mutant = mutant.slice(0, at + 1);
    else if (kind === 4) mutant[at] = '0123456789-.eE"[]{},:nt\\'.charCodeAt(random(24));
    else mutant[at] = mutant[at]! ^ (1 << random(8));
  }
  return Uint8Array.from(mutant);
}

/** Either works, or fails with a TokenizerError that says something. */
function survives(name: string, read: () => Tokenizer): "read" | "refused" {
  const begin = processorTime();
  let result: "read" | "refused" = "read";
  try {
    const tokenizer = read();
    try {
      tokenizer.decode(tokenizer.encode("the lowest 東京 [MASK]</s>").ids);
    } catch (error) {
      if (!(error instanceof TokenizerError)) throw error;
    }
  } catch (error) {
    if (!(error instanceof TokenizerError) || error.message.length < 10) throw error;
    result = "refused";
  }
  const took = processorTime() - begin;
  assert.ok(took < 2000, `${name} took ${took.toFixed(0)} ms`);
  return result;
}

for (const [name, tokenizer] of Object.entries(files)) {
  const json = new TextEncoder().encode(JSON.stringify(tokenizer));

  test(`${name}: tokenizer.json`, () => {
    const results = { read: 0, refused: 0 };
    for (let i = 0; i < 1500; i++) {
      const mutant = mutate(json);
      results[survives(name, () => readTokenizerJson(mutant))]++;
    }
    assert.ok(results.refused > 0 && results.read > 0, JSON.stringify(results));
  });

  test(`${name}: every cut`, () => {
    for (let length = 0; length < Math.min(2000, json.length - 1); length++)
      assert.is(
        survives(name, () => readTokenizerJson(json.subarray(0, length))),
        "refused",
      );
  });
}

test("SentencePiece models", () => {
  // <unk>, <s>, </s> and some pieces, by hand: field 1 holds {1: piece, 2: score, 3: type}.
  const rows: [string, number][] = ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]", "▁the", "▁", "t", "h", "e"].map(
    (piece, i) => [piece, i === 1 ? 2 : 1],
  );
  const bytes = rows.flatMap(([piece, type]) => {
    const text = [...new TextEncoder().encode(piece)];
    const message = [10, text.length, ...text, 21, 0, 0, 128, 191, 24, type];
    return [10, message.length, ...message];
  });
  const model = Uint8Array.from(bytes);
  assert.equal([...readSentencePiece(model, { family: "albert" }).encode("the").ids], [2, 5, 3]);
  for (let i = 0; i < 3000; i++) {
    const mutant = mutate(model);
    survives("SentencePiece", () => readSentencePiece(mutant, { family: "albert" }));
  }
});

test("vocab.json and merges.txt", () => {
  const vocab = new TextEncoder().encode(
    '{"<s>":0,"<pad>":1,"</s>":2,"<unk>":3,"<mask>":4,"t":5,"h":6,"e":7,"th":8,"the":9}',
  );
  for (let i = 0; i < 1000; i++) {
    const mutant = new TextDecoder().decode(mutate(vocab));
    survives("merges", () => readMerges(mutant, "#version: 0.2\nt h\nth e\n"));
  }
});

test("nesting, long numbers, patterns and wide gaps cost nothing", () => {
  const hostile = [
    "[".repeat(1e6),
    `{"a":${"[".repeat(1e5)}`,
    `{"model":{"type":"WordPiece","vocab":{"a":${"9".repeat(1e5)}}}}`,
    '{"model":{"type":"WordPiece","vocab":{"a":67108863}}}',
    `{"pre_tokenizer":{"type":"Split","pattern":{"Regex":"(((a{1,500}){1,500}){1,500})"},"behavior":"Isolated"},"model":{"type":"WordLevel","vocab":{"<unk>":0}}}`,
    `{"pre_tokenizer":{"type":"Split","pattern":{"Regex":"${"(".repeat(5000)}"},"behavior":"Isolated"},"model":{"type":"WordLevel","vocab":{"<unk>":0}}}`,
  ];
  for (const text of hostile)
    assert.is(
      survives(text.slice(0, 40), () => readTokenizerJson(text)),
      "refused",
    );
  const nested = `{"pre_tokenizer":{"type":"Split","pattern":{"Regex":"(a*)*b|(a|a)*c"},"behavior":"Isolated"},"model":{"type":"WordLevel","vocab":{"<unk>":0},"unk_token":"<unk>"}}`;
  const tokenizer = readTokenizerJson(nested);
  const begin = processorTime();
  tokenizer.encode("a".repeat(1000));
  assert.ok(processorTime() - begin < 3000);
});

test.run();
