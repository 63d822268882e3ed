/** Model packages: installed from tarballs beside Cloze in an empty folder, the README's first program answers offline. */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../sdk/engine/engine.js";
import { loadModel } from "../../sdk/io/pretrained/pretrained.js";
import { saveModel } from "../../sdk/io/pretrained/save.js";
import { writeSentenceSettings } from "../../sdk/io/sentence-transformers/write-sentence.js";
import { folder, writableFolder } from "../../sdk/node.js";
import { codeBlocks } from "../helpers/code-blocks.js";
import { installPackage, packagesIn, typeErrors } from "../helpers/installed-package.js";
import { root } from "../helpers/shared.js";
import { LENGTH, smallBert, tokenizer } from "../helpers/small-bert.js";

const test = suite("model packages");
const installed = installPackage();
const { project } = installed;
const work = mkdtempSync(join(tmpdir(), "cloze-models-"));
test.after(() => {
  rmSync(work, { recursive: true, force: true });
  installed.remove();
});

const NAMES = ["cloze-tiny", "cloze-tiny-embed"];

interface Manifest {
  readonly files: readonly string[];
  readonly exports: Readonly<Record<string, unknown>>;
}

const manifestOf = (name: string): Manifest =>
  JSON.parse(readFileSync(join(root, "models", name, "package.json"), "utf8")) as Manifest;

/** A small model of random weights, in place of one that is not trained yet. */
async function standIn(path: string): Promise<void> {
  using engine = await Engine.create();
  const files = writableFolder(path);
  await saveModel(files, { ...(await smallBert(engine, "masked-lm")), tokenizer, maxLength: LENGTH });
  const settings = { prompts: {}, prompt: null, promptCounts: true, similarity: "cosine", lowercase: false } as const;
  const pooling = { mode: "mean", normalize: false } as const;
  await writeSentenceSettings(files, { ...settings, pooling, maxLength: LENGTH }, 16);
}

/** The package as it is published; a file that the checkout still lacks comes from the stand-in. */
async function packed(name: string): Promise<string> {
  const place = join(work, name);
  const small = join(work, "stand-in");
  if (!existsSync(small)) await standIn(small);
  const source = join(root, "models", name);
  const isTrained = existsSync(join(source, "model.safetensors"));
  for (const file of ["package.json", ...manifestOf(name).files]) {
    const own = join(source, file);
    const other = join(small, file.replace(/^q8\//, ""));
    const isModel =
      /(^|\/)(model\.safetensors|[\w-]+\.json)$/.test(file) &&
      !/^(package|((first|second|third)\/)?run_manifest)\.json$/.test(file);
    const from = isModel && !isTrained ? other : own;
    if (!existsSync(from) && !isModel) continue; // MANIFEST and the like come with the weights
    mkdirSync(dirname(join(place, file)), { recursive: true });
    cpSync(from, join(place, file));
  }
  if (!isTrained) console.log(`${name}: a stand-in of random weights`);
  const words = ["pack", "--json", "--pack-destination", work];
  const [{ filename }] = JSON.parse(execFileSync("npm", words, { cwd: place, encoding: "utf8" })) as [
    { filename: string },
  ];
  return join(work, filename);
}

test("the packages match the output of scripts/model-packages.mjs", () => {
  const { status, stdout } = spawnSync(process.execPath, [join(root, "scripts/model-packages.mjs")], {
    encoding: "utf8",
  });
  assert.is(status, 0, stdout);
});

test("both are installed from their tarballs, and bring nothing else", async () => {
  const tarballs: string[] = [];
  for (const name of NAMES) tarballs.push(await packed(name));
  execFileSync("npm", ["install", "--offline", "--no-audit", "--no-fund", ...tarballs], { cwd: project });
  assert.equal(packagesIn(project).sort(), ["cloze", ...NAMES]);
});

test("the README's first program prints its answer", () => {
  const [program] = codeBlocks(readFileSync(join(root, "README.md"), "utf8"), "ts");
  assert.match(
    program!,
    /^import \{ featureExtraction \} from "cloze";\nimport model from "cloze-tiny-embed";\n.*\n?$/,
  );
  writeFileSync(join(project, "first.mjs"), program!);
  const env = { ...process.env, HF_ENDPOINT: "http://127.0.0.1:1" };
  const { status, stdout, stderr } = spawnSync(process.execPath, ["first.mjs"], {
    cwd: project,
    encoding: "utf8",
    env,
  });
  assert.is(status, 0, stderr);
  assert.match(stdout, /^Float32Array\(\d+\) \[/);
});

test("every folder of a package is a model with the files that it lists, and no others", async () => {
  for (const name of NAMES) {
    const place = join(project, "node_modules", name);
    for (const path of Object.keys(manifestOf(name).exports).filter((one) => !one.endsWith(".json"))) {
      const inside = join(place, path);
      const { default: model } = (await import(join(inside, "index.js"))) as { default: ReturnType<typeof folder> };
      for (const file of ["config.json", "tokenizer.json", "modules.json", "toString"]) {
        const own = await folder(inside).read(file);
        assert.equal(await model.read(file), own && Buffer.from(own), `${name}/${path}/${file}`);
      }
      using engine = await Engine.create();
      using first = await loadModel(engine, model, { task: "feature-extraction" });
      using second = await loadModel(engine, folder(inside), { task: "feature-extraction" });
      const hash = ({ weights }: typeof first) => {
        const all = createHash("sha256");
        for (const [weight, values] of weights.entries()) all.update(weight).update(values.toArray());
        return all.digest("hex");
      };
      assert.is(hash(first), hash(second));
    }
  }
});

test("their types are accepted by every function of Cloze", () => {
  writeFileSync(
    join(project, "types.ts"),
    `import { fillMask, featureExtraction, loadTokenizer } from "cloze";
import tiny from "cloze-tiny";
import small from "cloze-tiny/q8";
import embed from "cloze-tiny-embed";
export const all = [fillMask(tiny), fillMask(small), featureExtraction(embed), loadTokenizer(tiny)];\n`,
  );
  const options = { target: "es2022", lib: ["es2022", "dom"], module: "nodenext", strict: true, types: [] };
  assert.equal(typeErrors(project, options, ["types.ts"]), []);
});

test.run();
