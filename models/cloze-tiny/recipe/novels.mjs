/**
 * Plain text of the novels of the European Literary Text Collection (COST-ELTeC/ELTeC-eng, level 1): a paragraph per line, a
 * blank line between chapters, without headings, notes and front matter. Each novel is compared with its known SHA-256.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

export const COMMIT = "3db3b6738a836f0e1b276b6c9703e42f4297f978";
const ADDRESS = `https://raw.githubusercontent.com/COST-ELTeC/ELTeC-eng/${COMMIT}/level1`;

/** Name and SHA-256 of the text of each novel, in the order of training. */
export const NOVELS = readFileSync(fileURLToPath(new URL("novels.sha256", import.meta.url)), "utf8")
  .trim()
  .split("\n")
  .map((line) => {
    const [sha256, name] = line.split("  ");
    return { name, sha256 };
  });

const ENTITIES = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** Characters of XML text. */
const unescaped = (text) =>
  text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (hex) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal) return String.fromCodePoint(Number(decimal));
    return ENTITIES[name] ?? whole;
  });

/**
 * The running text of a TEI document of level 1.
 *
 * @example
 * plainText("<body><div><head>I</head><p>A <hi>red</hi>\n fox.</p></div></body>"); // "A red fox.\n"
 */
export function plainText(tei) {
  const body = /<body[\s>][\s\S]*<\/body>/.exec(tei)?.[0];
  if (body === undefined) throw new Error("the document has no <body>");
  const chapters = body
    .replace(/<!--[\s\S]*?-->/g, "")
    .replace(/<(note|head|trailer)\b[^>]*?(?:\/>|>[\s\S]*?<\/\1>)/g, "")
    .split(/<div\b[^>]*>/);
  return chapters
    .map((chapter) =>
      [...chapter.matchAll(/<(p|l|quote|label)\b[^>]*>([\s\S]*?)<\/\1>/g)]
        .map(([, , inner]) =>
          unescaped(inner.replace(/<(?:lb|pb|milestone|gap)\b[^>]*>/g, " ").replace(/<[^>]*>/g, ""))
            .replace(/\s+/g, " ")
            .trim(),
        )
        .filter((line) => line !== "")
        .join("\n"),
    )
    .filter((chapter) => chapter !== "")
    .join("\n\n")
    .concat("\n");
}

const hashOf = (text) => createHash("sha256").update(text).digest("hex");

/** A novel from the collection's own server, kept in `cache`. */
async function fetched(name, cache) {
  const file = join(cache, `${name}.xml`);
  if (!existsSync(file)) {
    const answer = await fetch(`${ADDRESS}/${name}.xml`);
    if (!answer.ok) throw new Error(`${ADDRESS}/${name}.xml: ${answer.status} ${answer.statusText}`);
    await mkdir(cache, { recursive: true });
    await writeFile(`${file}.part`, new Uint8Array(await answer.arrayBuffer()));
    await rename(`${file}.part`, file);
  }
  return plainText(await readFile(file, "utf8"));
}

/**
 * The text of a novel: of the folder of cleaned novels where there is one, otherwise of the collection's server.
 *
 * @throws {Error} when its SHA-256 is not the one of training
 */
export async function novelText({ name, sha256 }, { folder, cache }) {
  const local = join(folder, `${name}.txt.gz`);
  const text = existsSync(local) ? gunzipSync(readFileSync(local)).toString("utf8") : await fetched(name, cache);
  const found = hashOf(text);
  if (found === sha256) return text;
  throw new Error(
    `${name}: the SHA-256 of its text is ${found}, expected ${sha256}; was the novel changed, or is this another commit than ${COMMIT}?`,
  );
}
