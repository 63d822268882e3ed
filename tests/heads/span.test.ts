import { suite } from "uvu";
import * as assert from "uvu/assert";
import { collate, sampleOf } from "../../sdk/data/sample.js";
import { Engine } from "../../sdk/engine/engine.js";
import {
  answerTokens,
  decodeSpans,
  encodeQuestion,
  overlapOfStep,
  type SpanCandidate,
  type SpanOptions,
  spanObjective,
  type WindowScores,
} from "../../sdk/heads/span.js";
import { IGNORE } from "../../sdk/tensor/ops/loss.js";
import { type Rng, seed } from "../../sdk/tensor/random.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { tensor } from "../../sdk/tensor/tensor.js";
import { readVocabulary } from "../../sdk/tokenizer/index.js";

const test = suite("spans");

const PIECES = [
  "[PAD]",
  "[UNK]",
  "[CLS]",
  "[SEP]",
  "[MASK]",
  "a",
  "b",
  "play",
  "##ing",
  "##s",
  "cat",
  "!",
  "漢",
  "字",
  "👍",
];
const tokenizer = readVocabulary(PIECES.join("\n"));
/** Parts of contexts: pieces, an astral symbol, ideographs without spaces, unknown characters. */
const WORDS = ["a", "b", "playing", "cats", "cat!", "漢字", "👍", "𝒳yz", "plays"];

const words = (count: number, word: string): string => Array.from({ length: count }, () => word).join(" ");
const contextOf = (rng: Rng, count: number): string =>
  Array.from({ length: count }, () => WORDS[rng.integer(WORDS.length)]).join(" ");

test("windows begin as the two conventions define", () => {
  const starts = (overlap: number) =>
    encodeQuestion(tokenizer, words(20, "a"), words(1000, "b"), { length: 384, overlap }).map(
      ({ offsets, context }) => {
        // Words of one letter: the n-th begins at 2n.
        assert.is(context[0], 22);
        return offsets[2 * context[0]]! / 2;
      },
    );
  // 384 - 20 - 3 = 361 context tokens a window.
  assert.equal(starts(overlapOfStep(128, 361)), [0, 128, 256, 384, 512, 640]);
  assert.equal(starts(128), [0, 233, 466, 699]);
});

test("windows cover the context, adjacent ones share the given overlap, and each has the whole question", () => {
  const rng = seed(1);
  for (const [length, overlap] of [
    [16, 4],
    [12, 0],
    [40, 10],
    [200, 5],
  ] as const) {
    const context = contextOf(rng, 40);
    const all = tokenizer.encode(context, undefined, { special: false });
    const windows = encodeQuestion(tokenizer, "a b a", context, { length, overlap });
    let next = 0;
    for (const [
      i,
      {
        sample,
        offsets,
        context: [begin, end],
      },
    ] of windows.entries()) {
      assert.ok(sample.ids.length <= length);
      assert.equal(tokenizer.decode(sample.ids.slice(0, begin)), "[CLS] a b a [SEP]");
      assert.equal(
        [...sample.segments],
        Array.from(sample.ids, (_, t) => (t < begin ? 0 : 1)),
      );
      const from = i === 0 ? 0 : next - overlap;
      assert.equal(sample.ids.slice(begin, end), all.ids.slice(from, from + end - begin));
      assert.equal(offsets.slice(2 * begin, 2 * end), all.offsets.slice(2 * from, 2 * (from + end - begin)));
      next = from + end - begin;
    }
    assert.is(next, all.ids.length);
  }
});

test("a question that is too long is cut at a token; the context is shortened first", () => {
  const [window] = encodeQuestion(tokenizer, "playing cats playing", "b b b", { length: 20, overlap: 2, question: 3 });
  assert.equal(tokenizer.decode(window!.sample.ids), "[CLS] playing cat [SEP] b b b [SEP]");
  const [whole] = encodeQuestion(tokenizer, words(64, "a"), "b", { length: 100, overlap: 2 });
  assert.is(whole!.context[0], 66);
  assert.is(encodeQuestion(tokenizer, words(65, "a"), "b", { length: 100, overlap: 2 })[0]!.context[0], 66);
  assert.throws(() => encodeQuestion(tokenizer, words(10, "a"), "b", { length: 12, overlap: 0 }), /cannot make room/);
});

test("an answer's tokens are those that cover its characters, in windows that hold all of it", () => {
  const rng = seed(2);
  let [found, astral, lost] = [0, 0, 0];
  for (let run = 0; run < 300; run++) {
    const context = contextOf(rng, 25);
    const windows = encodeQuestion(tokenizer, "a", context, { length: 16, overlap: 5 });
    const start = rng.integer(context.length);
    const text = context.slice(start, start + 1 + rng.integer(12));
    // The characters that count: the answer without the spaces around it.
    const [from, to] = [start + text.search(/\S|$/), start + text.trimEnd().length];
    for (const window of windows) {
      const {
        offsets,
        context: [begin, end],
      } = window;
      const touching = Array.from({ length: end - begin }, (_, i) => begin + i).filter(
        (t) => offsets[2 * t]! < to && offsets[2 * t + 1]! > from,
      );
      const [first, last] = [touching[0]!, touching.at(-1)!];
      const held = touching.length > 0 && from < to && offsets[2 * first]! <= from && offsets[2 * last + 1]! >= to;
      assert.equal(answerTokens(window, { text, start }), held ? [first, last] : [0, 0], `run ${run}: "${text}"`);
      if (!held) {
        lost++;
        continue;
      }
      found++;
      const slice = context.slice(offsets[2 * first]!, offsets[2 * last + 1]!);
      assert.ok(slice.includes(text.trim()), `"${slice}" for "${text}"`);
      // Cut at word boundaries, the slice is the answer to the character.
      if (!/\S/.test(context[from - 1] ?? "") && !/\S/.test(context[to] ?? "")) assert.is(slice, text.trim());
      if (/[\ud800-\udfff]/.test(slice)) astral++;
    }
  }
  assert.ok(found > 200 && astral > 50 && lost > 200, `${found}, ${astral}, ${lost}`);
});

test("no answer, and one of nothing but spaces, point at the first special token", () => {
  const [window] = encodeQuestion(tokenizer, "a", "b  b", { length: 16, overlap: 5 });
  assert.equal(answerTokens(window!, null), [0, 0]);
  assert.equal(answerTokens(window!, { text: "  ", start: 1 }), [0, 0]);
  assert.equal(answerTokens(window!, { text: "", start: 0 }), [0, 0]);
  const [empty] = encodeQuestion(tokenizer, "a", "", { length: 16, overlap: 5 });
  assert.equal(empty!.context, [0, 0]);
  assert.equal(answerTokens(empty!, { text: "b", start: 0 }), [0, 0]);
});

/** Windows over a context with logits of few values, so that ties occur. */
function scored(rng: Rng, values: number): WindowScores[] {
  const context = contextOf(rng, 30);
  return encodeQuestion(tokenizer, "a b", context, { length: 20, overlap: 6 }).map((window) => {
    const logits = () => Float32Array.from(window.sample.ids, () => rng.integer(values) - values / 2);
    return { window, first: logits(), last: logits() };
  });
}

/** Every pair of positions, judged one by one. */
function brute(windows: readonly WindowScores[], { best = 20, longest = 30, maximumContext = false }: SpanOptions) {
  const found = new Map<string, SpanCandidate>();
  const margin = (
    {
      window: {
        context: [begin, end],
      },
    }: WindowScores,
    t: number,
  ) => Math.min(t - begin, end - 1 - t) + 0.01 * (end - begin);
  for (const one of windows) {
    const {
      window: {
        offsets,
        context: [begin, end],
      },
      first,
      last,
    } = one;
    const rank = (scores: ArrayLike<number>, t: number) => {
      let before = 0;
      for (let u = begin; u < end; u++) if (scores[u]! > scores[t]! || (scores[u] === scores[t] && u < t)) before++;
      return before;
    };
    for (let s = begin; s < end; s++) {
      const seenBetter = windows.some((other, i) => {
        const at = Array.from(
          { length: other.window.context[1] - other.window.context[0] },
          (_, k) => other.window.context[0] + k,
        ).find((t) => other.window.offsets[2 * t] === offsets[2 * s]);
        if (at === undefined || other === one) return false;
        const difference = margin(other, at) - margin(one, s);
        return difference > 0 || (difference === 0 && i < windows.indexOf(one));
      });
      if (maximumContext && seenBetter) continue;
      for (let e = s; e < end && e - s + 1 <= longest; e++) {
        if (rank(first, s) >= best || rank(last, e) >= best) continue;
        const candidate = { start: offsets[2 * s]!, end: offsets[2 * e + 1]!, score: first[s]! + last[e]! };
        const key = `${candidate.start}:${candidate.end}`;
        if (candidate.score > (found.get(key)?.score ?? Number.NEGATIVE_INFINITY)) found.set(key, candidate);
      }
    }
  }
  const none = Math.min(...windows.map(({ first, last }) => first[0]! + last[0]!));
  const candidates = [...found.values()].sort((a, b) => b.score - a.score || a.start - b.start || a.end - b.end);
  return { candidates: candidates.slice(0, best), none };
}

test("decoding equals brute force over all pairs of positions of all windows", () => {
  for (const options of [
    {},
    { best: 3 },
    { best: 1000, longest: 1000 },
    { longest: 2 },
    { best: 5, longest: 4, maximumContext: true },
    { maximumContext: true },
  ]) {
    for (let run = 0; run < 40; run++) {
      const windows = scored(seed(run), run % 2 ? 6 : 100_000);
      assert.equal(decodeSpans(windows, options), brute(windows, options), `run ${run}, ${JSON.stringify(options)}`);
    }
  }
});

test("a decoded answer is the word that was pointed at, sliced by UTF-16 units, astral characters included", () => {
  const rng = seed(12);
  let astral = 0;
  for (let run = 0; run < 60; run++) {
    const context = contextOf(rng, 12);
    const spaces = [...context.matchAll(/\S+/gu)];
    const word = spaces[rng.integer(spaces.length)]!;
    const [start, end] = [word.index, word.index + word[0].length];
    const windows = encodeQuestion(tokenizer, "a b", context, { length: 20, overlap: 6 }).map((window) => {
      // High only where a token begins or ends with the word; windows that cut it have one of the two at most.
      const score = (edge: 0 | 1, place: number) =>
        Float32Array.from(window.sample.ids, (_, t) => {
          const inside = t >= window.context[0] && t < window.context[1];
          return inside && window.offsets[2 * t + edge] === place ? 9 : -9;
        });
      return { window, first: score(0, start), last: score(1, end) };
    });
    const [best] = decodeSpans(windows).candidates;
    assert.is(context.slice(best!.start, best!.end), word[0], `run ${run}`);
    assert.is(best!.start, start);
    if (/[\ud800-\udfff]/.test(word[0])) astral++;
  }
  assert.ok(astral > 5, `${astral}`);
});

test("of windows that see as far around a token the longer one counts, of equal ones the first", () => {
  // Two windows on words of one letter; the token that begins at 8 has two context tokens on its nearer side in both.
  const window = (from: number, count: number, second: number): WindowScores => {
    const offsets = Int32Array.from({ length: 2 * (count + 1) }, (_, i) =>
      i < 2 ? 0 : 2 * (from + (i >> 1) - 1) + (i % 2),
    );
    const { sample } = encodeQuestion(tokenizer, "a", "b", { length: 8, overlap: 0 })[0]!;
    const first = Float32Array.from({ length: count + 1 }, (_, t) => (offsets[2 * t] === 8 && t > 0 ? 9 : -9));
    return { window: { sample, offsets, context: [1, count + 1] }, first, last: first.map((v) => v + second) };
  };
  const best = (...windows: WindowScores[]) => decodeSpans(windows, { maximumContext: true }).candidates[0]!;
  assert.equal(best(window(0, 7, 0), window(2, 8, -1)), { start: 8, end: 9, score: 17 });
  assert.equal(best(window(0, 8, -1), window(2, 7, 0)), { start: 8, end: 9, score: 17 });
  assert.equal(best(window(2, 7, -1), window(2, 7, 0)), { start: 8, end: 9, score: 17 });
});

test("an end before its start is never taken, nor an answer from the question or the special tokens", () => {
  const [window] = encodeQuestion(tokenizer, "a b", "cat cat cat", { length: 20, overlap: 2 });
  const [begin] = window!.context;
  const length = window!.sample.ids.length;
  const [first, last] = [new Float32Array(length), new Float32Array(length)];
  first[begin + 2] = 10;
  last[begin] = 10;
  for (const t of [0, 1, begin - 1, length - 1]) first[t] = last[t] = 99;
  const { candidates, none } = decodeSpans([{ window: window!, first, last }]);
  assert.is(none, 198);
  assert.equal([candidates[0]!.score, candidates.length], [10, 6]);
  assert.ok(candidates.every(({ start, end }) => start >= 0 && end > start && end <= 11));
});

test("a context without tokens has no candidates", () => {
  const [window] = encodeQuestion(tokenizer, "a", "  ", { length: 16, overlap: 5 });
  const scores = Float32Array.from(window!.sample.ids, () => 1);
  assert.equal(decodeSpans([{ window: window!, first: scores, last: scores }]), { candidates: [], none: 2 });
});

test("the loss is the mean of both ends' cross-entropies over the answered rows", async () => {
  using engine = await Engine.create();
  using _ = new Scope();
  const rng = seed(4);
  const spans = [
    [1, 3],
    [IGNORE, IGNORE],
    [0, 0],
  ] as const;
  const samples = ["a b a", "cats", "b b b b"].map((text, i) => sampleOf(tokenizer.encode(text), { span: spans[i]! }));
  const batch = collate(samples);
  const tokens = batch.starts.at(-1)!;
  const scores = Float32Array.from({ length: 2 * tokens }, () => 4 * rng() - 2);
  const objective = spanObjective();
  assert.is(objective.count(batch), 2);
  const cost = (row: number, column: number, label: number) => {
    const own = Array.from(
      { length: samples[row]!.ids.length },
      (_, t) => scores[2 * (batch.starts[row]! + t) + column]!,
    );
    return Math.log(own.reduce((sum, x) => sum + Math.exp(x), 0)) - own[label]!;
  };
  const want = (cost(0, 0, 1) + cost(0, 1, 3) + cost(2, 0, 0) + cost(2, 1, 0)) / 4;
  const head = { spanScores: () => tensor(engine, scores, [tokens, 2]) };
  const loss = objective.loss(head, tensor(engine, [0]), batch, 2).item();
  // Four terms below 4, each off by a few f32 units.
  assert.ok(Math.abs(loss - want) < 1e-5, `${loss}, expected ${want}`);
  const bare = collate(samples.map((sample) => ({ ...sample, labels: {} })));
  assert.throws(() => objective.loss(head, tensor(engine, [0]), bare, 1), /span: the batch has no answers/);
  assert.is(objective.count(bare), 0);
});

test.run();
