/**
 * Check the map: imports in sdk/ follow the table in ARCHITECTURE.md, no files import each other in a cycle, and kernels
 * and addresses stay in engine/ and tensor/.
 *
 *   node scripts/layers.mjs        prints each fault, and fails if there is one
 *
 * A row of the table names a folder of sdk/ or a file directly inside it, and its allowed imports: `nothing`, `everything
 * above`, or names of other rows, including what those may import. Every folder needs a row. The files in the
 * table are the ground floor: all rows after theirs may import them.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const faults = [];

/** The rows in order: name of the folder or file below sdk/ ("." for sdk/ itself), and the last column. */
function readTable() {
  const rows = new Map();
  for (const line of readFileSync(join(root, "ARCHITECTURE.md"), "utf8").split("\n")) {
    const cells = line.split("|").map((cell) => cell.trim());
    const name = /^`sdk\/([^`]*)`$/.exec(cells[1] ?? "")?.[1];
    if (name === undefined) continue;
    const isFile = name.endsWith(".ts");
    rows.set(name.replace(/(\/|\.ts)$/, "") || ".", { isFile, text: cells.at(-2).replaceAll("`", "") });
  }
  return rows;
}

/** For each row the rows that it may import. */
function permissions(rows) {
  const direct = new Map();
  const above = [];
  for (const [name, { text }] of rows) {
    const ground = above.filter((other) => rows.get(other).isFile);
    if (text === "everything above") direct.set(name, [...above]);
    else {
      const listed = text === "nothing" ? [] : text.split(",").map((word) => word.trim());
      for (const other of listed)
        if (!rows.has(other))
          faults.push(`ARCHITECTURE.md: ${name} may import "${other}", which is not a row of the table`);
      direct.set(name, [...ground, ...listed]);
    }
    above.push(name);
  }
  const reach = (name, seen) => {
    for (const other of direct.get(name) ?? []) {
      if (seen.has(other)) continue;
      seen.add(other);
      reach(other, seen);
    }
    return seen;
  };
  return new Map([...rows.keys()].map((name) => [name, reach(name, new Set([name]))]));
}

/** Every source file below sdk/ with the files that it imports, types included. */
function readImports() {
  const sdk = join(root, "sdk");
  const files = readdirSync(sdk, { recursive: true }).filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"));
  const known = new Set(files);
  const imports = new Map();
  for (const file of files) {
    const text = readFileSync(join(sdk, file), "utf8");
    const targets = [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)\.js"/g)].map(([, target]) =>
      relative(sdk, join(sdk, dirname(file), `${target}.ts`)),
    );
    imports.set(
      file,
      targets.filter((target) => known.has(target)),
    );
    if (!/^(engine|tensor)\//.test(file) && /\.(kernels|address)\b/.test(withoutComments(text)))
      faults.push(`${file}: .kernels and .address belong in engine/ and tensor/`);
  }
  return imports;
}

const withoutComments = (text) => text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, "");

/** The row that a file belongs to. */
function rowOf(file, rows) {
  const name = file.split(sep).join("/").replace(/\.ts$/, "");
  return rows.get(name)?.isFile ? name : dirname(name);
}

/** Report each cycle of imports (Tarjan 1972: strongly connected components). */
function reportCycles(imports) {
  const order = new Map();
  const lowest = new Map();
  const open = [];
  const visit = (file) => {
    order.set(file, order.size);
    lowest.set(file, order.get(file));
    open.push(file);
    for (const target of imports.get(file)) {
      if (!order.has(target)) visit(target);
      if (open.includes(target)) lowest.set(file, Math.min(lowest.get(file), lowest.get(target)));
    }
    if (lowest.get(file) !== order.get(file)) return;
    const circle = open.splice(open.indexOf(file));
    if (circle.length > 1) faults.push(`a cycle of imports: ${circle.join(", ")}`);
  };
  for (const file of imports.keys()) if (!order.has(file)) visit(file);
}

const rows = readTable();
const allowed = permissions(rows);
const imports = readImports();
for (const folder of new Set([...imports.keys()].map((file) => rowOf(file, rows))))
  if (!rows.has(folder)) faults.push(`ARCHITECTURE.md: its table has no row for sdk/${folder}/`);
for (const [file, targets] of imports) {
  const from = rowOf(file, rows);
  for (const target of targets) {
    const to = rowOf(target, rows);
    if (rows.has(from) && rows.has(to) && !allowed.get(from).has(to))
      faults.push(`${file} imports ${target}: ${from} may not import ${to}`);
  }
}
reportCycles(imports);
for (const [, path] of readFileSync(join(root, "ARCHITECTURE.md"), "utf8").matchAll(/`([a-z0-9-]+\/[a-z0-9/-]+\.ts)`/g))
  if (!existsSync(join(root, "sdk", path)) && !existsSync(join(root, path)))
    faults.push(`ARCHITECTURE.md: there is no ${path}`);

for (const fault of faults) console.error(fault);
console.log(
  faults.length
    ? `${faults.length} faults`
    : `layers: ${imports.size} files in ${rows.size} rows, all imports point down`,
);
process.exit(faults.length ? 1 : 0);
