/** Which files of the SDK name something: a test of the claim that an addition is made in one place. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./shared.js";

/** Files of sdk/ whose text has one of `names`, sorted; paths are relative to sdk/. */
export function filesNaming(...names: readonly string[]): string[] {
  const files = readdirSync(join(root, "sdk"), { recursive: true, encoding: "utf8" });
  return files
    .filter((path) => path.endsWith(".ts"))
    .filter((path) => {
      const text = readFileSync(join(root, "sdk", path), "utf8");
      return names.some((name) => text.includes(name));
    })
    .sort();
}
