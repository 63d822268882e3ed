/**
 * The sentences of cloze-tiny-embed: all modern English of cloze-tiny's corpus, and every sixth sentence of its novels, in the
 * order of their hashes. Text of the STS benchmark is not among them.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { HELD_OUT_NOVELS } from "../../cloze-tiny/recipe/corpus.mjs";
import { NOVELS, novelText } from "../../cloze-tiny/recipe/novels.mjs";

/** Of the sentences of novels one is taken. */
const NOVEL_SHARE = 6;
/** Words of a sentence. */
const [FEWEST, MOST] = [3, 60];
/** The last ones of the order are held out. */
const HELD_OUT = 2000;

/** The sentences of a paragraph, as far as a full stop before a capital shows them. */
const split = (paragraph) => paragraph.split(/(?<=[.!?]["'”’)]*) +(?=["'“‘(]*\p{Lu})/u);

const isOfLength = (sentence) => {
  const words = sentence.split(" ").length;
  return words >= FEWEST && words <= MOST;
};

/**
 * @param sources where the novels are, as for the corpus
 * @returns {Promise<{ training: string[], held: string[] }>}
 */
export async function sentences(sources) {
  const modern = gunzipSync(readFileSync(new URL("../../cloze-tiny/recipe/modern.txt.gz", import.meta.url))).toString(
    "utf8",
  );
  const all = new Set(modern.split(/[\n\f]+/).flatMap(split));
  for (const novel of NOVELS) {
    if (HELD_OUT_NOVELS.includes(novel.name)) continue;
    const own = (await novelText(novel, sources)).split("\n").flatMap(split);
    for (let i = 0; i < own.length; i += NOVEL_SHARE) all.add(own[i]);
  }
  const ordered = [...all]
    .filter(isOfLength)
    .map((sentence) => ({ sentence, place: createHash("sha256").update(sentence).digest("hex") }))
    .sort((a, b) => (a.place < b.place ? -1 : 1))
    .map(({ sentence }) => sentence);
  return { training: ordered.slice(0, -HELD_OUT), held: ordered.slice(-HELD_OUT) };
}

/** Where the novels are, unless they are named. */
export const novelsBeside = (root) => join(root, "../shared/data/pretraining-english/novels");
