/**
 * Model folders that tests/pipelines/reference/make.py made with transformers, made again: the same configuration, tokenizer
 * and weights. Weights are a formula of name and index, the same in both places, so that no binary file is committed.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Files, jsonBytes, memoryFiles } from "../../sdk/io/files/files.js";
import { rawSafetensors } from "./raw-safetensors.js";
import { root } from "./shared.js";

/** A reference file's record of its model. */
export interface ReferenceModel {
  readonly config: Readonly<Record<string, unknown>>;
  readonly scale: number;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}

/** A call of the reference's pipeline, and its result. */
export interface ReferenceCall<Result> {
  readonly input: readonly unknown[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly result: Result;
}

/** The longest sequence of the reference's tokenizers. */
export const LENGTH = 32;

const pathOf = (name: string): string => join(root, "tests", "pipelines", "reference", `${name}.json`);

/** A committed file of the reference. */
export function reference<Content>(name: string): Content {
  return JSON.parse(readFileSync(pathOf(name), "utf8")) as Content;
}

/** scale × a number in [-1, 1) for each index: FNV-1a of the name, stepped by the golden ratio, through Murmur3's mixer. */
function values(name: string, count: number, scale: number): Float32Array {
  let hash = 2166136261;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 16777619);
  return Float32Array.from({ length: count }, (_, i) => {
    let x = (hash + Math.imul(i, 0x9e3779b1)) >>> 0;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b) >>> 0;
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35) >>> 0;
    x = (x ^ (x >>> 16)) >>> 0;
    return scale * (x / 2 ** 31 - 1);
  });
}

/** A weight by its name: gains of norms are 1 plus the formula. */
export function weightOf(name: string, count: number, scale: number): Float32Array {
  const data = values(name, count, scale);
  const norm = name.toLowerCase().includes("norm") || name.includes(".ln_");
  return norm && name.endsWith("weight") ? data.map((x) => 1 + x) : data;
}

/**
 * The files of a model's folder.
 *
 * @param tokenizer the committed tokenizer.json: `wordpiece`, `bytes` or `bytes-with-ends`
 * @param more files beside, or instead of, the model's own
 */
export function referenceFiles(
  { config, scale, shapes }: ReferenceModel,
  tokenizer = "wordpiece",
  more: Readonly<Record<string, object>> = {},
): [name: string, bytes: Uint8Array][] {
  const tensors = Object.entries(shapes).map(([name, shape]) => {
    const data = weightOf(
      name,
      shape.reduce((product, n) => product * n, 1),
      scale,
    );
    return { name, dtype: "F32", shape, bytes: new Uint8Array(data.buffer) };
  });
  return [
    ["config.json", jsonBytes(config)],
    ["model.safetensors", rawSafetensors(tensors)],
    ["tokenizer.json", readFileSync(pathOf(tokenizer))],
    [
      "tokenizer_config.json",
      jsonBytes(tokenizer === "wordpiece" ? { mask_token: "[MASK]", model_max_length: LENGTH } : {}),
    ],
    ...Object.entries(more).map(([name, json]): [string, Uint8Array] => [name, jsonBytes(json)]),
  ];
}

/** The same as a folder in memory. */
export function referenceFolder(...of: Parameters<typeof referenceFiles>): Files {
  return memoryFiles(referenceFiles(...of));
}

/**
 * The bound on scores and vectors against PyTorch's: both sum at most some hundred f32 products for each number, in other
 * orders, through two layers. Relative errors of 2^-24 each add up to less than 1e-5 of numbers near 1.
 */
export const BOUND = { atol: 1e-5, rtol: 1e-5 };
