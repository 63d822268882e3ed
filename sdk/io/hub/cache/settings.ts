/** Where Python's huggingface_hub keeps models and the token, and the variables that it is configured by. */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { InputError } from "../../../errors.js";
import { type Connection, DEFAULT_ENDPOINT, PATIENCE, requireEndpoint } from "../connection.js";
import { HubError } from "../errors.js";
import type { HubOptions } from "../options.js";

type Environment = Readonly<Record<string, string | undefined>>;

const isTrue = (value: string | undefined): boolean => /^(1|on|yes|true)$/i.test(value ?? "");

/** A path of a variable: "~" and "$NAME" are expanded, as in Python. */
function expanded(path: string, env: Environment): string {
  const home = path.replace(/^~(?=$|[/\\])/, () => homedir());
  return home.replace(/\$(\w+)|\$\{(\w+)\}/g, (whole, plain: string, braced: string) => env[plain ?? braced] ?? whole);
}

/** $HF_HOME, by default ~/.cache/huggingface. */
function homeOf(env: Environment): string {
  const cache = env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  return expanded(env["HF_HOME"] || join(cache, "huggingface"), env);
}

/** The folder of the cache: $HF_HUB_CACHE, by default $HF_HOME/hub. */
export function cacheFolder(given: string | undefined, env: Environment): string {
  const folder = given ?? env["HF_HUB_CACHE"] ?? env["HUGGINGFACE_HUB_CACHE"];
  return resolve(folder ? expanded(folder, env) : join(homeOf(env), "hub"));
}

/** Whether the network is not to be used. */
export const isOffline = (given: boolean | undefined, env: Environment): boolean =>
  given ?? isTrue(env["HF_HUB_OFFLINE"] || env["TRANSFORMERS_OFFLINE"]);

/** Whether files are copied into a snapshot instead of linked. */
export const copiesFiles = (env: Environment): boolean => isTrue(env["HF_HUB_DISABLE_SYMLINKS"]);

/** The token of an option, of $HF_TOKEN, or of the file that Python's login writes. */
async function tokenOf(given: string | false | undefined, env: Environment): Promise<string | null> {
  if (given === false) return null;
  if (given === undefined && isTrue(env["HF_HUB_DISABLE_IMPLICIT_TOKEN"])) return null;
  const text = given ?? (env["HF_TOKEN"] || env["HUGGING_FACE_HUB_TOKEN"] || (await storedToken(env)));
  const token = text.replace(/[\r\n]/g, "").trim();
  if (!/^[\x20-\x7e]*$/.test(token)) throw new HubError("the token has characters that cannot be part of a token");
  return token === "" ? null : token;
}

async function storedToken(env: Environment): Promise<string> {
  const path = expanded(env["HF_TOKEN_PATH"] || join(homeOf(env), "token"), env);
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return "";
    throw new InputError(`the token in ${path} cannot be read: ${code}`, { cause: error });
  }
}

/** The hub that options and environment name. */
export async function connectionOf(options: HubOptions, env: Environment): Promise<Connection> {
  const seconds = Number(env["HF_HUB_DOWNLOAD_TIMEOUT"]);
  return {
    endpoint: requireEndpoint(options.endpoint ?? (env["HF_ENDPOINT"] || DEFAULT_ENDPOINT)),
    token: await tokenOf(options.token, env),
    fetch: options.fetch ?? fetch,
    signal: options.signal ?? null,
    ...PATIENCE,
    ...(seconds > 0 && { timeout: seconds }),
    ...(options.retryDelay !== undefined && { delay: options.retryDelay }),
  };
}
