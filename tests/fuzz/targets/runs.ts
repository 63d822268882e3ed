/** Leftovers of a run: checkpoints. */
import fc from "fast-check";
import { readCheckpoint } from "../../../sdk/train/loop/checkpoint.js";
import { checkpointOf, parted, whole } from "../fixtures.js";
import { encode, fileMutant, type Target } from "../mutant.js";
import { mutantBytes, mutantJson } from "../mutations.js";

const NAME = "checkpoint.safetensors";

export const RUN_TARGETS: Readonly<Record<string, Target>> = {
  checkpoint: async () => {
    const { optimizer, settings, bytes } = await checkpointOf();
    return mutantBytes(bytes.slice(0, 4000)).map((head) => {
      const mutant = new Uint8Array(bytes.length);
      mutant.set(bytes);
      mutant.set(head.subarray(0, bytes.length));
      return fileMutant(NAME, mutant, () => readCheckpoint(mutant, optimizer, settings));
    });
  },
  "checkpoint-metadata": async () => {
    const { optimizer, settings, bytes } = await checkpointOf();
    const { header, body } = parted(bytes);
    const metadata = header["__metadata__"] as Record<string, string>;
    const of = (name: string) =>
      mutantJson(JSON.parse(metadata[name]!)).map((json) => {
        const changed = { ...metadata, [name]: new TextDecoder().decode(json) };
        const mutant = whole(encode(JSON.stringify({ ...header, __metadata__: changed })), body);
        return fileMutant(NAME, mutant, () => readCheckpoint(mutant, optimizer, settings));
      });
    return fc.oneof(...["position", "settings", "steps"].map(of));
  },
};
