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

/** What `pull` of both kinds of streams has in common. */
interface Controller {
  enqueue(chunk: Uint8Array<ArrayBuffer>): void;
  close(): void;
  readonly byobRequest?: ReadableStreamBYOBRequest | null;
}

/** A stream of the bytes from `begin` on, in pieces of these sizes, again and again; of bytes, as responses are, or of any values. */
function pieces(all: Uint8Array, begin: number, sizes: readonly number[], ofBytes = false): ReadableStream<Uint8Array> {
  let at = begin;
  let piece = 0;
  const pull = (controller: Controller) => {
    if (at >= all.length) {
      controller.close();
      controller.byobRequest?.respond(0);
      return;
    }
    const end = at + sizes[piece++ % sizes.length]!;
    controller.enqueue(all.slice(at, end));
    at = end;
  };
  if (!ofBytes) return new ReadableStream({ pull });
  return new ReadableStream({ type: "bytes", pull }) as ReadableStream<Uint8Array>;
}

test("every part is the file's own, whatever the order and however the bytes arrive", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }),
      fc.array(fc.tuple(fc.nat(1000), fc.nat(1000))),
      fc.boolean(),
      async (sizes, parts, ofBytes) => {
        const file = streamedFile(bytes.length, async (begin) => pieces(bytes, begin, sizes, ofBytes));
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
  for (const ofBytes of [false, true]) {
    const file = streamedFile(1000, async (begin) => pieces(bytes.subarray(0, 500), begin, [64], ofBytes));
    assert.is((await file.slice(400, 600)).length, 100);
  }
});

test("a stream of bytes fills one block of memory again and again", async () => {
  let pulls = 0;
  const pull = ({ byobRequest }: ReadableByteStreamController) => {
    // The memory is handed over with each request; its first byte tells whether it was here before.
    const view = byobRequest!.view as Uint8Array;
    assert.is(view[0], pulls === 0 ? 0 : 7);
    pulls++;
    view.fill(7);
    byobRequest!.respond(view.length);
  };
  const file = streamedFile(2 ** 20, async () => {
    return new ReadableStream({ type: "bytes", pull }) as ReadableStream<Uint8Array>;
  });
  assert.is((await file.slice(0, 2 ** 20)).filter((byte) => byte === 7).length, 2 ** 20);
  assert.ok(pulls >= 2, `${pulls} requests`);
  await file.close!();
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
          return pieces(content!, begin, [4096], true);
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
