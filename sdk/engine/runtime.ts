/** The runtime that this code is in. */

type Versions = Readonly<Record<string, string | undefined>>;

const versions = (): Versions | undefined => (globalThis as { process?: { versions?: Versions } }).process?.versions;

/** Whether there are Node's modules: in Node, Deno and Bun. */
export const hasNodeModules = (): boolean => Boolean(versions()?.["node"]);

/** The major version of Node; NaN in every other runtime. Deno and Bun name a version of Node too. */
export function nodeVersion(): number {
  const own = versions();
  return own && !own["bun"] && !own["deno"] ? Number.parseInt(own["node"] ?? "", 10) : Number.NaN;
}

/** The architecture that this process was compiled for, in Node's words: "x64", "arm64". */
export const architecture = (): string | undefined => (globalThis as { process?: { arch?: string } }).process?.arch;

/** Import a module of the runtime by a name that bundlers do not look up. */
export const runtimeModule = (name: string): Promise<unknown> =>
  import(/* webpackIgnore: true */ /* @vite-ignore */ `node:${name}`);
