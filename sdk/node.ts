/** cloze/node: model folders on disk, and published models downloaded to it, for Node, Deno and Bun. */
export { exists, folder } from "./io/files/folder.js";
export {
  moveFolder,
  requireFilePlace,
  requirePlace,
  writableFolder,
  writeFileAtomically,
  writeFolder,
} from "./io/files/write-whole.js";
export { type Downloaded, downloadModel } from "./io/hub/cache/download.js";
export { type Found, findModel } from "./io/hub/cache/locate.js";
