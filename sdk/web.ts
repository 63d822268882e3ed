/** cloze/web: model folders behind URLs, and those that a browser gives a page. */
export {
  browserCache,
  type DirectoryHandle,
  directoryFiles,
  type FileHandle,
  selectedFiles,
} from "./io/web/browser-files.js";
export { type WebFolderOptions, webFolder } from "./io/web/web-folder.js";
