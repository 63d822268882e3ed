/**
 * The conformance suite: the same tests in every runtime and behind every bundler, on the installed package.
 * scripts/everywhere/places.mjs bundles this file, without the package, into one module that each of them imports.
 */
import {
  Engine,
  featureExtraction,
  freshConfig,
  freshModel,
  InputError,
  loadModel,
  memoryFiles,
  saveModel,
  streamedFile,
  WorkerError,
} from "cloze";
import { bert, featureExtractionOf, readWordPiece, strictKernels } from "cloze/minimal";
import { trainWordPiece } from "cloze/tokenizer";
import { startWorkers } from "cloze/worker";
import published from "./hashes.json";
import { digest, stages } from "./stages.js";

/** What a place lacks. */
export interface Place {
  /** nothing may be compiled from bytes, and there are no workers */
  readonly edge?: boolean;
  /** whether a worker may be started */
  readonly workers?: boolean;
}

/** The report of a runtime, as one line of JSON. */
export interface Report {
  readonly passed: number;
  readonly failed: readonly string[];
  /** over the hashes of all stages */
  readonly hash: string;
  readonly seconds: number;
  /** hashes by stage */
  readonly stages: Readonly<Record<string, string>>;
}

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

const TEXTS = ["the cat sat on the mat", "a dog ran to the cat"];

/** A small model's folder in memory. */
async function smallFolder(engine: Engine) {
  const tokenizer = trainWordPiece(TEXTS, { size: 60 });
  const sizes = { vocabSize: tokenizer.size, numHiddenLayers: 1, hiddenSize: 32, numAttentionHeads: 2, dropout: 0 };
  const config = freshConfig("bert", { ...sizes, maxPositionEmbeddings: 32 });
  using made = freshModel(engine, config, "feature-extraction", 1);
  const files = memoryFiles();
  await saveModel(files, { ...made, tokenizer, maxLength: 32 });
  return files;
}

const sameBits = (a: Float32Array, b: Float32Array): boolean =>
  a.length === b.length && a.every((x, i) => Object.is(x, b[i]));

/** Whether threads can share memory: browsers let isolated pages alone. */
const sharesMemory = (): boolean =>
  typeof SharedArrayBuffer !== "undefined" && ("process" in globalThis || crossOriginIsolated);

/** Tests without a hash. */
const TESTS: Readonly<Record<string, (place: Required<Place>) => Promise<void>>> = {
  async "an engine is made without configuration, and gives its memory back"() {
    const engine = await Engine.create();
    expect(engine.build === "strict" && engine.threads === 1, `${engine.build}, ${engine.threads} threads`);
    engine.dispose();
    expect(engine.isDisposed && engine.liveBytes === 0, "not disposed");
  },
  async "the build auto is one that this runtime runs"() {
    using engine = await Engine.create({ build: "auto" });
    expect(["strict", "relaxed"].includes(engine.build), engine.build);
  },
  async "a wrong option is an InputError that names it"() {
    const error = await Engine.create({ threads: 0 }).catch((caught: unknown) => caught);
    expect(error instanceof InputError && /threads/.test(error.message), String(error));
  },
  async "a model is saved, loaded and embedded with the same bits, whole and as a stream"() {
    using engine = await Engine.create();
    const files = await smallFolder(engine);
    using embed = await featureExtraction(files, { engine });
    const streamed = {
      read: (name: string) => files.read(name),
      async open(name: string) {
        const bytes = await files.read(name);
        const from = async (begin: number) => new Blob([bytes!.slice(begin)]).stream();
        return bytes && streamedFile(bytes.length, from);
      },
    };
    using again = await featureExtraction(streamed, { engine });
    expect(sameBits(embed(TEXTS[0]!), again(TEXTS[0]!)), "other vectors from a stream");
    using loaded = await loadModel(engine, files);
    expect(loaded.weights.count > 0, "no weights");
  },
  async "threads share memory where they can, and the vectors are the same"({ workers }) {
    using one = await Engine.create();
    using two = await Engine.create({ threads: 2 });
    const expected = workers && sharesMemory() ? 2 : 1;
    expect(two.threads === expected, `${two.threads} threads instead of ${expected}`);
    const files = await smallFolder(one);
    using embed = await featureExtraction(files, { engine: one });
    using again = await featureExtraction(files, { engine: two });
    expect(sameBits(embed(TEXTS[0]!), again(TEXTS[0]!)), "other vectors");
  },
  async "a model in a worker has the same vectors, and an error says where there is no worker"({ workers }) {
    using engine = await Engine.create();
    const files = await smallFolder(engine);
    const there = async (): Promise<Float32Array> => {
      using models = await startWorkers();
      const embed = await models.featureExtraction(files);
      return await embed(TEXTS[0]!);
    };
    if (!workers) {
      const error = await there().catch((caught: unknown) => caught);
      return expect(error instanceof WorkerError && /worker/.test(error.message), String(error));
    }
    using embed = await featureExtraction(files, { engine });
    expect(sameBits(embed(TEXTS[0]!), await there()), "other vectors");
  },
  async "the small bundle has the same vectors"({ edge }) {
    if (edge) return;
    using engine = await Engine.create();
    const files = await smallFolder(engine);
    const { vocab } = JSON.parse(new TextDecoder().decode(await files.read("tokenizer.json"))).model as {
      vocab: object;
    };
    await files.write("vocab.txt", new TextEncoder().encode(Object.keys(vocab).join("\n")));
    using embed = await featureExtraction(files, { engine });
    using few = await featureExtractionOf(
      { kernels: strictKernels, families: [bert], tokenizer: readWordPiece },
      files,
    );
    expect(sameBits(embed(TEXTS[1]!), few(TEXTS[1]!)), "other vectors");
  },
};

/** Run everything. */
export async function run({ edge = false, workers = !edge }: Place = {}): Promise<Report> {
  const started = Date.now();
  const failed: string[] = [];
  let passed = 0;
  for (const [name, test] of Object.entries(TESTS)) {
    try {
      await test({ edge, workers });
      passed++;
    } catch (error) {
      failed.push(`${name}: ${(error as Error).message}`);
    }
  }
  using engine = await Engine.create();
  const found: Record<string, string> = {};
  for await (const [name, bytes] of stages(engine)) {
    found[name] = await digest(bytes);
    if (found[name] === (published.stages as Record<string, string>)[name]) passed++;
    else failed.push(`${name}: the hash is ${found[name]}`);
  }
  const hash = await digest(new TextEncoder().encode(Object.values(found).join(" ")));
  return { passed, failed, hash, seconds: (Date.now() - started) / 1000, stages: found };
}
