/** Resolve a string where a model is expected and there is no disk: a URL, or a name. */
import type { Files } from "../files/files.js";
import { checkHubOptions, type HubOptions } from "../hub/options.js";
import { isUrl, webFolder } from "./web-folder.js";
import { webModel } from "./web-model.js";

/** Paths of a page: they begin with a slash or a dot. */
const isPath = (text: string): boolean => /^\.{0,2}\//.test(text);

/** The files of a published model: see `cache/locate.ts`, which has the same for a disk. */
export function hub(name: string, options: HubOptions = {}): Files {
  checkHubOptions("hub", options);
  return webModel(name, options);
}

/** The files that a string means: below a URL, which may be relative to the page, or of a published model. */
export function modelFiles(model: string, options: HubOptions = {}): Files {
  checkHubOptions("modelFiles", options);
  return isUrl(model) || isPath(model) ? webFolder(model, options) : webModel(model, options);
}
