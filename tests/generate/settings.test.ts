/** Generation settings: lengths as transformers' generate counts them, and every field computed or refused by name. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { generate } from "../../sdk/generate/generate.js";
import { expectSupported, FIELDS_WITHOUT_EFFECT, REFUSED_FIELDS } from "../../sdk/generate/refused-fields.js";
import { generationSettings, newTokens, rulesOf } from "../../sdk/generate/settings.js";
import { ConfigError } from "../../sdk/models/family/config.js";
import { arbitrary, END, SIZE, scripted } from "../helpers/scripted-writer.js";

const test = suite("generation settings");
const settings = (fields: Record<string, unknown>) => generationSettings({ eos_token_id: END, ...fields }, {});

test("max_length and min_length count the prompt, max_new_tokens and min_new_tokens do not", () => {
  assert.is(newTokens(settings({ max_length: 16 }), 6), 10);
  assert.is(newTokens(settings({ max_length: 16 }), 1), 15, "an encoder-decoder has its start token alone");
  assert.is(newTokens(settings({ max_length: 16, max_new_tokens: 3 }), 6), 3);
  assert.throws(() => newTokens(settings({ max_length: 6 }), 6), /max_length 6 .* counts the 6 tokens of the prompt/);
  const never = (_: readonly number[], id: number) => Number(id === 1);
  const ids = generate(scripted(never, [[0, 2, 3]]), settings({ max_length: 5 }));
  assert.equal(ids, [[0, 2, 3, 1, 1]]);
  const eager = (_: readonly number[], id: number) => (id === END ? 2 : Number(id === 1));
  assert.equal(generate(scripted(eager, [[0, 2]]), settings({ max_length: 9, min_length: 4 })), [[0, 2, 1, 1, END]]);
  assert.equal(generate(scripted(eager, [[0, 2]]), settings({ max_length: 9, min_new_tokens: 1 })), [[0, 2, 1, END]]);
});

test("a forced end may be in a list of its own", () => {
  assert.is(settings({ forced_eos_token_id: [END] }).forced_eos_token_id, END);
  assert.throws(() => settings({ forced_eos_token_id: [1, 2] }), /forced_eos_token_id must be the id of a token/);
});

test("a decoder begins with the token of generation_config.json, else with its bos_token_id, else as config.json says", () => {
  const config = { is_encoder_decoder: true, decoder_start_token_id: 2, bos_token_id: 3 };
  const start = (generation: Record<string, unknown> | undefined, own: Record<string, unknown> = config) =>
    generationSettings(generation, own).decoder_start_token_id;
  assert.is(start({ decoder_start_token_id: 4, bos_token_id: 5 }), 4);
  assert.is(
    start({ bos_token_id: 5 }),
    5,
    "transformers passes config.json over where there is a generation_config.json",
  );
  assert.is(start({}), 2, "the library has no start token here, and refuses");
  assert.is(start(undefined), 2);
  assert.is(start(undefined, { is_encoder_decoder: true, bos_token_id: 3 }), 3);
  assert.is(start({ bos_token_id: 5 }, {}), null, "a decoder alone begins with its prompt");
});

test("a field that cannot be computed is named with its file", () => {
  for (const fields of [
    { num_return_sequences: 3 },
    { length_penalty: "1" },
    { num_beams: 0 },
    { bos_token_id: "a" },
    { decoder_start_token_id: 320 },
    { max_length: "9" },
    { max_new_tokens: -1 },
  ]) {
    const message = (file: string) => new RegExp(`^${file}: ${Object.keys(fields)[0]} `);
    const config = { is_encoder_decoder: true, vocab_size: 320 };
    assert.throws(() => generationSettings(fields, config), message("generation_config.json"));
    assert.throws(() => generationSettings(undefined, { ...fields, ...config }), message("config.json"));
  }
});

test("a number of tokens is not called the id of one", () => {
  for (const field of ["max_new_tokens", "max_length"])
    assert.throws(() => settings({ [field]: -1 }), new RegExp(`${field} must be a whole number of at least 0, got -1`));
});

test("null means no generation_config.json; anything else but an object is refused", () => {
  assert.equal(generationSettings(null as never, { num_beams: 3 }), generationSettings(undefined, { num_beams: 3 }));
  for (const odd of [1, "a"])
    assert.throws(() => generationSettings(odd as never, {}), /generationSettings: generation must be the fields of/);
});

test("prompts of several lengths have no common max_length", () => {
  assert.throws(() => generate(scripted(arbitrary, [[0], [1, 2]]), settings({ max_length: 9 })), /one at a time/);
});

test("every field of the tables is refused when it would change a text, and accepted when it would not", () => {
  const others: Record<string, unknown> = { boolean: true, number: 7, object: [[3]] };
  for (const [field, neutral] of Object.entries(REFUSED_FIELDS)) {
    expectSupported({ [field]: neutral });
    expectSupported({ [field]: null });
    assert.throws(
      () => settings({ [field]: others[typeof neutral] }),
      (error: unknown) => error instanceof ConfigError && error.message.includes(field),
      field,
    );
  }
  const computed = Object.keys(settings({}));
  for (const field of FIELDS_WITHOUT_EFFECT) {
    assert.not.ok(field in REFUSED_FIELDS || computed.includes(field), field);
    settings({ [field]: 7 });
  }
  for (const field of computed) assert.not.ok(field in REFUSED_FIELDS, field);
});

const NO = Number.NEGATIVE_INFINITY;
const row = (values: readonly number[], rules: ReturnType<typeof rulesOf>, written: readonly number[]) => {
  const scores = Float32Array.from(values);
  for (const rule of rules) rule(scores, written);
  return [...scores];
};
const FLAT = new Array<number>(SIZE).fill(1);

test("suppress_tokens always, begin_suppress_tokens at the first new token only", () => {
  const always = rulesOf(settings({ suppress_tokens: [2] }), 1);
  assert.equal(row(FLAT, always, [0]), [1, 1, NO, 1, 1, 1]);
  assert.equal(row(FLAT, always, [0, 1, 1]), [1, 1, NO, 1, 1, 1]);
  const first = rulesOf(settings({ begin_suppress_tokens: [3] }), 2);
  assert.equal(row(FLAT, first, [0, 1]), [1, 1, 1, NO, 1, 1]);
  assert.equal(row(FLAT, first, [0, 1, 1]), FLAT);
  // A forced first token does not count where the prompt is the start token alone.
  const forced = rulesOf(settings({ begin_suppress_tokens: [3], forced_bos_token_id: 1 }), 1);
  assert.equal(row(FLAT, forced, [0, 1]), [1, 1, 1, NO, 1, 1]);
});

test("encoder_no_repeat_ngram_size excludes n-grams of the source", () => {
  const source = Int32Array.of(1, 2, 3);
  assert.equal(row(FLAT, rulesOf(settings({ encoder_no_repeat_ngram_size: 1 }), 1, source), [0]), [
    1,
    NO,
    NO,
    NO,
    1,
    1,
  ]);
  const pairs = rulesOf(settings({ encoder_no_repeat_ngram_size: 2 }), 1, source);
  assert.equal(row(FLAT, pairs, [0, 2]), [1, 1, 1, NO, 1, 1]);
  assert.equal(row(FLAT, pairs, [0]), FLAT);
});

test("biases, length decay and renormalization are read in the shapes of the files", () => {
  const read = settings({
    sequence_bias: [[[1, 2], -0.5]],
    exponential_decay_length_penalty: [2, 1.5],
    renormalize_logits: true,
  });
  assert.equal(read.sequence_bias, [[[1, 2], -0.5]]);
  assert.equal(read.exponential_decay_length_penalty, [2, 1.5]);
  assert.is(read.renormalize_logits, true);
  for (const value of [{ "1": 2 }, [[1, 2]], [[[], 1]], [[[1], "2"]], [[[-1], 2]]])
    assert.throws(() => settings({ sequence_bias: value }), /sequence_bias must be/);
  for (const value of [2, [2], [-1, 1.5], [2, 0], [2, "1"]])
    assert.throws(() => settings({ exponential_decay_length_penalty: value }), /exponential_decay_length_penalty must/);
  const several = settings({ exponential_decay_length_penalty: [2, 1.5] });
  assert.throws(() => generate(scripted(arbitrary, [[0], [1, 2]]), several), /prompts of one length/);
});

test("min_p keeps tokens that are likely enough relative to the best", () => {
  const scores = [0.5, 0.25, 0.1, 0.05, 0.05, 0.05].map(Math.log);
  const kept = (min_p: number) =>
    row(scores, rulesOf(settings({ do_sample: true, top_k: 0, min_p }), 1), [0]).map((score) => score > NO);
  assert.equal(kept(1), [true, false, false, false, false, false]);
  assert.equal(kept(0.4), [true, true, false, false, false, false]);
  assert.equal(kept(0.01), [true, true, true, true, true, true]);
  assert.throws(() => settings({ min_p: 1.5 }), /min_p must be from 0 to 1/);
});

test.run();
