/** cloze/node: model folders on disk, for Node, Deno and Bun. */
export { exists, folder, writableFolder, writeFileAtomically, writeFolder } from "./io/folder.js";
