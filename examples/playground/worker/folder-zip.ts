/** A model folder of the shelf as one file to download, which PyTorch's transformers load once it is unpacked. */
import { transfer } from "comlink";
import { zipSync } from "fflate";
import { filesOf } from "../store.js";

/** Weights do not compress; the files are stored as they are. */
export async function zippedFolder(id: string, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const files = await filesOf(id);
  if (!files) throw new Error("this model is no longer on the shelf");
  const folder = Object.fromEntries(files.map(([path, bytes]) => [`${name}/${path}`, bytes]));
  const zip = zipSync(folder, { level: 0 }) as Uint8Array<ArrayBuffer>;
  return transfer(zip, [zip.buffer]);
}
