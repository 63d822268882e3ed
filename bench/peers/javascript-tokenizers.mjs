/** Speed of @huggingface/tokenizers: node javascript-tokenizers.mjs TOKENIZERS TEXTS.json SECONDS, a JSON line each. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { Tokenizer } from "@huggingface/tokenizers";

const [folder, textsFile, seconds, ...names] = process.argv.slice(2);
const texts = JSON.parse(readFileSync(textsFile, "utf8"));
for (const name of names) {
  const json = JSON.parse(gunzipSync(readFileSync(`${folder}/${name}/tokenizer.json.gz`)).toString("utf8"));
  const tokenizer = new Tokenizer(json, {});
  for (const [text, rows] of Object.entries(texts)) {
    const bytes = rows.reduce((sum, row) => sum + Buffer.byteLength(row), 0);
    let best = Number.POSITIVE_INFINITY;
    for (let spent = 0; spent < seconds; ) {
      const begin = performance.now();
      for (const row of rows) tokenizer.encode(row);
      const took = (performance.now() - begin) / 1e3;
      best = Math.min(best, took);
      spent += took;
    }
    console.log(JSON.stringify({ name, text, mb_per_s: bytes / best / 1e6 }));
  }
}
