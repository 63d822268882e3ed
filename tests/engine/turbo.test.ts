/** Turbo: the same bits, where the runtime has it; elsewhere an error by name. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EXPECTED, lossesHash } from "../../sdk/cli/shared/turbo.js";
import { Engine } from "../../sdk/engine/engine.js";
import { UnsupportedBuildError } from "../../sdk/engine/errors.js";
import { supportsTurbo } from "../../sdk/engine/turbo.js";
import { builds, engines } from "../helpers/engines.js";

const test = suite("turbo");

// First those without: the flag holds for the whole process.
for (const engine of engines)
  test(`${engine.build}: the check's hashes are those of engines without turbo`, () => {
    assert.ok(EXPECTED[engine.build].includes(lossesHash(engine)));
  });

for (const build of builds)
  test(`${build}: turbo changes no bit, on one thread and on two, or is refused by name`, async () => {
    for (const threads of [1, 2]) {
      let engine: Engine;
      try {
        engine = await Engine.create({ build, threads, turbo: true });
      } catch (error) {
        assert.not.ok(supportsTurbo());
        assert.instance(error, UnsupportedBuildError);
        assert.match((error as Error).message, /turbo is a flag of V8 in Node 24/);
        continue;
      }
      assert.ok(supportsTurbo());
      assert.ok(EXPECTED[build].includes(lossesHash(engine)));
      engine.dispose();
    }
  });

test.run();
