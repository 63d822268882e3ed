/** Files read in parts from a stream: the same bytes in any order of parts and any size of chunks; one stream if parts ascend. */
import * as fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine, loadModel, memoryFiles, quantizeModel } from "../../../sdk/index.js";
import { streamedFile } from "../../../sdk/io/files/streamed-file.js";
import { saveModel } from "../../../sdk/io/pretrained/save.js";
import { LENGTH, smallBert, tokenizer } from "../../helpers/small-bert.js";

const test = suite("streamed files");
const bytes = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7) % 251);

/** A stream of the bytes from `begin` on, in pieces of these sizes, again and again. */
function pieces(all: Uint8Array, begin: number, sizes: readonly number[]): ReadableStream<Uint8Array> {
  let at = begin;
  let piece = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= all.length) return controller.close();
      const end = at + sizes[piece++ % sizes.length]!;
      controller.enqueue(all.slice(at, end));
      at = end;
    },
  });
}

test("every part is the file's own, whatever the order and however the bytes arrive", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }),
      fc.array(fc.tuple(fc.nat(1000), fc.nat(1000))),
      async (sizes, parts) => {
        const file = streamedFile(bytes.length, async (begin) => pieces(bytes, begin, sizes));
        for (const [a, b] of parts) {
          const [begin, end] = [Math.min(a, b), Math.max(a, b)];
          assert.equal((await file.slice(begin, end)).slice(), bytes.slice(begin, end));
        }
        await file.close!();
      },
    ),
  );
});

test("a stream that ends early gives what there was", async () => {
  const file = streamedFile(1000, async (begin) => pieces(bytes.subarray(0, 500), begin, [64]));
  assert.is((await file.slice(400, 600)).length, 100);
});

test("weights come in one stream, quantized ones in two", async () => {
  using engine = await Engine.create();
  const whole = memoryFiles();
  await saveModel(whole, { ...(await smallBert(engine, "masked-lm")), tokenizer, maxLength: LENGTH });
  const small = memoryFiles(whole.files);
  await quantizeModel(engine, whole, small, "q8");
  for (const [{ files }, most] of [
    [whole, 1],
    [small, 2],
  ] as const) {
    let streams = 0;
    const source = {
      read: async (name: string) => files.get(name),
      open: async (name: string) => {
        const content = files.get(name);
        const from = async (begin: number) => {
          streams++;
          return pieces(content!, begin, [4096]);
        };
        return content && streamedFile(content.length, from);
      },
    };
    using streamed = await loadModel(engine, source);
    using direct = await loadModel(engine, memoryFiles(files));
    for (const [name, parameter] of direct.weights.entries())
      assert.equal(new Map(streamed.weights.entries()).get(name)!.toArray(), parameter.toArray(), name);
    assert.ok(streams <= most, `${streams} streams`);
  }
});

test.run();
