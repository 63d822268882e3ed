/** The bits of every kernel are the same for any number of threads, through its launch. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { RangeKernel, ScratchKernel } from "../../sdk/engine/abi.js";
import { SPLITS } from "../../sdk/engine/split.js";
import { Blocks } from "../helpers/blocks.js";
import { builds } from "../helpers/engines.js";
import { CALLS } from "../helpers/kernel-calls.js";
import { divisionsOf, threadedEngine } from "../helpers/threads.js";

const test = suite("threads");

for (const build of builds) {
  const engines = await Promise.all([1, 2, 3].map((threads) => threadedEngine(threads, { build })));
  const divided = new Map(engines.map((engine) => [engine, divisionsOf(engine)]));

  for (const kernel of Object.keys(SPLITS) as (RangeKernel | ScratchKernel)[])
    test(`${build}: ${kernel} has the same bits on 1, 2 and 3 threads`, () => {
      const results = engines.map((engine) => {
        const m = new Blocks(engine);
        const before = divided.get(engine)!.count;
        CALLS[kernel](engine, m);
        assert.is(divided.get(engine)!.count - before, engine.threads > 1 ? 1 : 0);
        const bytes = m.bytes();
        m.release();
        return bytes;
      });
      assert.ok(results[0]!.equals(results[1]!), "2 threads differ from 1");
      assert.ok(results[0]!.equals(results[2]!), "3 threads differ from 1");
    });
}

test.run();
