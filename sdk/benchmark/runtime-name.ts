/** The runtime's name and version, as results say where they come from. */
export function runtimeName(): string {
  const { process, navigator } = globalThis as {
    process?: { versions?: Readonly<Record<string, string | undefined>> };
    navigator?: { userAgent?: string };
  };
  const versions = process?.versions ?? {};
  for (const name of ["bun", "deno"]) if (versions[name] !== undefined) return `${name} ${versions[name]}`;
  const agent = navigator?.userAgent ?? "";
  const browser = /(Firefox|Edg|Chrome|HeadlessChrome|Version)\/([\d.]+)/.exec(agent);
  if (browser) return `${browser[1] === "Version" ? "Safari" : browser[1]} ${browser[2]}`;
  if (agent === "Cloudflare-Workers") return "workerd";
  return versions["node"] === undefined ? "unknown runtime" : `node ${versions["node"]}`;
}
