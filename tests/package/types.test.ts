/** The package's types, as a project that has installed it sees them. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { codeBlocks } from "../helpers/code-blocks.js";
import { installPackage, typeErrors } from "../helpers/installed-package.js";
import { root } from "../helpers/shared.js";

const test = suite("types of the package");
const { project, remove } = installPackage();
test.after(remove);

/** A program that takes something from every subpath. */
const PROGRAM = `
import { adamW, cosine, Engine, type EngineOptions, featureExtraction, InputError, loadModel, memoryFiles, train } from "cloze";
import { collate, sampleOf, seed, textSource } from "cloze/data";
import { beamSearch, generationSettings } from "cloze/generate";
import relaxed from "cloze/kernels.relaxed.wasm";
import strict from "cloze/kernels.strict.wasm";
import { accuracy, softmax } from "cloze/metrics";
import { procrustes, retrievalFigures } from "cloze/multilingual";
import { folder, writableFolder } from "cloze/node";
import { renderReport } from "cloze/report";
import { affine, backward, matrix, Scope, Tensor, tensor, Weights } from "cloze/tensor";
import { readTokenizerJson, Tokenizer } from "cloze/tokenizer";

export async function main(options: EngineOptions): Promise<number> {
  const engine: Engine = await Engine.create({ ...options, module: strict });
  const { model } = await loadModel(engine, folder("model"), { task: "masked-lm" });
  const tokenizer: Tokenizer = readTokenizerJson("{}");
  const batch = collate([sampleOf(tokenizer.encode("text"))]);
  const scope = new Scope();
  const scores: Tensor = model.tokenScores(model.encode(batch), Int32Array.of(0));
  const y = affine(scores, matrix(engine, [1, 2], [1, 2]), null);
  backward(() => y);
  scope[Symbol.dispose]();
  const embed = await featureExtraction(memoryFiles());
  const vector: Float32Array = embed("text");
  if (new InputError("text") instanceof Error) console.log(cosine(vector, vector), seed(1)(), textSource("a", "b").name);
  return accuracy([1], [1]) + softmax([1])[0]!;
}
export const rest = [relaxed, adamW, train, beamSearch, generationSettings, procrustes, retrievalFigures, writableFolder, renderReport, Weights];
`;

for (const [module, moduleResolution] of [
  ["esnext", "bundler"],
  ["nodenext", "nodenext"],
] as const)
  test(`every subpath is strict, without the types of Node, with ${moduleResolution} resolution`, () => {
    writeFileSync(join(project, "program.ts"), PROGRAM);
    const options = { target: "es2022", lib: ["es2022", "dom"], types: [], strict: true, skipLibCheck: false };
    assert.equal(typeErrors(project, { ...options, module, moduleResolution }, ["program.ts"]), []);
  });

test("every block of the README compiles alone in a file", () => {
  // The package of a model is installed, and its program run, in model-packages.test.ts.
  const blocks = codeBlocks(readFileSync(join(root, "README.md"), "utf8"), "ts").filter(
    (code) => !code.includes("cloze-tiny"),
  );
  assert.ok(blocks.length >= 6, `only ${blocks.length} blocks`);
  const files = blocks.map((code, i) => {
    writeFileSync(join(project, `readme-${i}.ts`), code);
    return `readme-${i}.ts`;
  });
  const errors = typeErrors(
    project,
    {
      target: "es2022",
      lib: ["es2022", "esnext.disposable", "dom"],
      module: "nodenext",
      typeRoots: [join(root, "node_modules/@types")],
      types: ["node"],
      strict: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
    },
    files,
  );
  assert.equal(errors, []);
});

test.run();
