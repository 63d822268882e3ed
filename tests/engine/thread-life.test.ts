/** Workers of an engine: when they exist, how their errors are reported, and how they end. */
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../sdk/engine/engine.js";
import { DisposedError, OutOfMemoryError, WorkerError } from "../../sdk/engine/errors.js";
import { launch } from "../../sdk/engine/launch.js";
import { withSharedMemory } from "../../sdk/engine/source.js";
import { InputError } from "../../sdk/errors.js";
import { root } from "../helpers/shared.js";
import { divisionsOf, threadedEngine, withCores } from "../helpers/threads.js";

const test = suite("life of threads");

/** Elements whose sum is worth dividing. */
const MANY = 2 ** 17;

test("an engine has at most as many threads as the machine has cores, and one where none are asked for", async () => {
  using one = await Engine.create();
  assert.is(one.threads, 1);
  assert.ok(one.memory.buffer instanceof ArrayBuffer);
  using capped = await withCores(2, () => Engine.create({ threads: 64 }));
  assert.is(capped.threads, 2);
  assert.ok(capped.memory.buffer instanceof SharedArrayBuffer);
  using real = await Engine.create({ threads: 2 });
  assert.is(real.threads, Math.min(2, availableParallelism()));
});

test("threads is a whole number from 1 on", async () => {
  for (const threads of [0, -1, 1.5, Number.NaN, "2" as unknown as number])
    try {
      (await Engine.create({ threads })).dispose();
      assert.unreachable(`threads: ${threads}`);
    } catch (error) {
      assert.ok(error instanceof InputError, String(error));
      assert.match((error as Error).message, /threads must be/);
    }
});

test("a module that is passed in has a memory of its own kind, so threads are refused with it", async () => {
  const module = new WebAssembly.Module(readFileSync(join(root, "build/kernels.strict.wasm")));
  const refused = withCores(2, () => Engine.create({ module, threads: 2 }));
  const error = await refused.then(
    () => null,
    (thrown: Error) => thrown,
  );
  assert.ok(error instanceof InputError);
  assert.match(error.message, /leave out module or threads/);
});

test("the module for shared memory differs in the import of its memory alone", () => {
  const hex = readFileSync(join(root, "build/kernels.strict.wasm"), "hex");
  const shared = withSharedMemory(hex);
  assert.is(shared.length, hex.length + 6);
  const at = [...hex].findIndex((digit, i) => shared[i] !== digit);
  // The code section is the longest by far; the import comes before it.
  assert.ok(at < 2000, `differs at digit ${at}`);
  assert.is(shared.slice(-90_000), hex.slice(-90_000));
  assert.throws(() => withSharedMemory("00"), /do not import their memory/);
});

test("small work stays on the calling thread, large work is divided", async () => {
  using engine = await threadedEngine(2);
  const divided = divisionsOf(engine);
  const [x, y] = [engine.alloc(4 * MANY), engine.alloc(4 * MANY)];
  launch(engine, "add", 1000, y, x, x);
  assert.is(divided.count, 0);
  launch(engine, "add", MANY, y, x, x);
  assert.is(divided.count, 1);
});

test("constants of the module are as they were after its kernels ran", async () => {
  using engine = await threadedEngine(2);
  const constants = () => [...new Uint8Array(engine.memory.buffer, 0, engine.kernels.heapBase())];
  const before = constants();
  const [x, y] = [engine.alloc(4 * MANY), engine.alloc(4 * MANY)];
  new Float32Array(engine.memory.buffer, x, MANY).fill(0.5);
  for (const kernel of ["expAll", "erfAll", "logAll"] as const) launch(engine, kernel, MANY, y, x);
  launch(engine, "fillNormal", MANY, x, 1, 2, 3);
  assert.equal(constants(), before);
});

test("workers see memory that grew since they started", async () => {
  using engine = await threadedEngine(3);
  for (let round = 0; round < 20; round++) {
    const [x, y] = [engine.alloc(4 * MANY, true), engine.alloc(4 * MANY, true)];
    const index = engine.alloc(4 * 1024, true);
    new Float32Array(engine.memory.buffer, x, MANY).fill(round + 1);
    new Int32Array(engine.memory.buffer, index, 1024).fill(round);
    // Rows are copied by memory.copy, which has bounds of its own.
    launch(engine, "gather", 1024, y, x, index, 128);
    const got = new Float32Array(engine.memory.buffer, y, MANY);
    assert.ok(got.every((value) => value === round + 1));
  }
  assert.ok(engine.memory.buffer.byteLength > 20 * 8 * MANY);
});

test("the memory of threads ends at maximumBytes", async () => {
  using engine = await threadedEngine(2, { maximumBytes: 2 ** 22 });
  assert.throws(
    () => engine.alloc(2 ** 23),
    (error: Error) => error instanceof OutOfMemoryError,
  );
  engine.alloc(2 ** 20);
});

test("the call throws a trap in a worker, and the engine still works", async () => {
  using engine = await threadedEngine(2);
  const [x, y] = [engine.alloc(4 * MANY), engine.alloc(4 * MANY)];
  const beyond = 2 ** 32 - 65536;
  let byWorker = 0;
  for (let i = 0; i < 200; i++)
    try {
      // Both threads trap; which one reports first is chance.
      engine.runRegion("add", [beyond, x, x], MANY, MANY / 8, -1);
      assert.unreachable();
    } catch (error) {
      if (error instanceof WorkerError) {
        byWorker++;
        assert.match(error.message, /a worker thread failed: RuntimeError: .*out of bounds/);
      } else assert.instance(error, WebAssembly.RuntimeError);
    }
  new Float32Array(engine.memory.buffer, x, MANY).fill(2);
  launch(engine, "add", MANY, y, x, x);
  assert.ok(
    new Float32Array(engine.memory.buffer, y, MANY).every((value) => value === 4),
    `${byWorker} by a worker`,
  );
});

test("a trap in a worker alone is a WorkerError", async () => {
  using engine = await threadedEngine(2);
  const x = engine.alloc(4 * MANY);
  // Each thread has working memory of its own: that of the worker is out of bounds.
  const region = () =>
    engine.runRegion("dropout", [x, x, 6554, 1.1, 1, 2, 3, 0, engine.alloc(128)], MANY, 64, 2 ** 31 - 65536);
  let thrown: unknown;
  for (let i = 0; i < 100 && !thrown; i++)
    try {
      region();
    } catch (error) {
      thrown = error;
    }
  assert.instance(thrown, WorkerError);
});

test("use of a disposed engine throws, and its workers have ended", async () => {
  const engine = await threadedEngine(2);
  const x = engine.alloc(4 * MANY);
  engine.dispose();
  engine.dispose();
  assert.throws(
    () => engine.runRegion("scale", [x, x, 1], MANY, 64, -1),
    (error: Error) => error instanceof DisposedError,
  );
});

/** Run a program with the built package in a process of its own. */
function program(source: string): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  const file = join(root, "build", `thread-life-${process.pid}.mjs`);
  const library = JSON.stringify(join(root, "dist/index.js"));
  writeFileSync(file, `import { Engine } from ${library};\n${source}`);
  try {
    return spawnSync(process.execPath, ["--expose-gc", file], { encoding: "utf8", timeout: 60_000 });
  } finally {
    rmSync(file);
  }
}

const CORES = `Object.defineProperty(globalThis, "navigator", { value: { hardwareConcurrency: 2 }, configurable: true });`;

test("workers keep no process alive, disposed or not", () => {
  for (const end of ["", "engine.dispose();"]) {
    const source = `${CORES}
const engine = await Engine.create({ threads: 2 });
console.log(engine.threads);
${end}`;
    const { status, stdout, stderr } = program(source);
    assert.is(status, 0, stderr || "did not end within a minute");
    assert.is(stdout, "2\n");
  }
});

test("if workers cannot start or do not answer, the engine works with one thread", () => {
  const missing = {
    "no shared memory":
      "delete globalThis.SharedArrayBuffer; const M = WebAssembly.Memory; WebAssembly.Memory = class extends M { constructor(d) { if (d.shared) throw new TypeError('shared memory is not supported'); super(d); } };",
    "workers are forbidden": `import threads from "node:worker_threads"; import { syncBuiltinESMExports } from "node:module"; threads.Worker = class { constructor() { throw new Error("forbidden"); } }; syncBuiltinESMExports();`,
    "messages are refused": `import threads from "node:worker_threads"; threads.Worker.prototype.postMessage = () => { throw new Error("DataCloneError"); };`,
    "workers end at once": `import threads from "node:worker_threads"; import { syncBuiltinESMExports } from "node:module"; const W = threads.Worker; threads.Worker = class extends W { constructor(_, o) { super("process.exit(1)", o); } }; syncBuiltinESMExports();`,
  };
  for (const [name, change] of Object.entries(missing)) {
    const source = `${change}\n${CORES}
const engine = await Engine.create({ threads: 2 });
console.log(engine.threads, engine.memory.buffer instanceof ArrayBuffer, engine.alloc(100) > 0);`;
    const { status, stdout, stderr } = program(source);
    assert.is(status, 0, `${name}: ${stderr}`);
    assert.is(stdout, "1 true true\n", name);
  }
});

test("the workers of a garbage-collected engine end", () => {
  const source = `${CORES}
import threads from "node:worker_threads";
const terminate = threads.Worker.prototype.terminate;
let ended = 0;
threads.Worker.prototype.terminate = function () { ended++; return terminate.call(this); };
await (async () => { await Engine.create({ threads: 2 }); })();
for (let i = 0; i < 100 && ended === 0; i++) { gc(); await new Promise((done) => setTimeout(done, 20)); }
console.log(ended);`;
  const { stdout, stderr } = program(source);
  assert.is(stdout, "1\n", stderr);
});

test.run();
