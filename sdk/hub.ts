/** cloze/hub: published models by their names, in Node, Deno and Bun; browsers and workers get `hub-web.ts`. */
export { hub, modelFiles } from "./io/hub/cache/locate.js";
export { DownloadError, HubError } from "./io/hub/errors.js";
export type { Wanted } from "./io/hub/needed.js";
export type { DownloadProgress, HubOptions } from "./io/hub/options.js";
