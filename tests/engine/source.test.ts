import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../sdk/engine/engine.js";
import { UnsupportedBuildError } from "../../sdk/engine/errors.js";

const test = suite("where the kernels come from");

test("where WebAssembly may not be compiled, the error says what to do; a later call can succeed", async () => {
  const { compile } = WebAssembly;
  WebAssembly.compile = () =>
    Promise.reject(new WebAssembly.CompileError("Wasm code generation disallowed by embedder"));
  try {
    await Engine.create();
    assert.unreachable("an engine without kernels was made");
  } catch (error) {
    assert.instance(error, UnsupportedBuildError);
    assert.match(
      (error as Error).message,
      /wasm-unsafe-eval.*cloze\/kernels\.strict\.wasm.*Engine\.create\(\{ module \}\)/,
    );
    assert.instance((error as Error).cause, WebAssembly.CompileError);
  } finally {
    WebAssembly.compile = compile;
  }
  (await Engine.create())[Symbol.dispose]();
});

test.run();
