/** cloze/web: model folders behind URLs, and those that a browser gives a page. */
export { browserCache, directoryFiles, selectedFiles } from "./io/web/browser-files.js";
export { type WebFolderOptions, webFolder } from "./io/web/web-folder.js";
