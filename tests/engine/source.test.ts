/** Where the kernels come from: inside the package, or handed over in any form that an import of a tool has. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../sdk/engine/engine.js";
import { UnsupportedBuildError } from "../../sdk/engine/errors.js";
import { provided, provideKernels } from "../../sdk/engine/source.js";
import { refused } from "../helpers/refused.js";
import { root } from "../helpers/shared.js";

const test = suite("where the kernels come from");
const path = join(root, "build/kernels.strict.wasm");
const bytes = new Uint8Array(readFileSync(path));

/** The error of Engine.create() where WebAssembly may not be compiled, with these globals. */
async function errorWith(globals: object): Promise<Error> {
  const { compile } = WebAssembly;
  const before = Object.getOwnPropertyDescriptors(globalThis);
  WebAssembly.compile = () =>
    Promise.reject(new WebAssembly.CompileError("Wasm code generation disallowed by embedder"));
  for (const [name, value] of Object.entries(globals))
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  try {
    await Engine.create();
    throw new Error("an engine without kernels was made");
  } catch (error) {
    return error as Error;
  } finally {
    WebAssembly.compile = compile;
    for (const name of Object.keys(globals)) {
      const old = (before as Record<string, PropertyDescriptor>)[name];
      if (old) Object.defineProperty(globalThis, name, old);
      else Reflect.deleteProperty(globalThis, name);
    }
  }
}

test("where WebAssembly may not be compiled, the error says which line is missing; a later call can succeed", async () => {
  const error = await errorWith({});
  assert.instance(error, UnsupportedBuildError);
  assert.match(error.message, /wasm-unsafe-eval.*cloze\/kernels\.strict\.wasm.*Engine\.create\(\{ module \}\)/);
  assert.instance(error.cause, WebAssembly.CompileError);
  const cloudflare = await errorWith({ navigator: { userAgent: "Cloudflare-Workers" } });
  assert.match(
    cloudflare.message,
    /import module from "cloze\/kernels\.strict\.wasm"; .*Engine\.create\(\{ module \}\)/,
  );
  const vercel = await errorWith({ EdgeRuntime: "edge-runtime" });
  assert.match(vercel.message, /import module from "cloze\/kernels\.strict\.wasm\?module";/);
  const page = await errorWith({ document: {} });
  assert.match(page.message, /content security policy forbids it\. Add 'wasm-unsafe-eval' to its script-src/);
  (await Engine.create())[Symbol.dispose]();
});

for (const [name, module] of [
  ["a module", new WebAssembly.Module(bytes)],
  ["bytes", bytes],
  ["a path, as Bun's import gives it", path],
  ["an address", pathToFileURL(path)],
  ["an address as text", pathToFileURL(path).href],
  [
    "a data URL, as Vite's ?url gives it for small files",
    `data:application/wasm;base64,${Buffer.from(bytes).toString("base64")}`,
  ],
  ["a response", new Response(bytes)],
] as const)
  test(`an engine takes ${name}`, async () => {
    using engine = await Engine.create({ module });
    assert.is(engine.build, "strict");
  });

test("other inputs, and addresses without a module, are refused", async () => {
  await refused(
    () => Engine.create({ module: 1 as never }),
    /module must be a WebAssembly.Module, or the address or the bytes/,
  );
  await refused(() => Engine.create({ module: new Response(null, { status: 404 }) }), /the response answered 404/);
  await refused(() => Engine.create({ module: new Uint8Array(8) }), /could not be compiled/);
});

test("the modules of a runtime's condition need no compiler, and no option", async () => {
  provideKernels({ strict: new WebAssembly.Module(bytes) });
  const { compile } = WebAssembly;
  WebAssembly.compile = () => Promise.reject(new Error("nothing is to be compiled"));
  try {
    using engine = await Engine.create({ threads: 2 });
    assert.is(engine.threads, 1);
    assert.is(engine.build, "strict");
  } finally {
    WebAssembly.compile = compile;
    provideKernels({ strict: undefined });
  }
  assert.is(provided("strict"), undefined);
});

test.run();
