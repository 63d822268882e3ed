/**
 * Compare every model case of a folder of reference results:
 *
 *   npm run golden -- DIR [PREFIX…] [--build strict|relaxed] [--json]
 *
 * A line a case; status 0 only if at least one case was selected and every selected one is ok.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Engine } from "../sdk/engine/engine.js";
import { ConfigError } from "../sdk/models/family/config.js";
import { type Comparison, compareCase } from "./helpers/golden-case.js";

const words = process.argv.slice(2);
const option = (name: string) => {
  const at = words.indexOf(name);
  return at < 0 ? undefined : words.splice(at, 2)[1];
};
const build = (option("--build") ?? "strict") as "strict" | "relaxed";
const jsonAt = words.indexOf("--json");
if (jsonAt >= 0) words.splice(jsonAt, 1);
const [folder, ...prefixes] = words;
if (folder === undefined || !existsSync(folder)) {
  console.error("usage: npm run golden -- DIR [PREFIX…] [--build strict|relaxed] [--json]");
  process.exit(2);
}

interface Result {
  readonly name: string;
  readonly status: "ok" | "FAIL" | "unsupported";
  readonly shares?: Comparison["shares"];
  readonly generated?: Comparison["generated"];
  readonly reason?: string;
}

async function run(engine: Engine, name: string): Promise<Result> {
  try {
    const { shares, generated } = await compareCase(engine, join(folder!, name));
    const good = Object.values(shares).every((part) => part <= 1) && generated !== false;
    return { name, status: good ? "ok" : "FAIL", shares, generated };
  } catch (error) {
    const status = error instanceof ConfigError ? "unsupported" : "FAIL";
    return { name, status, reason: (error as Error).message };
  }
}

/** The expected properties of generated texts. */
const texts = ({ generated }: Result): string =>
  typeof generated === "boolean" ? `  generated ${generated ? "equal" : "DIFFERENT"}` : "";

const names = readdirSync(folder)
  .filter((name) => existsSync(join(folder, name, "expected.safetensors")))
  .filter((name) => prefixes.length === 0 || prefixes.some((prefix) => name.startsWith(prefix)))
  .sort();
const engine = await Engine.create({ build });
let good = 0;
for (const name of names) {
  const result = await run(engine, name);
  if (result.status === "ok") good++;
  if (jsonAt >= 0) console.log(JSON.stringify(result));
  else {
    const shares = Object.entries(result.shares ?? {}).map(([kind, part]) => `${kind} ${part.toFixed(3)}`);
    console.log(
      `${name.padEnd(44)} ${result.status.padEnd(11)} ${shares.join("  ")}${texts(result)}${result.reason ?? ""}`,
    );
  }
}
process.exitCode = names.length > 0 && good === names.length ? 0 : 1;
