/**
 * Write sdk/engine/abi.ts: the constants that host and compute module share, taken from the module itself.
 *
 * Constants are the globals that the module exports. Kernels of a range are the functions whose last parameters are
 * `begin, end`. Records are the @unmanaged classes in the files of assembly/ that end in -plan.ts: fields of four bytes, in order.
 */
import { readdirSync, readFileSync } from "node:fs";

/** The text of abi.ts. @param wasm bytes of the module; @param declarations asc's .d.ts of it */
export function abiOf(wasm, declarations) {
  const union = (names) => names.map((name) => `\n  | "${name}"`).join("");
  const kernels = [...declarations.matchAll(/export function (\w+)\((.*)\): void;/g)].map(([, name, list]) => ({
    name,
    parameters: [...list.matchAll(/(\w+): number/g)].map(([, parameter]) => parameter),
  }));
  const endingIn = (...last) =>
    kernels.filter(({ parameters }) => `${parameters.slice(-last.length)}` === `${last}`).map(({ name }) => name);
  const scratch = endingIn("scratch", "begin", "end");
  const plain = endingIn("begin", "end").filter((name) => !scratch.includes(name));
  return `// Generated from assembly/ by scripts/build.mjs.

${constantsOf(wasm)}

/** Kernels that work on units [begin, end) of a range. */
export type RangeKernel =${union(plain)};

/** Kernels of a range that also need working memory. */
export type ScratchKernel =${union(scratch)};

${recordsOf("assembly").join("\n")}`;
}

function constantsOf(wasm) {
  const memory = new WebAssembly.Memory({ initial: 2 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasm), { env: { memory } });
  const constants = Object.entries(exports).filter(([, value]) => value instanceof WebAssembly.Global);
  return constants.map(([name, { value }]) => `export const ${name} = ${value};`).join("\n");
}

function recordsOf(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((file) => file.endsWith("-plan.ts"))
    .map((file) => {
      const source = readFileSync(`${folder}/${file}`, "utf8");
      const fields = [...source.matchAll(/^ {2}(\w+): (\w+);$/gm)];
      const lines = fields.map(([, field, type]) => {
        const kind = { usize: "u32", i32: "i32", u32: "u32", f32: "f32" }[type];
        if (!kind) throw new Error(`${file}: ${field} is ${type}; the fields of a plan have four bytes`);
        return `  ${field}: "${kind}",`;
      });
      return `/** The fields of ${folder}/${file}, four bytes each. */
export const ${/class (\w+)/.exec(source)[1]} = {\n${lines.join("\n")}\n} as const;\n`;
    });
}
