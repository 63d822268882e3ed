/** cloze/hub where there is no disk: the same names as `hub.ts`, kept in the browser's cache. */
export { DownloadError, HubError } from "./io/hub/errors.js";
export type { Wanted } from "./io/hub/needed.js";
export type { DownloadProgress, HubOptions } from "./io/hub/options.js";
export { hub, modelFiles } from "./io/web/locate.js";
