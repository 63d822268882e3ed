import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { downloadModel, requirePlace, writeFolder } from "cloze/node";
import { Command } from "commander";
import { downloadBar } from "../shared/models.js";
import { say, table, writeLine } from "../shared/output.js";
import { place } from "../shared/usage.js";

interface Options {
  readonly revision?: string;
  readonly out?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

async function describe(folder: string, name: string) {
  const path = join(folder, name);
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return { name, size: (await stat(path)).size, sha256: hash.digest("hex") };
}

async function run(name: string, { revision, out, force = false, json }: Options): Promise<void> {
  if (out !== undefined) await requirePlace(out, force);
  const bar = downloadBar(name);
  const found = await downloadModel(name, {
    ...(revision !== undefined && { revision }),
    verify: true,
    onProgress: bar.report,
  }).finally(bar.stop);
  if (found.unreachable !== null) say(`${found.unreachable}; ${name} is as it is in the cache`);
  if (out !== undefined)
    await writeFolder(out, force, async (to) => {
      for (const file of found.files) await to.write(file, await readFile(join(found.path, file)));
    });
  const path = out ?? found.path;
  const files = [];
  for (const file of [...found.files].sort()) files.push(await describe(path, file));
  if (json) return writeLine(JSON.stringify({ name, revision: found.revision, path, files }));
  say(
    table(
      ["file", "bytes", "SHA-256"],
      files.map((file) => [file.name, file.size.toLocaleString("en"), file.sha256]),
    ),
  );
  say(`${name} at ${found.revision} is in ${path}`);
}

export function downloadCommand(): Command {
  return new Command("download")
    .description("Download a published model into the cache that Python's huggingface_hub shares, and check its files.")
    .argument("<name>", 'of the model, such as "sentence-transformers/all-MiniLM-L6-v2"')
    .option("--revision <revision>", "a branch, a tag or a commit; default: main")
    .option("--out <folder>", "also copy it into this folder", place)
    .option("--force", "replace an existing folder")
    .option("--json", "one JSON object")
    .addHelpText(
      "after",
      "\nVariables: HF_HOME and HF_HUB_CACHE (location of the cache), HF_TOKEN (private models), HF_ENDPOINT (a mirror), HF_HUB_OFFLINE.\n\nExample:\n  cloze download sentence-transformers/all-MiniLM-L6-v2\n  cloze embed --model sentence-transformers/all-MiniLM-L6-v2 --text sentences.txt",
    )
    .action(run);
}
