/** The same lines with one thread and with several; each thread has its own copy of the model, and the bits are equal. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Build } from "../sdk/engine/source.js";
import type { Subject } from "./measure.js";

const root = process.env["CLOZE_ROOT"] ?? process.cwd();
const shared = process.env["CLOZE_SHARED"] ?? join(root, "..", "shared");

/** Processes are timed whole, opening the model included: a few seconds each. */
const LINES = 300;

export async function threadSubjects(build: Build): Promise<Subject[]> {
  const model = join(shared, "models/all-MiniLM-L6-v2");
  const file = join(shared, "data/stsb-multi/stsb-en-test.tsv.gz");
  if (!existsSync(model) || !existsSync(file)) {
    console.error("skipped: threads (needs models/all-MiniLM-L6-v2 and data/stsb-multi of the shared data)");
    return [];
  }
  const rows = gunzipSync(readFileSync(file))
    .toString("utf8")
    .split("\n")
    .slice(1, LINES + 1);
  const input = rows.map((row) => row.split("\t")[1]).join("\n");
  const hashes = new Set<string>();
  const counts = [1, 2, 4].filter((count) => count <= cpus().length);
  return counts.map((threads): Subject => {
    const args = ["embed", "--text", "--model", model, "--build", build, "--threads", String(threads)];
    return {
      name: `embed ${LINES} lines, ${threads} ${threads === 1 ? "thread" : "threads"}`,
      model: "all-MiniLM-L6-v2",
      batch: LINES,
      threads,
      run() {
        const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "dist/cli.js"), ...args], {
          encoding: "utf8",
          input,
          maxBuffer: 2 ** 28,
        });
        if (status !== 0) throw new Error(stderr);
        hashes.add(createHash("sha256").update(stdout).digest("hex"));
        if (hashes.size > 1) throw new Error("the number of threads changed the bits");
      },
    };
  });
}
