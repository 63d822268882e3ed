/** A model folder as one file to download, which PyTorch's transformers load once it is unpacked. */
import { zipSync } from "fflate";
import type { FolderFiles } from "../store.js";

/** Hand a file to the reader. */
export function download(name: string, bytes: BlobPart, type: string): void {
  const address = URL.createObjectURL(new Blob([bytes], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** Weights do not compress; the files are stored as they are. */
export function downloadFolder(name: string, files: FolderFiles): void {
  const folder = Object.fromEntries(files.map(([path, bytes]) => [`${name}/${path}`, bytes]));
  download(`${name}.zip`, zipSync(folder, { level: 0 }) as Uint8Array<ArrayBuffer>, "application/zip");
}
