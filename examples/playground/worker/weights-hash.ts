/** The hash of a model's weights, as `cloze pretrain` writes it to run_manifest.json. */
import type { Optimizer } from "cloze";

/** SHA-256 of every trained parameter in the order of their names: the name in UTF-8, then its f32, little-endian. */
export async function hashWeights({ moments }: Optimizer): Promise<string> {
  const encoder = new TextEncoder();
  const sorted = [...moments].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const parts = sorted.flatMap(({ name, parameter }) => {
    const { buffer, byteOffset, byteLength } = parameter.toArray();
    return [encoder.encode(name), new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength)];
  });
  const digest = await crypto.subtle.digest("SHA-256", await new Blob(parts as BlobPart[]).arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
