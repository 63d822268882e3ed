/** Files that are handed to the reader. */
import { lab } from "./workers.js";

export function download(name: string, bytes: BlobPart, type: string): void {
  const address = URL.createObjectURL(new Blob([bytes], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** A model of the shelf as a folder of this name, zipped. */
export async function downloadFolder(name: string, id: string): Promise<void> {
  download(`${name}.zip`, await lab().zippedFolder(id, name), "application/zip");
}
