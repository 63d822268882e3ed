/** cloze/node: model folders on disk, for Node, Deno and Bun. */
export { exists, folder } from "./io/files/folder.js";
export {
  requireFilePlace,
  requirePlace,
  writableFolder,
  writeFileAtomically,
  writeFolder,
} from "./io/files/write-whole.js";
