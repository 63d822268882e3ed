/** From nothing to the first answer: whole processes, timed from their start to their end. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Build } from "../sdk/engine/source.js";
import type { Memory, Subject } from "./measure.js";

const root = process.env["CLOZE_ROOT"] ?? process.cwd();
const shared = process.env["CLOZE_SHARED"] ?? join(root, "..", "shared");
const of = (file: string): string => JSON.stringify(pathToFileURL(join(root, "dist", file)).href);

/** What every program prints last. */
const MEMORY = "console.log(JSON.stringify({ resident_bytes: process.memoryUsage.rss(), memory_bytes }));";

function program(name: string, source: string, more: Partial<Subject> = {}): Subject {
  let printed = "";
  return {
    name,
    ...more,
    run() {
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        ["--input-type=module", "--eval", `${source} ${MEMORY}`],
        { encoding: "utf8" },
      );
      if (status !== 0) throw new Error(`${name}: ${stderr}`);
      printed = stdout;
    },
    memory: () => JSON.parse(printed) as Memory,
  };
}

export async function startSubjects(build: Build): Promise<Subject[]> {
  const engine = `import { Engine, featureExtraction } from ${of("index.js")}; import { folder } from ${of("node.js")}; const engine = await Engine.create({ build: "${build}" });`;
  const memory = "const memory_bytes = engine.memory.buffer.byteLength;";
  const subjects = [
    program("start: the runtime alone", "const memory_bytes = 0;"),
    program("start: an engine", `${engine} ${memory}`),
  ];
  const model = join(shared, "models/all-MiniLM-L6-v2");
  if (!existsSync(model)) {
    console.error("skipped: start of a published model (needs models/all-MiniLM-L6-v2 of the shared data)");
    return subjects;
  }
  const embed = `${engine} const embed = await featureExtraction(folder(${JSON.stringify(model)}), { engine }); embed("A cat sleeps in the sun."); ${memory}`;
  return [...subjects, program("start: first vector of MiniLM", embed, { model: "all-MiniLM-L6-v2", batch: 1 })];
}
