/** Recognize by its first bytes a file whose kind does not match its name, so that the error can name the kind. */

const POINTER = "a Git LFS pointer, not the file itself; fetch it with: git lfs pull";
const PAGE = "a web page, not the file itself; was it downloaded from a page about it?";
const PICKLE = "a Python pickle, as PyTorch writes; expected safetensors";

const KINDS: readonly (readonly [begins: string, what: string])[] = [
  ["version ", POINTER],
  ["<!DOCTYP", PAGE],
  ["<!doctyp", PAGE],
  ["<html", PAGE],
  ["<HTML", PAGE],
  ["<?xml", PAGE],
  ["PK\u0003\u0004", "a ZIP archive, as PyTorch writes; expected safetensors"],
  // The versions of its protocol.
  ["\u0080\u0002", PICKLE],
  ["\u0080\u0003", PICKLE],
  ["\u0080\u0004", PICKLE],
  ["\u0080\u0005", PICKLE],
  ["GGUF", "a GGUF file; expected safetensors"],
  ["\u0089HDF", "an HDF5 file, as TensorFlow writes; expected safetensors"],
];

/** Bytes that tell every kind from the others. */
const ENOUGH = 8;

/**
 * The kind of the bytes if it is clearly another than the expected one; null otherwise.
 *
 * @param bytes the beginning of a file
 */
export function foreignKind(bytes: Uint8Array): string | null {
  const text = String.fromCharCode(...bytes.subarray(0, ENOUGH));
  return KINDS.find(([begins]) => text.startsWith(begins))?.[1] ?? null;
}
