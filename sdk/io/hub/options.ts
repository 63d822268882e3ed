/** Options of everything that takes a model's name. */
import {
  aBoolean,
  aFunction,
  aString,
  checkOptions,
  oneOf,
  type Rule,
  type Rules,
  wholeNumber,
  withFields,
} from "../../options.js";
import type { WritableFiles } from "../files/files.js";
import type { Wanted } from "./needed.js";

/** How far a download is. */
export interface DownloadProgress {
  /** the file that bytes were received of */
  readonly file: string;
  /** bytes of it that are here, and its size */
  readonly fileLoaded: number;
  readonly fileSize: number;
  /** the same of all files that are downloaded */
  readonly loaded: number;
  readonly size: number;
}

/** Options of requests to a hub, with the defaults of Python's huggingface_hub. */
export interface HubOptions {
  /** a branch, a tag or a commit; "main" by default */
  readonly revision?: string;
  /** for private models; by default HF_TOKEN or the token that Python's login stored; false sends none */
  readonly token?: string | false;
  /** base URL of the hub or of a mirror; by default HF_ENDPOINT, else the Hugging Face hub */
  readonly endpoint?: string;
  /**
   * The folder of the cache; by default HF_HUB_CACHE, else $HF_HOME/hub. In browsers: files to keep models in, such as
   * `browserCache()` of `cloze/web`, which is the default there.
   */
  readonly cache?: string | WritableFiles;
  /** use the cache alone; by default HF_HUB_OFFLINE */
  readonly offline?: boolean;
  /** all files that a model needs, or those of its tokenizer; "model" by default */
  readonly only?: Wanted;
  /** check files that are in the cache already, and replace those that are damaged */
  readonly verify?: boolean;
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** stops the download; the bytes received are kept for the next one */
  readonly signal?: AbortSignal;
  /** in place of the global one, to go through a proxy for example */
  readonly fetch?: typeof fetch;
  /** milliseconds before a failed request is repeated, twice as many before the next repetition; 500 by default */
  readonly retryDelay?: number;
}

const aCache: Rule = {
  expected: "the path of a folder, or files that can be written",
  accepts: (value) => (typeof value === "string" && value !== "") || withFields("", "read", "write").accepts(value),
};

const rules = (): Rules<HubOptions> => ({
  revision: aString,
  token: { expected: "a string or false", accepts: (value) => typeof value === "string" || value === false },
  endpoint: aString,
  cache: aCache,
  offline: aBoolean,
  only: oneOf("model", "tokenizer"),
  verify: aBoolean,
  onProgress: aFunction,
  signal: withFields("an AbortSignal", "aborted", "addEventListener"),
  fetch: aFunction,
  retryDelay: wholeNumber(0),
});

/** Names in other libraries, and the name to type here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  cache_dir: "the folder of the cache is cache",
  cacheDir: "the folder of the cache is cache",
  local_files_only: "to use the cache alone is offline",
  use_auth_token: "the token is token",
  accessToken: "the token is token",
  hubUrl: "the base URL of the hub is endpoint",
  progress_callback: "progress is reported to onProgress",
};

export function checkHubOptions(where: string, options: HubOptions): void {
  checkOptions(where, options, rules(), ELSEWHERE);
}

/** Adds up the bytes received of several files. */
export class Progress {
  readonly #loaded = new Map<string, number>();

  /** @param sizes of all files that are downloaded */
  constructor(
    readonly sizes: ReadonlyMap<string, number>,
    readonly report: ((progress: DownloadProgress) => void) | undefined,
  ) {}

  /** @param fileLoaded bytes of the file that are here */
  update(file: string, fileLoaded: number): void {
    this.#loaded.set(file, fileLoaded);
    if (!this.report) return;
    const sum = (numbers: Iterable<number>) => [...numbers].reduce((total, value) => total + value, 0);
    this.report({
      file,
      fileLoaded,
      fileSize: this.sizes.get(file) ?? fileLoaded,
      loaded: sum(this.#loaded.values()),
      size: sum(this.sizes.values()),
    });
  }
}
