import { suite } from "uvu";
import * as assert from "uvu/assert";
import { AttentionPlan } from "../../sdk/engine/abi.js";
import type { Engine } from "../../sdk/engine/engine.js";
import { launch, launchWithScratch } from "../../sdk/engine/launch.js";
import { type Fields, planBytes, writePlan } from "../../sdk/engine/plan.js";
import { engines } from "../helpers/engines.js";
import { wave } from "../helpers/wave.js";

const test = suite("launch");

function put(engine: Engine, values: ArrayLike<number>): number {
  const address = engine.alloc(values.length * 4);
  new Float32Array(engine.memory.buffer, address, values.length).set(values);
  return address;
}

for (const engine of engines) {
  test(`${engine.build}: a kernel computes all units of its range and no others`, () => {
    const [a, b] = [wave(37, 1), wave(37, 2)];
    const [x, y, z] = [put(engine, a), put(engine, b), put(engine, Array(48).fill(7))];
    launch(engine, "add", 37, z, x, y);
    const got = new Float32Array(engine.memory.buffer, z, 48);
    assert.equal([...got.subarray(0, 37)], [...a.map((value, i) => Math.fround(value + b[i]!))]);
    assert.equal([...got.subarray(37)], Array(11).fill(7));
    for (const address of [x, y, z]) engine.release(address);
  });

  test(`${engine.build}: working memory is freed, also when the engine's memory is full`, () => {
    const before = engine.liveBytes;
    // 1 x 1 times one panel of one column: scratch holds the panel that reaches over the last column.
    const [c, a, panels] = [put(engine, [0]), put(engine, [3]), put(engine, [5, ...Array(15).fill(0)])];
    launchWithScratch(engine, "gemm", 1, engine.kernels.gemmScratchBytes(), c, 1, a, 1, panels, 1, 1, 1, 0, 0, 0);
    assert.is(new Float32Array(engine.memory.buffer, c, 1)[0], 15);
    for (const address of [c, a, panels]) engine.release(address);
    assert.is(engine.liveBytes, before);
    const call = () => launchWithScratch(engine, "gemm", 1, 2 ** 33, 0, 1, 0, 1, 0, 1, 1, 1, 0, 0, 0);
    assert.throws(call, /out of memory/);
    assert.is(engine.liveBytes, before);
  });

  test(`${engine.build}: a plan's fields have the places and types that the kernel reads`, () => {
    const fields = { first: "u32", second: "i32", third: "f32" } satisfies Fields;
    const address = engine.alloc(planBytes(fields));
    writePlan(engine, address, fields, { third: 0.1, first: 0xfffffff0, second: -7 });
    const view = new DataView(engine.memory.buffer, address);
    assert.equal(
      [view.getUint32(0, true), view.getInt32(4, true), view.getFloat32(8, true)],
      [0xfffffff0, -7, Math.fround(0.1)],
    );
    engine.release(address);
  });
}

test("wrong names and numbers of arguments do not compile", () => {
  const [engine] = engines as [Engine];
  const wrong = (): void => {
    // @ts-expect-error: no such kernel
    launch(engine, "addd", 1, 0, 0, 0);
    // @ts-expect-error: an argument too few
    launch(engine, "add", 1, 0, 0);
    // @ts-expect-error: an argument too many
    launch(engine, "add", 1, 0, 0, 0, 0);
    // @ts-expect-error: a kernel that needs working memory
    launch(engine, "gemm", 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    // @ts-expect-error: a field is missing
    writePlan(engine, 0, AttentionPlan, { out: 0 });
  };
  assert.type(wrong, "function");
});

test.run();
