/**
 * The public names of every subpath with their types, as a file in docs/api/ that a reviewer sees change.
 *
 *   node scripts/api.mjs             fails where the sources and docs/api/ differ
 *   node scripts/api.mjs --write     writes docs/api/
 *
 * It also fails if an exported signature mentions a type that no subpath exports: users could not name it.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { SUBPATHS } from "./build.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
process.chdir(root);
const { Extractor, ExtractorConfig } = createRequire(join(root, "scripts/checks/package.json"))(
  "@microsoft/api-extractor",
);

const write = process.argv.includes("--write");
execFileSync(process.execPath, ["scripts/build.mjs", "--types"], { stdio: ["ignore", "ignore", "inherit"] });
if (write) rmSync("docs/api", { recursive: true, force: true });
mkdirSync("docs/api", { recursive: true });

/** Where the declarations of a subpath are. */
const declarations = (name) => SUBPATHS[name].replace(/^sdk\//, "dist/types/").replace(/\.ts$/, ".d.ts");
const reportOf = (name) => `cloze${name === "index" ? "" : `-${name}`}`;

/** Names that an entry point's signatures mention and the entry point does not export. */
const mentioned = new Map();
const problems = [];

for (const name of Object.keys(SUBPATHS)) {
  const config = ExtractorConfig.prepare({
    configObjectFullPath: join(root, "api-extractor.json"),
    packageJsonFullPath: join(root, "package.json"),
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: join(root, declarations(name)),
      newlineKind: "lf",
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: "es2022",
            lib: ["es2022", "esnext.disposable", "dom"],
            module: "esnext",
            moduleResolution: "bundler",
            strict: true,
            types: [],
          },
          include: [join(root, declarations(name))],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: `${reportOf(name)}.api.md`,
        reportFolder: join(root, "docs/api"),
        reportTempFolder: join(root, "build/api"),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: "error" } },
        extractorMessageReporting: {
          default: { logLevel: "none" },
          "ae-forgotten-export": { logLevel: "warning", addToApiReportFile: false },
        },
        tsdocMessageReporting: { default: { logLevel: "none" } },
      },
    },
  });
  const result = Extractor.invoke(config, {
    localBuild: write,
    messageCallback(message) {
      message.handled = true;
      if (message.messageId === "ae-forgotten-export") {
        const type = /"([^"]+)"/.exec(message.text)[1];
        mentioned.set(type, [...(mentioned.get(type) ?? []), reportOf(name)]);
      } else if (message.logLevel === "error" || message.logLevel === "warning") {
        if (!message.messageId.startsWith("console-")) problems.push(`${reportOf(name)}: ${message.text}`);
      }
    },
  });
  if (result.apiReportChanged && !write)
    problems.push(
      `${reportOf(name)}: docs/api/ is out of date; run \`node scripts/api.mjs --write\` and review the difference`,
    );
}

/** Every name that some subpath exports. */
const exported = new Set();
for (const name of Object.keys(SUBPATHS)) {
  const report = readFileSync(join(write ? "docs/api" : "build/api", `${reportOf(name)}.api.md`), "utf8");
  for (const [, type] of report.matchAll(/^export (?:abstract )?(?:class|interface|type|const|function) (\w+)/gm))
    exported.add(type);
}
for (const [type, places] of mentioned) {
  // The report gives a second declaration of one name, or one of a global name, a number.
  if (!exported.has(type.replace(/_\d+$/, "")))
    problems.push(`${type}: signatures of ${places.join(", ")} mention it, and no subpath exports it`);
}

for (const problem of problems) console.error(problem);
if (problems.length === 0) console.log(`api: ${exported.size} names, as docs/api/ has them`);
process.exit(problems.length ? 1 : 0);
