/** UL2: the mixture's statistics, each denoiser's own, and that source and target give the text back. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Sample, sampleOf } from "../../sdk/data/sample.js";
import { noiseCounts } from "../../sdk/objectives/span-corruption.js";
import { UL2_DENOISERS, ul2, ul2Noise } from "../../sdk/objectives/ul2.js";
import { seed } from "../../sdk/tensor/random.js";
import { trainUnigram } from "../../sdk/tokenizer/index.js";
import { sequence } from "../helpers/sequences.js";

const test = suite("UL2");

const sentinels = Array.from({ length: 100 }, (_, i) => `<extra_id_${99 - i}>`);
const words = Array.from({ length: 200 }, (_, i) => `word${i} ${i * 7} [NLU] [NLG] [S2S]`);
const tokenizer = trainUnigram(words, { size: 200, special: ["<pad>", "</s>", "<unk>", ...sentinels] });
const prefix = (mode: string) => [...tokenizer.encode(mode, undefined, { special: false }).ids];
const sentinel = (id: number): number => {
  const token = tokenizer.token(id) ?? "";
  return /^<extra_id_\d+>$/.test(token) ? Number(token.slice(10, -1)) : -1;
};
/** The tokens between sentinels: [those before the first, those after each]. */
function runsOf(ids: Int32Array): number[][] {
  const runs: number[][] = [[]];
  for (const id of ids.subarray(0, -1)) {
    if (sentinel(id) === runs.length - 1) runs.push([]);
    else runs.at(-1)!.push(id);
  }
  return runs;
}
/** Source without its mode, and which mode it was. */
function split({ ids }: Sample): { mode: string; source: Int32Array } {
  for (const mode of ["[NLU]", "[S2S]", "[NLG]"]) {
    const tokens = prefix(mode);
    if (tokens.every((id, i) => ids[i] === id)) return { mode, source: ids.subarray(tokens.length) };
  }
  throw new Error(`no mode: ${ids}`);
}

/** A text of 100 words of one token each, whose ids are no sentinels. */
const text = sequence(new Array<number>(100).fill(1), 110);
const plain = [...text.ids].slice(1, -1);

test("modes are drawn as often as they have denoisers in the paper's table: 2, 1 and 4 of 7", () => {
  const corrupt = ul2({ tokenizer });
  const rounds = 7000;
  const counts: Record<string, number> = {};
  for (let i = 0; i < rounds; i++) {
    const { mode } = split(corrupt(text, seed(1).fork(i)));
    counts[mode] = (counts[mode] ?? 0) + 1;
  }
  for (const [mode, share] of [
    ["[NLU]", 2 / 7],
    ["[S2S]", 1 / 7],
    ["[NLG]", 4 / 7],
  ] as const) {
    // Five standard deviations of a binomial count.
    const bound = 5 * Math.sqrt(rounds * share * (1 - share));
    assert.ok(Math.abs(counts[mode]! - rounds * share) < bound, `${mode}: ${counts[mode]}`);
  }
});

test("each denoiser corrupts its share of the tokens in its number of spans", () => {
  const spans = (noise: readonly boolean[]) => noise.filter((hidden, i) => hidden && !noise[i - 1]).length;
  for (const denoiser of UL2_DENOISERS)
    for (const length of [2, 3, 17, 100, 400]) {
      const noise = ul2Noise(length, denoiser, seed(length));
      const { noiseDensity, meanSpanLength } = denoiser;
      if (meanSpanLength === null) {
        // Python's round(0.25 * n) for these lengths: 0, 1, 4, 25, 100; at least one token.
        const target = { 2: 1, 3: 1, 17: 4, 100: 25, 400: 100 }[length]!;
        assert.equal(noise, [...new Array(length - target).fill(false), ...new Array(target).fill(true)]);
        continue;
      }
      const wanted = noiseCounts(length, noiseDensity, meanSpanLength);
      assert.equal({ tokens: noise.filter(Boolean).length, spans: spans(noise) }, wanted);
    }
  // Worked out by hand for 100 tokens: 15 / 3, 15 / 8 and 50 / 3, 50 / 8 spans, and 1 of mean length 64.
  const hundred = UL2_DENOISERS.flatMap(({ noiseDensity, meanSpanLength }) =>
    meanSpanLength === null ? [] : [noiseCounts(100, noiseDensity, meanSpanLength)],
  );
  assert.equal(
    hundred.map(({ tokens, spans: count }) => [tokens, count]),
    [
      [15, 5],
      [15, 2],
      [50, 17],
      [50, 6],
      [15, 1],
      [50, 1],
    ],
  );
});

test("source and target interleave back to the text; the decoder starts with the padding; one seed, one corruption", () => {
  const corrupt = ul2({ tokenizer });
  for (let i = 0; i < 500; i++) {
    const noisy = corrupt(text, seed(2).fork(i));
    const { mode, source } = split(noisy);
    const target = noisy.target!.labels.tokens!;
    const [clean, hidden] = [runsOf(source), runsOf(target)];
    assert.equal(hidden[0], []);
    assert.equal(
      clean.flatMap((run, k) => [...run, ...(hidden[k + 1] ?? [])]),
      plain,
    );
    if (mode === "[S2S]") assert.equal([clean[0], hidden[1]], [plain.slice(0, 75), plain.slice(75)]);
    assert.equal([...noisy.target!.ids], [tokenizer.special.pad, ...target.slice(0, -1)]);
    assert.equal(corrupt(text, seed(2).fork(i)), noisy);
  }
});

test("a tokenizer without sentinels is refused; a custom mixture is drawn from", () => {
  assert.throws(() => ul2({ tokenizer: trainUnigram(words, { size: 60 }) }), /<extra_id_0>/);
  const [first] = UL2_DENOISERS;
  const corrupt = ul2({ tokenizer, denoisers: [first!] });
  const sample = sampleOf(tokenizer.encode("word1 word2 word3"));
  for (let i = 0; i < 20; i++) assert.is(split(corrupt(sample, seed(i))).mode, "[NLU]");
});

test.run();
