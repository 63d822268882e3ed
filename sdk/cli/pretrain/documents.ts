/** Plain text for pre-training: documents that are learned from, and documents that are held out. */
import { createHash } from "node:crypto";
import type { TokenizedDocument } from "cloze/data";
import { readDocuments } from "cloze/data";
import { collect, sources } from "../shared/input.js";
import { UsageError } from "../shared/usage.js";

async function documentsOf(names: readonly string[]): Promise<string[][]> {
  const all: string[][] = [];
  for (const source of sources(names)) for (const document of await collect(readDocuments(source))) all.push(document);
  if (all.length === 0) throw new UsageError(`there is no text in ${names.join(", ")}`);
  return all;
}

/** Without --dev every twentieth document is held out. */
const HELD_OUT = 20;

/** Documents for training and held-out documents. */
export async function splitDocuments(
  names: readonly string[],
  dev: string | undefined,
): Promise<{ training: string[][]; held: string[][] }> {
  const documents = await documentsOf(names);
  if (dev !== undefined) return { training: documents, held: await documentsOf([dev]) };
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
