/**
 * The corpus of cloze-tiny: novels cut into passages and modern documents, three copies of each, in an order that follows from
 * their hashes alone. Three novels and every hundredth modern document are held out: no step of training sees them.
 */
import { createHash } from "node:crypto";
import { createReadStream, existsSync, readFileSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { NOVELS, novelText } from "./novels.mjs";

/** One of each third of the period. */
export const HELD_OUT_NOVELS = ["ENG18610_Eliot", "ENG18900_Doyle", "ENG19150_Buchan"];
/** Of the documents of each modern collection. */
const HELD_OUT_EVERY = 100;
/** Modern documents are read more often: they are a tenth of the words, and the language of today's texts. */
const COPIES = 3;
/** Paragraphs of a passage. */
const PASSAGE = 8;

/** SHA-256 of the three files. */
export const FILES = {
  "train.txt": "a9fee767d05e24101610a9f5931a4812185b71c1785b05b18f65d3651b4b0cd5",
  "held-out-novels.txt": "a48729bb8893364631e918ae5964862c8403ff5880c716273152de1123aaa41b",
  "held-out-modern.txt": "b60568149abc978902fe6dd6edd9323fd9649b6df1db8f0d2c91f09be3b7d453",
};

/** Typewriter quotes and dashes. Every other novel has them, and the rest the printed ones, so that the model knows both. */
const typewritten = (text) =>
  text.replace(/[‘’]/g, "'").replace(/[“”]/g, '"').replace(/—/g, " - ").replace(/…/g, "...").replace(/ {2,}/g, " ");

function* passages(novel) {
  for (const chapter of novel.trim().split(/\n\s*\n/)) {
    const paragraphs = chapter.split("\n").filter((line) => line.trim());
    for (let at = 0; at < paragraphs.length; at += PASSAGE) yield paragraphs.slice(at, at + PASSAGE).join("\n");
  }
}

const placeOf = (copy, document) => createHash("sha256").update(`${copy} ${document}`).digest("hex");

/** The three texts, by file. */
async function texts(sources) {
  const training = [];
  const heldNovels = [];
  const heldModern = [];
  const learn = (document, copy) => training.push({ place: placeOf(copy, document), document });
  for (const [i, novel] of NOVELS.entries()) {
    const text = await novelText(novel, sources);
    const printed = i % 2 === 0 ? text : typewritten(text);
    if (HELD_OUT_NOVELS.includes(novel.name)) heldNovels.push(printed.trim());
    else for (const passage of passages(printed)) learn(passage, 0);
  }
  const modern = gunzipSync(readFileSync(new URL("modern.txt.gz", import.meta.url))).toString("utf8");
  for (const collection of modern.split("\f"))
    for (const [i, document] of collection.split("\n\n").entries())
      if (i % HELD_OUT_EVERY === 50) heldModern.push(document);
      else for (let copy = 0; copy < COPIES; copy++) learn(document, copy);
  training.sort((a, b) => (a.place < b.place ? -1 : a.place > b.place ? 1 : 0));
  const whole = (documents) => `${documents.join("\n\n")}\n`;
  return {
    "train.txt": whole(training.map(({ document }) => document)),
    "held-out-novels.txt": whole(heldNovels),
    "held-out-modern.txt": whole(heldModern),
  };
}

/** SHA-256 of a file. */
export async function hashFile(path) {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}

async function isComplete(folder) {
  for (const [name, sha256] of Object.entries(FILES)) {
    const path = join(folder, name);
    if (!existsSync(path) || (await hashFile(path)) !== sha256) return false;
  }
  return true;
}

/**
 * Write the corpus to a folder, unless it is there already.
 *
 * @param sources where the novels are: `folder` of cleaned ones, and `cache` for those that are fetched
 * @throws {Error} when a file is not the one that cloze-tiny was trained on
 */
export async function writeCorpus(folder, sources) {
  if (await isComplete(folder)) return;
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(await texts(sources))) {
    const found = createHash("sha256").update(text).digest("hex");
    if (found !== FILES[name]) throw new Error(`${name}: the SHA-256 is ${found}, expected ${FILES[name]}`);
    const path = join(folder, name);
    await writeFile(`${path}.part`, text);
    await rename(`${path}.part`, path);
  }
}
