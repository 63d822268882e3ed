/** Streamed text is that of the library's DecodeStream, token by token, for every kind of decoder (reference/make_streams.py). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DecodeStream, readTokenizerJson } from "../../sdk/tokenizer/index.js";
import { root } from "../helpers/shared.js";

interface Streams {
  readonly name: string;
  readonly json: object;
  readonly rows: readonly { readonly ids: number[]; readonly skip: boolean; readonly steps: string[] }[];
}

const test = suite("streams");
const path = join(root, "tests/tokenizer/reference/streams.json");

for (const { name, json, rows } of JSON.parse(readFileSync(path, "utf8")) as Streams[])
  test(name, () => {
    const tokenizer = readTokenizerJson(JSON.stringify(json));
    assert.ok(rows.length > 20);
    for (const { ids, skip, steps } of rows) {
      const stream = new DecodeStream(tokenizer, skip);
      assert.equal(
        ids.map((id) => stream.push(id)),
        steps,
        `${ids}`,
      );
    }
  });

test.run();
