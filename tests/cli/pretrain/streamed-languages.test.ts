/** --smoothing and --pairs with files too large for memory: they learn, resume to the bit, and refuse what cannot be read again. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { IN_MEMORY } from "../../../sdk/cli/pretrain/text-stream.js";
import { translationsIn } from "../../../sdk/cli/pretrain/translations.js";
import { trainWordPiece } from "../../../sdk/tokenizer/index.js";
import { commandIn, interruptedIn } from "../../helpers/command.js";

const test = suite("streamed languages and pairs");
const { place, cloze, lastObject, remove } = commandIn("streamed-languages");
test.after(remove);

const WORDS = ["cat", "dog", "sea", "hill", "sat", "ran", "old", "low", "the", "a"];
const text = (count: number, first: string): string =>
  Array.from({ length: count }, (_, i) => `${first} ${WORDS[i % 10]} ${WORDS[(i * 3) % 10]}\n\n`).join("");
/** Large by its lines: blank ones take no time. */
const LARGE = "\n".repeat(IN_MEMORY.lines + 1);
writeFileSync(join(place, "en.txt"), text(200, "the") + LARGE);
writeFileSync(join(place, "de.txt"), text(40, "der"));
const rows = Array.from({ length: 30 }, (_, i) => `the ${WORDS[i % 10]}\tder ${WORDS[i % 10]}`);
writeFileSync(join(place, "pairs.tsv"), `text\tpair\n${rows.join("\n")}\n`);
assert.is(cloze(["train-tokenizer", "--size", "60", "--out", "tok.json", "de.txt"]).status, 0);

const sizes = "--layers 1 --width 8 --heads 1 --length 16 --rows 4 --steps 6 --checkpoint-every 4 --tokenizer tok.json";
const pretrain = ["pretrain", "--objective", "masked-lm", ...sizes.split(" "), "--json"];
const both = ["--smoothing", "0.3", "--pairs", "pairs.tsv", "en.txt", "de.txt"];

test("languages and pairs are learned from; an interrupted run continues with the same bits; other pairs are refused", () => {
  interruptedIn(place)([...pretrain, "--out", "broken", ...both], "broken");
  const weights = (name: string) => readFileSync(join(place, name, "model.safetensors")).toString("base64");
  lastObject([...pretrain, "--out", "mixed", "--smoothing", "0.3", "en.txt", "de.txt"]);
  lastObject([...pretrain, "--out", "paired", "--pairs", "pairs.tsv", "en.txt", "de.txt"]);
  assert.is(new Set(["broken-whole", "mixed", "paired"].map(weights)).size, 3);
  const given = readFileSync(join(place, "pairs.tsv"), "utf8");
  writeFileSync(join(place, "pairs.tsv"), given.replace("the dog", "the sea"));
  const refused = cloze(["pretrain", "--resume", "broken", "--out", "resumed"]);
  assert.is(refused.status, 2, refused.stderr);
  writeFileSync(join(place, "pairs.tsv"), given);
  lastObject(["pretrain", "--resume", "broken", "--out", "resumed", "--json"]);
  assert.is(weights("resumed"), weights("broken-whole"));
});

test("input that can be read only once is refused beside large text", () => {
  const { status, stderr } = cloze([...pretrain, "--out", "none", "en.txt", "-"], "the cat\n");
  assert.is(status, 2);
  assert.match(stderr, /standard input can be read only once/);
});

test("large pairs are read again each time, and are the pairs of a list", async () => {
  const tokenizer = trainWordPiece(WORDS, { size: 60 });
  const small = await translationsIn(join(place, "pairs.tsv"), tokenizer);
  const many = Math.ceil(IN_MEMORY.lines / rows.length) + 1;
  const file = join(place, "large.tsv");
  writeFileSync(file, `text\tpair\n${`${rows.join("\n")}\n`.repeat(many)}`);
  const large = await translationsIn(file, tokenizer);
  assert.is(large.list, undefined);
  assert.is(large.count, many * rows.length);
  for (const _ of [0, 1]) {
    let at = 0;
    for await (const pair of large.read()) {
      assert.equal(pair, small.list![at]);
      if (++at === rows.length) break;
    }
  }
  writeFileSync(file, `${readFileSync(file, "utf8")}one text alone\n`);
  const message = await translationsIn(file, tokenizer).then(
    () => "",
    (error: Error) => error.message,
  );
  assert.match(message, new RegExp(`large\\.tsv:${many * rows.length + 2}: `));
  rmSync(file);
});

test.run();
