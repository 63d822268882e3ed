/**
 * Small random models of every folder of `golden/` compared with PyTorch's results; `golden/make.py` made them.
 * Bounds are those of float32 sums in another order: see `helpers/golden-case.ts`.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { engines } from "../helpers/engines.js";
import { compareCase } from "../helpers/golden-case.js";

const test = suite("reference models");
// Tests run in the root of the repository.
const folder = join("tests", "models", "golden");
const names = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

test("there are cases", () => assert.ok(names.length > 0));

for (const engine of engines) {
  for (const name of names) {
    test(`${engine.build}: ${name} agrees with PyTorch`, async () => {
      const { shares } = await compareCase(engine, join(folder, name));
      for (const [kind, part] of Object.entries(shares))
        assert.ok(part <= 1, `${name}: ${kind} are off by ${part.toFixed(2)} of the bound`);
    });
  }
}

test.run();
