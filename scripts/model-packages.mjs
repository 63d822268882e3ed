/**
 * Model packages: the files that turn a folder of models/ into an npm package whose import is a model.
 *
 *   node scripts/model-packages.mjs             fails where models/ differs from what this writes
 *   node scripts/model-packages.mjs --write     writes index.js, index.d.ts, package.json and LICENSE of each
 *
 * A package names each of its files as `new URL("./name", import.meta.url)`: Node, Deno and Bun read them from the disk,
 * bundlers for browsers emit them and pages fetch them.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const MODEL = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"];
const SENTENCES = [
  "1_Pooling/config.json",
  "config_sentence_transformers.json",
  "modules.json",
  "sentence_bert_config.json",
];

/** The packages: their folders with the files of a model, and their other files. */
export const PACKAGES = [
  {
    name: "cloze-tiny",
    description: "A small ModernBERT that fills masks, pre-trained by Cloze on novels and modern English",
    folders: { ".": MODEL, "./q8": MODEL },
    more: ["MANIFEST", ...["", "first/", "second/", "third/"].map((run) => `${run}run_manifest.json`)],
  },
  {
    name: "cloze-tiny-embed",
    description: "A small sentence encoder for Cloze: a vector for a text, without a network",
    folders: { ".": [...MODEL, ...SENTENCES] },
    more: [],
  },
];

/** The module of a folder. */
const moduleOf = (files) => `/** The files of a model. Written by scripts/model-packages.mjs of Cloze. */
const urls = {
${files.map((name) => `  "${name}": new URL("./${name}", import.meta.url),`).join("\n")}
};

/** Node's file system, by a name that bundlers do not look up. */
const disk = () => import(/* webpackIgnore: true */ /* @vite-ignore */ \`node:\${"fs/promises"}\`);

async function fetched(url) {
  const response = await fetch(url);
  if (response.status === 404) throw new Error(\`\${url.href} is missing; does the bundler copy the files of the package?\`);
  if (!response.ok) throw new Error(\`\${url.href} cannot be fetched: the server answers \${response.status}\`);
  return new Uint8Array(await response.arrayBuffer());
}

/** A file in parts, through one buffer: weights go from the disk into place. */
async function opened(url) {
  const handle = await (await disk()).open(url, "r");
  const { size } = await handle.stat();
  let buffer = new Uint8Array(0);
  return {
    size,
    async slice(begin, end) {
      const length = Math.min(end, size) - begin;
      if (buffer.length < length) buffer = new Uint8Array(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await handle.read(buffer, filled, length - filled, begin + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return buffer.subarray(0, filled);
    },
    close: () => handle.close(),
  };
}

const urlOf = (name) => (Object.hasOwn(urls, name) ? urls[name] : undefined);

export default {
  async read(name) {
    const url = urlOf(name);
    if (!url) return undefined;
    return url.protocol === "file:" ? (await disk()).readFile(url) : fetched(url);
  },
  async open(name) {
    const url = urlOf(name);
    if (!url) return undefined;
    if (url.protocol === "file:") return opened(url);
    const bytes = await fetched(url);
    return { size: bytes.length, slice: async (begin, end) => bytes.subarray(begin, end) };
  },
};
`;

const TYPES = `/** A file that is read in parts. */
interface RangedFile {
  readonly size: number;
  slice(begin: number, end: number): Promise<Uint8Array>;
  close?(): Promise<void>;
}

/** The model, for every function of Cloze that takes one: \`await featureExtraction(model)\`. */
declare const model: {
  read(name: string): Promise<Uint8Array | undefined>;
  open(name: string): Promise<RangedFile | undefined>;
};
export default model;
`;

const manifestOf = ({ name, description, folders, more }) => {
  const inside = (folder, file) => join(folder, file);
  const files = Object.entries(folders).flatMap(([folder, names]) =>
    ["index.js", "index.d.ts", ...names].map((file) => inside(folder, file)),
  );
  const target = (folder, file) => `./${inside(folder, file)}`;
  return `${JSON.stringify(
    {
      name,
      version: "0.1.0",
      description,
      keywords: ["cloze", "bert", "model"],
      license: "MIT",
      type: "module",
      sideEffects: false,
      exports: {
        ...Object.fromEntries(
          Object.keys(folders).map((folder) => [
            folder,
            { types: target(folder, "index.d.ts"), default: target(folder, "index.js") },
          ]),
        ),
        "./package.json": "./package.json",
      },
      files: [...files, ...more, "README.md", "LICENSE"],
    },
    null,
    2,
  )}\n`;
};

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** The texts of a package, which it holds in addition to its model. */
export function textsOf(model) {
  const texts = { "package.json": manifestOf(model), LICENSE: readFileSync(join(root, "LICENSE"), "utf8") };
  for (const [folder, files] of Object.entries(model.folders)) {
    texts[join(folder, "index.js")] = moduleOf(files);
    texts[join(folder, "index.d.ts")] = TYPES;
  }
  return texts;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  let differing = 0;
  for (const model of PACKAGES)
    for (const [name, text] of Object.entries(textsOf(model))) {
      const path = join(root, "models", model.name, name);
      if (process.argv.includes("--write")) {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, text);
      } else if (!existsSync(path) || readFileSync(path, "utf8") !== text) {
        differing++;
        console.log(`models/${model.name}/${name} differs: node scripts/model-packages.mjs --write`);
      }
    }
  if (differing > 0) process.exitCode = 1;
}
