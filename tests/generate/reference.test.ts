/** Every field of generation_config.json that changes scores, alone and beside others: reference/rules.json is transformers'. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { generationSettings, rulesOf } from "../../sdk/generate/settings.js";
import { near } from "../helpers/near.js";
import { root } from "../helpers/shared.js";

interface Case {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly prompt: number;
  readonly source: readonly number[];
  readonly written: readonly number[];
  readonly scores: readonly number[];
  /** null: excluded */
  readonly after: readonly (number | null)[];
}

/** The library computes in f32: a few roundings of numbers below 100, each 6e-8 of its magnitude. */
const BOUND = { rtol: 1e-5, atol: 1e-5 };

const test = suite("rules as in transformers");
const place = process.env["CLOZE_RULES"] ?? join(root, "tests/generate/reference/rules.json");
const cases = JSON.parse(readFileSync(place, "utf8")) as readonly Case[];

test("each field is in some case", () => {
  const seen = new Set(cases.flatMap(({ settings }) => Object.keys(settings)));
  const elsewhere = ["max_length", "num_beams", "length_penalty", "early_stopping", "decoder_start_token_id"];
  for (const field of Object.keys(generationSettings({}, {})))
    assert.ok(seen.has(field) || elsewhere.includes(field), field);
});

for (const [number, { settings, prompt, source, written, scores, after }] of cases.entries())
  test(`${number}: ${Object.keys(settings).join(", ")}`, () => {
    const row = Float32Array.from(scores);
    for (const rule of rulesOf(generationSettings(settings, {}), prompt, source)) rule(row, written);
    const kept = (values: ArrayLike<number | null>) => Array.from(values, (x) => x !== null && x > -1e38);
    assert.equal(kept(row), kept(after));
    const finite = [...after.keys()].filter((i) => kept(after)[i]);
    near(
      finite.map((i) => row[i]!),
      finite.map((i) => after[i]!),
      BOUND,
    );
  });

test.run();
