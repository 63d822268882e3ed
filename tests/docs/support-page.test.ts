/** docs/support.md is true: it matches the tables of the code, and every model that it lists can be built. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { LabelSet } from "../../sdk/heads/labels.js";
import { Engine } from "../../sdk/index.js";
import { FAMILIES } from "../../sdk/models/families.js";
import type { ModelTask } from "../../sdk/models/family/family.js";
import { FRESH_FAMILIES } from "../../sdk/train/fresh/fresh-model.js";
import { root } from "../helpers/shared.js";
import { tinyModel } from "../helpers/tiny-models.js";
import { supportPage, TASKS } from "./support-page.js";

const test = suite("page of what is supported");

test("docs/support.md matches the tables of the code", () => {
  assert.is(readFileSync(join(root, "docs/support.md"), "utf8"), supportPage(), "run npm run docs:support");
});

test("the tasks are those of the command line", () => {
  const { stdout } = spawnSync(process.execPath, [join(root, "dist/cli.js"), "finetune", "--help"], {
    encoding: "utf8",
  });
  const [, listed = ""] = /--task <name> +(.*?) *\n/.exec(stdout) ?? [];
  assert.equal(listed.split(/, | or /).sort(), TASKS.map(({ name }) => name).sort());
});

test("a model of every family that can be new has the head of every task that is listed", async () => {
  const labels = new LabelSet(["no", "yes"]);
  let built = 0;
  for (const { type, architectures } of FAMILIES) {
    if (!FRESH_FAMILIES.includes(type)) continue;
    using engine = await Engine.create();
    for (const task of Object.keys(architectures) as ModelTask[]) {
      const { model } = tinyModel(engine, type, task, { labels: task.endsWith("classification") ? labels : null });
      assert.type(model.encode, "function", `${type} for ${task}`);
      built++;
    }
  }
  assert.ok(built > 60, `only ${built} models`);
});

test.run();
