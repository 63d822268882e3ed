/** A file that is read in parts. */
interface RangedFile {
  readonly size: number;
  slice(begin: number, end: number): Promise<Uint8Array>;
  close?(): Promise<void>;
}

/** The model, for every function of Cloze that takes one: `await featureExtraction(model)`. */
declare const model: {
  read(name: string): Promise<Uint8Array | undefined>;
  open(name: string): Promise<RangedFile | undefined>;
};
export default model;
