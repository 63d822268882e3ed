/** The packages of this folder that models are compared with, opened on one thread. `CLOZE_PEERS` is another folder with them. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

export const root = process.env["CLOZE_ROOT"] ?? process.cwd();
const packages = resolve(process.env["CLOZE_PEERS"] ?? join(root, "bench/peers"), "node_modules");

/** The address of a file of a package. */
export const packageFile = (file: string): string => pathToFileURL(join(packages, file)).href;

const load = async <T>(file: string): Promise<T> => import(packageFile(file));

/** A package's name and version. */
export function versioned(name: string): string {
  const { version }: { version: string } = JSON.parse(readFileSync(join(packages, name, "package.json"), "utf8"));
  return `${name} ${version}`;
}

/** A tensor of ONNX Runtime and of transformers.js. */
export interface PeerTensor {
  readonly data: Float32Array | BigInt64Array;
  readonly dims: readonly number[];
}

export type PeerTensorClass = new (type: "int64", data: BigInt64Array, dims: number[]) => PeerTensor;

export interface Session {
  run(feeds: Readonly<Record<string, PeerTensor>>): Promise<Record<string, PeerTensor>>;
}

/** The parts of ONNX Runtime that are used, of its build for WebAssembly and of its native one. */
export interface Ort {
  readonly Tensor: PeerTensorClass;
  readonly InferenceSession: { create(model: string | Uint8Array, options: object): Promise<Session> };
}

export async function onnxruntimeWeb(): Promise<Ort> {
  const ort = await load<Ort & { env: { wasm: { numThreads: number; wasmPaths: string } } }>(
    "onnxruntime-web/dist/ort.wasm.min.mjs",
  );
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = `${pathToFileURL(join(packages, "onnxruntime-web/dist")).href}/`;
  return ort;
}

export async function onnxruntimeNode(): Promise<Ort> {
  const { default: ort } = await load<{ default: Ort }>("onnxruntime-node/dist/index.js");
  return ort;
}

/** A session that stays on one thread. */
export const openSession = (ort: Ort, file: string): Promise<Session> =>
  ort.InferenceSession.create(readFileSync(file), { intraOpNumThreads: 1, interOpNumThreads: 1 });

/** The parts of transformers.js that are used. */
export interface Transformers {
  readonly env: { localModelPath: string; allowRemoteModels: boolean };
  readonly Tensor: PeerTensorClass;
  readonly AutoModelForCausalLM: ModelClass;
  readonly AutoModelForSeq2SeqLM: ModelClass;
}

export interface ModelClass {
  from_pretrained(
    name: string,
    options: object,
  ): Promise<{ generate(options: object): Promise<{ readonly data: BigInt64Array }> }>;
}

/**
 * transformers.js on onnxruntime-web: it takes the runtime that is found under this symbol. By itself it would take the
 * native one in Node.
 */
export async function transformersOnWeb(): Promise<Transformers> {
  const ort = await onnxruntimeWeb();
  // In Node it passes a path on, which onnxruntime-web would fetch.
  const create = (model: string | Uint8Array, options: object): Promise<unknown> =>
    ort.InferenceSession.create(typeof model === "string" ? readFileSync(model) : model, options);
  Object.assign(globalThis, { [Symbol.for("onnxruntime")]: { ...ort, InferenceSession: { create } } });
  const transformers = await load<Transformers>("@huggingface/transformers/dist/transformers.node.mjs");
  transformers.env.allowRemoteModels = false;
  return transformers;
}
