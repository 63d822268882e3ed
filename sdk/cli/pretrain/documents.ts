/** Plain text for pre-training: documents to train on, and held-out documents. */
import { createHash } from "node:crypto";
import type { TokenizedDocument } from "cloze/data";
import { readDocuments } from "cloze/data";
import { sources } from "../shared/input.js";
import { UsageError } from "../shared/usage.js";
import { areLarge, heldDocuments } from "./text-stream.js";

/** Most characters of standard input and pipes, which cannot be read again as large files are. */
const MOST_HELD = 256e6;

async function documentsOf(names: readonly string[]): Promise<string[][]> {
  const all: string[][] = [];
  let characters = 0;
  for (const source of sources(names))
    for await (const document of readDocuments(source)) {
      all.push(document);
      characters += document.reduce((sum, line) => sum + line.length, 0);
      if (characters > MOST_HELD)
        throw new UsageError(
          `${source.name}: more than ${MOST_HELD / 1e6} million characters that cannot be read a second time; write them to a file`,
        );
    }
  if (all.length === 0) throw new UsageError(`there is no text in ${names.join(", ")}`);
  return all;
}

/** The documents of --dev; of large text a part of them. */
export async function devDocuments(dev: string): Promise<string[][]> {
  return (await areLarge([dev])) ? heldDocuments([dev]) : documentsOf([dev]);
}

/** Without --dev every twentieth document is held out. */
const HELD_OUT = 20;

/** Documents for training and held-out documents. */
export async function splitDocuments(
  names: readonly string[],
  dev: string | undefined,
): Promise<{ training: string[][]; held: string[][] }> {
  const documents = await documentsOf(names);
  if (dev !== undefined) return { training: documents, held: await devDocuments(dev) };
  if (documents.length < HELD_OUT) return { training: documents, held: [] };
  return {
    training: documents.filter((_, i) => i % HELD_OUT !== 0),
    held: documents.filter((_, i) => i % HELD_OUT === 0),
  };
}

/** A fingerprint of tokenized documents, their boundaries included: a run is resumed with the same text only. */
export function fingerprint(documents: Iterable<TokenizedDocument>): string {
  const hash = createHash("sha256");
  for (const document of documents) {
    hash.update(Int32Array.of(document.length));
    for (const { ids } of document) {
      hash.update(Int32Array.of(ids.length));
      hash.update(new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength));
    }
  }
  return hash.digest("hex").slice(0, 16);
}
