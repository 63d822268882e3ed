/** What a run writes beside its model: checkpoints and curves. */
import fc from "fast-check";
import { readCurves, writeCurves } from "../../../sdk/report/curve-lines.js";
import { readCheckpoint } from "../../../sdk/train/loop/checkpoint.js";
import { checkpointOf, parted, whole } from "../fixtures.js";
import { encode, fileMutant, type Target } from "../mutant.js";
import { mutantBytes, mutantJson, mutantLines } from "../mutations.js";

const NAME = "checkpoint.safetensors";

const CURVES = [
  '{"kind":"step","step":1,"epoch":0,"tokens":9,"loss":4.5,"parts":{},"learning_rate":0.1,"gradient_norm":1,"seconds":0.5}',
  '{"kind":"evaluation","part":"held-out","step":1,"figures":{"held_out_loss":4.5}}',
  '{"kind":"step","step":2,"epoch":0,"tokens":9,"loss":4,"parts":{"a":2},"learning_rate":0,"gradient_norm":1,"seconds":0.7}',
  '{"kind":"evaluation","part":"dev","step":2,"figures":{"f1":0.5},"baseline":{"f1":0},"headline":"f1","items":3,"final":true}',
];

/** The file, with one line of another shape. */
const mutantCurves = (): fc.Arbitrary<Uint8Array> =>
  fc
    .nat(CURVES.length - 1)
    .chain((i) =>
      mutantJson(JSON.parse(CURVES[i]!)).map((json) =>
        encode(CURVES.with(i, new TextDecoder().decode(json)).join("\n")),
      ),
    );

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
  curves: async () =>
    fc
      .oneof(mutantCurves(), mutantLines(CURVES.join("\n")))
      .map((bytes) =>
        fileMutant("curves.jsonl", bytes, () => writeCurves(readCurves(new TextDecoder().decode(bytes)))),
      ),
};
