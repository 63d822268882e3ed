/** examples/worker in the real workerd: bundled by wrangler from the installed package, with a model behind its binding. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const MEBIBYTE = 2 ** 20;

/** The sum of a figure over the child processes named workerd. */
function sumOver(figure) {
  let sum = 0;
  for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${id}/status`, "utf8");
      if (!/^Name:\s+workerd/m.test(status) || Number(/^PPid:\s+(\d+)/m.exec(status)[1]) !== process.pid) continue;
      sum += figure(id, status);
    } catch {
      // The process ended meanwhile.
    }
  }
  return sum;
}

/** Resident bytes. */
const residentBytes = () => sumOver((_, status) => Number(/^VmRSS:\s+(\d+)/m.exec(status)[1]) * 1024);

/** Milliseconds on a processor, which other programs do not lengthen as they do the time that passes. */
const spent = () =>
  sumOver((id) =>
    readdirSync(`/proc/${id}/task`).reduce(
      (sum, thread) => sum + Number(readFileSync(`/proc/${id}/task/${thread}/schedstat`, "utf8").split(" ")[0]) / 1e6,
      0,
    ),
  );

/** The files that wrangler would deploy: the worker's script and the compiled modules beside it. */
export function bundled(tools, folder) {
  const out = join(folder, "out");
  execFileSync(
    process.execPath,
    [join(tools, "node_modules/wrangler/bin/wrangler.js"), "deploy", "--dry-run", "--outdir", out],
    {
      cwd: folder,
      env: { ...process.env, CI: "1", WRANGLER_SEND_METRICS: "false" },
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  const name = readdirSync(out).find((file) => file.endsWith(".js"));
  const wasm = readdirSync(out).filter((file) => file.endsWith(".wasm"));
  return [
    { type: "ESModule", path: name, contents: readFileSync(join(out, name), "utf8") },
    ...wasm.map((path) => ({ type: "CompiledWasm", path, contents: readFileSync(join(out, path)) })),
  ];
}

/** Start a worker from modules, run `work` with a function that posts to it, and end it. */
export async function inWorkerd(tools, modules, options, work) {
  const { Miniflare } = createRequire(join(tools, "package.json"))("miniflare");
  const worker = new Miniflare({ modules, compatibilityDate: "2026-04-01", cf: false, ...options });
  try {
    await worker.ready;
    return await work(async (path, body) => {
      const response = await worker.dispatchFetch(`http://worker${path}`, {
        method: "POST",
        body: JSON.stringify(body),
      });
      return response.json();
    });
  } finally {
    await worker.dispose();
  }
}

const EMPTY = [{ type: "ESModule", path: "empty.js", contents: "export default { fetch: () => Response.json({}) };" }];

/**
 * Milliseconds of processor time that a worker takes from its start to its first answer, and those of an empty worker: the
 * least of some rounds of each, in turn.
 */
export async function startOf(tools, modules, rounds = 5) {
  const least = { worker: Number.POSITIVE_INFINITY, empty: Number.POSITIVE_INFINITY };
  for (let round = 0; round < rounds; round++)
    for (const [name, program] of Object.entries({ empty: EMPTY, worker: modules })) {
      const took = await inWorkerd(tools, program, {}, async (post) => {
        await post("/", {});
        return spent();
      });
      least[name] = Math.min(least[name], took);
    }
  return least;
}

/**
 * Results of the example by name, each true or its fault; and the memory that it took.
 *
 * @param most mebibytes that it may take: resident, above an empty worker, and in the engine
 */
export async function exampleWorker(tools, folder, model, most) {
  const { hidden_size: width } = JSON.parse(readFileSync(join(model, "config.json"), "utf8"));
  const options = { kvNamespaces: ["VECTORS"], serviceBindings: { MODEL: { disk: { path: model, writable: false } } } };
  const empty = await inWorkerd(tools, EMPTY, options, async (post) => {
    await post("/", {});
    return residentBytes();
  });
  return inWorkerd(tools, bundled(tools, folder), options, async (post) => {
    const texts = ["A cat sleeps on the sofa.", "Stocks fell sharply on Monday.", "The striker scored twice."];
    const { embeddings, error } = await post("/embed", { texts });
    if (error) throw new Error(error);
    const [resident, { bytes }] = [residentBytes() - empty, await post("/memory", {})];
    const labels = ["animals", "finance", "sport"];
    const classified = await post("/classify", { texts, labels });
    await post("/index", { texts });
    const [found] = await post("/search", { query: "a kitten at rest", top: 1 });
    const refused = await post("/nowhere", {});
    return {
      embeddings,
      tests: {
        "embeds every text": embeddings.length === 3 && embeddings.every((vector) => vector.length === width),
        "classifies by meaning": classified.map(({ label }) => label).join() === labels.join(),
        "finds the nearest stored text": found.text === texts[0],
        "names its services": /no service at \/nowhere/.test(refused.error),
        [`takes ${(resident / MEBIBYTE).toFixed(0)} MiB above the empty worker, at most ${most.resident}`]:
          resident <= most.resident * MEBIBYTE,
        [`takes ${(bytes / MEBIBYTE).toFixed(0)} MiB in the engine, at most ${most.engine}`]:
          bytes <= most.engine * MEBIBYTE,
      },
    };
  });
}
