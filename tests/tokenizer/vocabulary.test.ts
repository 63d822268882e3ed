/** Vocabularies: pieces to ids and back, however they are filled. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Rng, seed } from "../../sdk/tensor/random.js";
import { TokenizerError } from "../../sdk/tokenizer/errors.js";
import { JsonScanner } from "../../sdk/tokenizer/json-scan.js";
import { hashBytes, hashUnits } from "../../sdk/tokenizer/piece-hash.js";
import { compiledKernel } from "../../sdk/tokenizer/piece-kernel.js";
import { readModel } from "../../sdk/tokenizer/read-model.js";
import { scanModel, scanScores } from "../../sdk/tokenizer/scan-model.js";
import { scanVocabulary } from "../../sdk/tokenizer/scan-vocabulary.js";
import { readTokenizerJson } from "../../sdk/tokenizer/tokenizer-json.js";
import { Trie } from "../../sdk/tokenizer/trie.js";
import { Vocabulary } from "../../sdk/tokenizer/vocabulary.js";
import { vocabularyJSON } from "../../sdk/tokenizer/wordpiece.js";

const test = suite("vocabularies");
const tokenizer = join(process.env["CLOZE_ROOT"] ?? ".", "dist/tokenizer.js");

/** What a vocabulary must answer: the piece of each id, and for each piece the id that was given it last and still has it. */
class Expected {
  private readonly entries: { piece: string; id: number }[] = [];
  add(piece: string, id: number): void {
    const before = this.entries.findIndex((entry) => entry.id === id);
    if (before >= 0) this.entries.splice(before, 1);
    this.entries.push({ piece, id });
  }
  check(vocabulary: Vocabulary): void {
    assert.is(vocabulary.count, this.entries.length);
    for (const { piece, id } of this.entries) {
      assert.is(vocabulary.piece(id), piece);
      assert.is(vocabulary.find(piece), this.entries.findLast((entry) => entry.piece === piece)?.id);
    }
  }
}

const WORDS = ["", "a", "##a", "b", "ab", "ba", "aab", "é", "東", "\u{1f600}", '"', "\\", "\n", "x".repeat(300)];

/** Pieces and ids in any order, with repeated ids and repeated pieces, in the end beyond the ids so far. */
function entriesOf(random: Rng, count: number): [string, number][] {
  return Array.from({ length: count }, (_, i) => {
    const piece = WORDS[random.integer(WORDS.length)]! + (random.integer(3) === 0 ? "" : String(random.integer(count)));
    return [piece, random.integer(i + 2)];
  });
}

test("finds the last of equal pieces; an id has the piece it was given last", () => {
  for (let number = 0; number < 40; number++) {
    const random = seed(number);
    const vocabulary = new Vocabulary();
    const expected = new Expected();
    // The table is made by the first question: either at once, or after pieces in the order of their ids.
    const ordered = random.integer(3) * 100;
    for (const [i, [piece, id]] of entriesOf(random, 300).entries()) {
      if (i === ordered) vocabulary.find("");
      vocabulary.add(piece, i < ordered ? i : id);
      expected.add(piece, i < ordered ? i : id);
    }
    expected.check(vocabulary);
  }
});

test("reads the same from JSON, however it is written", () => {
  for (let number = 0; number < 40; number++) {
    const expected = new Expected();
    const entries = entriesOf(seed(number), 300);
    for (const [piece, id] of entries) expected.add(piece, id);
    for (const [open, colon, comma] of [
      ["{", ":", ","],
      ["{\n  ", ": ", ",\n  "],
      [" { ", " :\t", "\r\n, "],
    ] as const) {
      const text = `${open}${entries.map(([piece, id]) => JSON.stringify(piece) + colon + id).join(comma)}}`;
      for (const vocabulary of scanBoth(text)) expected.check(vocabulary as Vocabulary);
    }
  }
});

/** What is read with the kernel and without it, or the message of an error. */
function both<T>(
  text: string | Uint8Array,
  scan: (scanner: JsonScanner, size: number, module: WebAssembly.Module | null) => T,
): (T | string)[] {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  return [compiledKernel(), null].map((module) => {
    try {
      return scan(new JsonScanner(bytes), bytes.length, module);
    } catch (error) {
      assert.instance(error, TokenizerError);
      return (error as TokenizerError).message;
    }
  });
}

const scanBoth = (text: string | Uint8Array) => both(text, scanVocabulary);
const scanScoresBoth = (text: string | Uint8Array) => both(text, scanScores);

/** All that a vocabulary has, and that it finds; pieces of one text may be held by several ids. */
function contents(vocabulary: Vocabulary | string): unknown {
  if (typeof vocabulary === "string") return vocabulary;
  const pieces = Array.from({ length: vocabulary.size }, (_, id) => vocabulary.piece(id));
  const found = pieces.map((piece) => (piece === undefined ? -1 : vocabulary.find(piece)));
  return { pieces, found, count: vocabulary.count, longest: vocabulary.table.longest };
}

/** A piece of characters of all lengths in UTF-8, as JSON writes it or with escapes. */
function written(random: Rng): string {
  const length = random.integer(30) === 0 ? random.integer(3000) : random.integer(12);
  const text = Array.from({ length }, () => {
    const most = [0x80, 0x80, 0x80, 0x800, 0xd800, 0x10000, 0x110000][random.integer(7)]!;
    return String.fromCodePoint(random.integer(most));
  }).join("");
  const json = JSON.stringify(text);
  if (random.integer(4) > 0) return json;
  return json.replaceAll(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

test("reads the same with the kernel and without it, across the borders of its windows", () => {
  assert.ok(compiledKernel() !== null, "this runtime compiles WebAssembly");
  for (let number = 0; number < 4; number++) {
    const random = seed(number);
    const long = JSON.stringify("長い".repeat(20_000));
    const entries = Array.from({ length: 9000 }, (_, id) => `${id === 4000 ? long : written(random)}:${id}`);
    const text = `{${entries.join(number % 2 === 0 ? "," : ",\n    ")}}`;
    const [kernel, none] = scanBoth(text);
    assert.is.not(typeof kernel, "string", String(kernel));
    assert.equal(contents(kernel!), contents(none!));
  }
});

test("judges damaged entries the same with the kernel and without it", () => {
  for (let number = 0; number < 1000; number++) {
    const random = seed(number);
    const entries = Array.from({ length: 1 + random.integer(12) }, (_, id) => `${written(random)}:${id}`);
    const bytes = new TextEncoder().encode(`{${entries.join(",")}}`);
    for (let damage = random.integer(4); damage > 0; damage--) {
      const at = random.integer(bytes.length);
      bytes[at] = random.integer(2) === 0 ? random.integer(256) : bytes[random.integer(bytes.length)]!;
    }
    const whole = random.integer(8) > 0 ? bytes : bytes.subarray(0, random.integer(bytes.length));
    const [kernel, none] = scanBoth(whole);
    assert.equal(contents(kernel!), contents(none!), `seed ${number}`);
  }
});

test("judges damage at the borders of its windows the same", () => {
  const window = 1 << 15;
  for (let number = 0; number < 60; number++) {
    const random = seed(number);
    const [colon, comma] = number % 2 === 0 ? [":", ","] : [": ", ",\n  "];
    const entries = Array.from({ length: 6000 }, (_, id) => `"${"é東\u{1f600}a".slice(id % 4)}${id}"${colon}${id}`);
    const bytes = new TextEncoder().encode(`{${entries.join(comma)}}`);
    for (let damage = random.integer(3); damage >= 0; damage--)
      bytes[window * (1 + random.integer(2)) - 24 + random.integer(48)] = [0x80, 0xc3, 0xe6, 0xf0, 0xff, 0x22, 0x5c][
        random.integer(7)
      ]!;
    const [kernel, none] = scanBoth(bytes);
    assert.equal(contents(kernel!), contents(none!), `seed ${number}`);
  }
});

/** A number as files have them: of few digits, of many, in the middle between two f64, or written oddly. */
function numeral(random: Rng): string {
  const digits = (count: number): string => Array.from({ length: count }, () => random.integer(10)).join("");
  const sign = random.integer(2) === 0 ? "-" : "";
  switch (random.integer(6)) {
    case 0:
      return `${sign}${random.integer(20)}.${digits(1 + random.integer(6))}`;
    case 1: // as long as they can be to be read at once, and longer
      return `${sign}${1 + random.integer(9)}${digits(random.integer(6))}.${digits(10 + random.integer(12))}`;
    case 2: {
      // 2^53 + 1 and its like: halfway to the next, to be rounded to the even one, or just above and below.
      const halfway = (2n ** 53n + 2n * BigInt(random.integer(2 ** 31)) + 1n).toString();
      return `${sign}${halfway}${["", ".0", ".00", ".1", ".001"][random.integer(5)]!}`;
    }
    case 3: {
      const halfway = 2n ** 52n + BigInt(random.integer(2 ** 31)); // and a half
      return `${sign}${halfway}${[".5", ".50", ".500", ".501", ".499"][random.integer(5)]!}`;
    }
    case 4:
      return `${sign}0.${"0".repeat(random.integer(12))}${digits(1 + random.integer(8))}`;
    default:
      return `${sign}${random.integer(1000)}e-${random.integer(30)}`;
  }
}

test("reads scores to the nearest number, with the kernel and without it", () => {
  for (let number = 0; number < 12; number++) {
    const random = seed(number);
    const numerals = Array.from({ length: 8000 }, () => numeral(random));
    const [comma, open] = number % 2 === 0 ? [",", "["] : [",\n  ", "[\n "];
    const text = `[${numerals.map((score, i) => `${open}${JSON.stringify(`é${i}`)},${score}]`).join(comma)}]`;
    for (const result of scanScoresBoth(text)) {
      assert.is.not(typeof result, "string", String(result));
      const [vocabulary, scores] = result as [Vocabulary, Float64Array];
      assert.is(scores.length, numerals.length);
      for (const [i, score] of scores.entries())
        if (!Object.is(score, Number(numerals[i]))) assert.is(score, Number(numerals[i]), numerals[i]!);
      for (const i of [0, 1, 4321, 7999]) assert.is(vocabulary.piece(i), `é${i}`);
    }
  }
});

test("judges damaged scores the same with the kernel and without it", () => {
  for (let number = 0; number < 1000; number++) {
    const random = seed(number);
    const entries = Array.from({ length: 1 + random.integer(12) }, () => `[${written(random)},${numeral(random)}]`);
    const bytes = new TextEncoder().encode(`[${entries.join(",")}]`);
    for (let damage = random.integer(4); damage > 0; damage--) {
      const at = random.integer(bytes.length);
      bytes[at] = random.integer(2) === 0 ? random.integer(256) : bytes[random.integer(bytes.length)]!;
    }
    const [kernel, none] = scanScoresBoth(bytes).map((result) =>
      typeof result === "string" ? result : { ...(contents(result[0]) as object), scores: result[1] },
    );
    assert.equal(kernel, none, `seed ${number}`);
  }
});

/** A BPE model whose merges join pieces that it has, written in one of the ways files have. */
function bpeModel(random: Rng, count: number): string {
  const pieces = ["a", "b", "é", "東", "\u{1f600}", '"', "\\", "<", ">"];
  const merges: [string, string][] = [];
  while (merges.length < count) {
    const [left, right] = [pieces[random.integer(pieces.length)]!, pieces[random.integer(pieces.length)]!];
    merges.push([left, right]);
    if ((left + right).length < 40 && !pieces.includes(left + right)) pieces.push(left + right);
    else merges.pop();
  }
  const [comma, colon] = random.integer(2) === 0 ? [",", ":"] : [",\n ", ": "];
  const pair = random.integer(2) === 0;
  const vocab = `{${pieces.map((piece, id) => JSON.stringify(piece) + colon + id).join(comma)}}`;
  const list = merges.map(([left, right]) =>
    pair ? `[${JSON.stringify(left)}${comma}${JSON.stringify(right)}]` : JSON.stringify(`${left} ${right}`),
  );
  return `{"type":"BPE","vocab":${vocab},"merges":[${list.join(comma)}]}`;
}

/** The ids of the merges, with the kernel and without it, or the message of an error. */
const mergesBoth = (text: string | Uint8Array) =>
  both(text, (scanner, size, module) => [...readModel(scanModel(scanner, size, module)).merges!]);

test("reads the same merges with the kernel and without it", () => {
  for (let number = 0; number < 30; number++) {
    const random = seed(number);
    const count = number < 3 ? 8000 : random.integer(60);
    const [kernel, none] = mergesBoth(bpeModel(random, count));
    assert.is(kernel!.length, 3 * count);
    assert.equal(kernel, none, `seed ${number}`);
  }
});

test("judges damaged merges the same with the kernel and without it", () => {
  for (let number = 0; number < 1500; number++) {
    const random = seed(number);
    const bytes = new TextEncoder().encode(bpeModel(random, 1 + random.integer(9)));
    const merges = new TextDecoder("latin1").decode(bytes).indexOf("merges");
    for (let damage = random.integer(3); damage >= 0; damage--) {
      const at = merges + random.integer(bytes.length - merges);
      bytes[at] =
        random.integer(2) === 0 ? random.integer(256) : bytes[merges + random.integer(bytes.length - merges)]!;
    }
    // Of several faults the kernel may come to another one first.
    const [kernel, none] = mergesBoth(bytes).map((result) => (typeof result === "string" ? "an error" : result));
    assert.equal(kernel, none, `seed ${number}`);
  }
});

test("reads merges as short and as long as they can be", () => {
  const long = "x".repeat(16_370);
  for (const [vocab, merges] of [
    [{ "": 0 }, Array(40_000).fill(" ")],
    [{ "": 0 }, Array(20_000).fill(["", ""])],
    ...Array.from({ length: 40 }, (_, i) => {
      const right = long.slice(i);
      return [{ [long]: 0, [right]: 1, [long + right]: 2 }, [`${long} ${right}`, [long, right]]] as const;
    }),
  ] as const) {
    const [kernel, none] = mergesBoth(JSON.stringify({ type: "BPE", vocab, merges }));
    assert.is(kernel!.length, 3 * merges.length);
    assert.equal(kernel, none);
  }
});

test("what stands behind the merges counts too", () => {
  const vocab = '"vocab":{"a":0,"##b":1,"ab":2,"a##b":3}';
  for (const [text, expected] of [
    [`{"type":"BPE",${vocab},"merges":["a ##b"]}`, [0, 1, 3]],
    [`{"type":"BPE","continuing_subword_prefix":"##",${vocab},"merges":["a ##b"]}`, [0, 1, 2]],
    [`{"type":"BPE",${vocab},"merges":["a ##b"],"continuing_subword_prefix":"##"}`, [0, 1, 2]],
    [`{"type":"BPE","merges":["a ##b"],${vocab}}`, [0, 1, 3]],
    [`{"type":"BPE","vocab":{"a":5,"##b":1,"a##b":2},"merges":["a ##b"],${vocab}}`, [0, 1, 3]],
  ] as const)
    for (const result of mergesBoth(text)) assert.equal(result, expected, text);
});

test("reads a first piece that is longer than all that was expected", () => {
  const piece = "long".repeat(5000);
  for (const result of scanBoth(JSON.stringify({ [piece]: 0 }))) assert.is((result as Vocabulary).piece(0), piece);
  for (const result of scanScoresBoth(JSON.stringify([[piece, -1]])))
    assert.is((result[0] as Vocabulary).piece(0), piece);
});

test("reads where there is no WebAssembly at all, or no memory for it", () => {
  const file = JSON.stringify({ model: { type: "WordPiece", unk_token: "?", vocab: { "?": 0, un: 1, "##able": 2 } } });
  for (const without of [
    "delete globalThis.WebAssembly;",
    `WebAssembly.Instance = function () { throw new RangeError("no memory"); };`,
  ]) {
    const program = `${without}
      const { readTokenizerJson } = await import(${JSON.stringify(pathToFileURL(tokenizer).href)});
      const read = readTokenizerJson(new TextEncoder().encode(${JSON.stringify(file)}));
      console.log(read.encode("unable").ids.join());`;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
      encoding: "utf8",
    });
    assert.is(stdout.trim(), "1,2", stderr);
  }
});

test("reads no id that only looks right in 32 bits", () => {
  for (const id of ["4294967297", "0000000001", "01", "+1", "1.0", "1e0", ""])
    for (const result of scanBoth(`{"a":0,"b":${id},"c":2}`))
      assert.equal(
        typeof result === "string" ? "an error" : result.piece(1),
        ["1.0", "1e0"].includes(id) ? "b" : "an error",
        `${id}: ${result}`,
      );
});

test("says what is wrong with an entry", () => {
  for (const [text, message] of [
    ['{"a":0,"b"', /":" was expected at byte 10/],
    ['{"a":0,"b":1', /"}" was expected/],
    ['{"a":0,"b":01}', /a number was expected/],
    ['{"a":0,"b":1.5}', /whole numbers without wide gaps, got 1.5/],
    ['{"a":0,"b":99999999999999999999}', /without wide gaps/],
    ['{"a":0,"b":4000000000}', /without wide gaps, got 4000000000/],
    ['{"a":0,"b\u0001":1}', /the end of a string/],
  ] as const)
    for (const result of scanBoth(text)) assert.match(String(result), message);
});

test("hashes beginnings as it hashes them alone, and as their bytes", () => {
  const random = seed(1);
  for (let number = 0; number < 2000; number++) {
    const wild = number % 2 === 0; // with halves of pairs
    const text = wild
      ? Array.from({ length: random.integer(12) }, () =>
          String.fromCharCode([0x61, 0xe9, 0x6771, 0xd83d, 0xde00][random.integer(5)]!),
        ).join("")
      : (JSON.parse(written(random)) as string);
    const units = Uint16Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
    const hashes = new Int32Array(units.length);
    const hash = hashUnits(units, 0, units.length, undefined, hashes);
    for (let length = 1; length <= Math.min(40, units.length); length++)
      assert.is(hashes[length - 1], hashUnits(units, 0, length), JSON.stringify(text));
    if (text.isWellFormed()) {
      const bytes = new TextEncoder().encode(`?${text}`);
      assert.is(hash, hashBytes(bytes, 1, bytes.length), JSON.stringify(text));
    }
  }
});

test("finds pieces behind a prefix of any characters", () => {
  for (const prefix of ["##", "é", "東#", "\u{1f600}"]) {
    const pieces = ["?", "un", `${prefix}東`, `${prefix}é`, `${prefix}éa`, `${prefix}\u{1f601}`, `${prefix}a`];
    const vocab = Object.fromEntries(pieces.map((piece, id) => [piece, id]));
    const model = { type: "WordPiece", unk_token: "?", continuing_subword_prefix: prefix, vocab };
    const read = readTokenizerJson(JSON.stringify({ model }));
    assert.equal([...read.encode("unéa\u{1f601}東").ids], [1, 4, 5, 2], prefix);
  }
});

/** Many pieces, with nodes of one child up to thousands. */
function manyPieces(random: Rng, count: number): string[] {
  const unit = (among: number): string => String.fromCharCode(random.integer(among));
  const pieces = new Set<string>([""]);
  while (pieces.size < count) {
    const stem = ["\u2581", "\u2581", "", "ab"][random.integer(4)]!;
    const tail = Array.from({ length: random.integer(4) }, () => unit(random.integer(2) === 0 ? 26 : 3000));
    pieces.add(stem + tail.join(""));
    if (random.integer(1000) === 0) pieces.add(stem + "z".repeat(random.integer(200)));
  }
  return [...pieces];
}

test("a trie of pieces is what it would be if they were entered one by one, wherever walks begin", () => {
  for (const [number, count] of [
    [0, 60_000],
    [1, 2000],
  ] as const) {
    const random = seed(number);
    const pieces = manyPieces(random, count);
    const vocabulary = Vocabulary.of(pieces);
    const { units, begins, ends } = vocabulary.pool;
    const entered = new Trie();
    for (let id = 0; id < pieces.length; id++) entered.set(units, begins[id]!, ends[id]!, id);
    sameWalks(random, pieces, vocabulary.trie, entered);
  }
});

function sameWalks(random: Rng, pieces: readonly string[], opened: Trie, entered: Trie): void {
  for (let walk = 0; walk < 150_000; walk++) {
    const piece = pieces[random.integer(pieces.length)]! + (random.integer(3) === 0 ? "a\u0bb8" : "");
    let [a, b] = [0, 0];
    for (let i = 0; i < piece.length; i++) {
      a = opened.child(a, piece.charCodeAt(i));
      b = entered.child(b, piece.charCodeAt(i));
      if (a === 0 || b === 0) break;
      if (opened.value(a) !== entered.value(b)) assert.is(opened.value(a), entered.value(b), piece);
    }
    if ((a === 0) !== (b === 0)) assert.unreachable(`${JSON.stringify(piece)} ends elsewhere`);
    if (walk === 140_000) for (const trie of [opened, entered]) trie.set(Uint16Array.of(7, 0x0bb8, 9), 0, 3, 77);
  }
  for (const trie of [opened, entered]) {
    assert.is(trie.value(0), 0);
    assert.is(trie.value(trie.find(Uint16Array.of(7, 0x0bb8, 9), 0, 3)), 77);
  }
}

test("a vocabulary that has a trie can be added to, and ids can get other pieces", () => {
  const vocabulary = Vocabulary.of(["", "un", "able", "unable", "un"]);
  assert.equal([vocabulary.trie.value(0), vocabulary.find("un"), vocabulary.find("ab")], [0, 4, -1]);
  vocabulary.add("abs", 5);
  vocabulary.add("unabled", 3);
  assert.equal([vocabulary.find("abs"), vocabulary.find("able"), vocabulary.find("unabled")], [5, 2, 3]);
});

test("finds the last of equal pieces in JSON", () => {
  const bytes = new TextEncoder().encode('{"b":1,"a":5,"a":3,"b":4}');
  const vocabulary = scanVocabulary(new JsonScanner(bytes), bytes.length);
  assert.equal([vocabulary.find("a"), vocabulary.find("b")], [3, 4]);
  const pieces = [1, 3, 4, 5].map((id) => vocabulary.piece(id));
  assert.equal(pieces, ["b", "a", "b", "a"]);
  assert.equal({ ...vocabularyJSON(vocabulary) }, { a: 3, b: 4 });
});

test("reads half a surrogate pair as U+FFFD wherever it stands, and nothing else as that", () => {
  const read = (json: string): unknown => new JsonScanner(new TextEncoder().encode(json)).value();
  const value = read(String.raw`{"a\ud800": ["\ud800", "\ud83d\ude00", "\\ud800", "\udc00\ud800x", "\u0041"]}`);
  assert.equal(value, { "a\ufffd": ["\ufffd", "\u{1f600}", String.raw`\ud800`, "\ufffd\ufffdx", "A"] });
  assert.throws(() => read('{"a": tru}'), /the value at byte 0 cannot be read .*Is the file whole\?/);
});

test.run();
