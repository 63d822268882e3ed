/** Every reference tokenizer on all reference texts: ids, offsets, words, decoding. Pairs: npm run golden:tokenizers. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readTokenizerJson, toCodePoints } from "../../sdk/tokenizer/index.js";
import { shared } from "../helpers/shared.js";

const test = suite("golden tokenizers");
const folder = shared("golden/tokenizers/texts.jsonl.gz", "tokenizers against the reference");
const rows = <T>(path: string): T[] =>
  gunzipSync(readFileSync(path))
    .toString("utf8")
    .trimEnd()
    .split("\n")
    .map((row) => JSON.parse(row) as T);

interface Expected {
  readonly ids: number[];
  readonly offsets: number[][];
  readonly words: (number | null)[];
  readonly decoded: string;
}

if (folder === null) test("the shared data is absent", () => assert.ok(true));
else {
  const root = join(folder, "..");
  const texts = rows<string>(folder);
  for (const name of readdirSync(root).filter((entry) => !entry.includes(".") || entry.includes("-L6-")))
    test(`${name} agrees on ${texts.length} texts`, () => {
      const tokenizer = readTokenizerJson(gunzipSync(readFileSync(join(root, name, "tokenizer.json.gz"))));
      const expected = rows<Expected>(join(root, name, "expected.jsonl.gz"));
      texts.forEach((text, i) => {
        const want = expected[i]!;
        const got = tokenizer.encode(text);
        const where = `line ${i}: ${JSON.stringify(text.slice(0, 80))}`;
        assert.is(got.ids.join(), want.ids.join(), where);
        assert.is(toCodePoints(got.offsets, text).join(), want.offsets.join(), where);
        assert.is(got.words.join(), want.words.map((word) => word ?? -1).join(), where);
        assert.is(tokenizer.decode(want.ids, { skipSpecial: true }), want.decoded, where);
      });
    });
}

test.run();
