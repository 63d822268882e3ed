/**
 * The hashes that every runtime must compute, and the times that are worth 100 points. A change of a workload is a new
 * version, with new hashes.
 */

/** Version of the definition in docs/benchmark.md. */
export const VERSION = 3;

/** The figures that a version fixes for a workload. */
export interface Published {
  /** the first 16 hex digits of SHA-256 over the output's bytes, little-endian */
  readonly hash: string;
  /** milliseconds of 100 points */
  readonly points: number;
}

/** The published hash and points of each workload, by name. */
export const PUBLISHED: Readonly<Record<string, Published>> = {
  tokenize: { hash: "e91ee9aeb6a1aa6e", points: 8 },
  "encode-tiny-f32": { hash: "076b23853b2c12ac", points: 35 },
  "encode-tiny-q8": { hash: "18b2a2c05cd24698", points: 25 },
  "encode-minilm-f32": { hash: "ed26849f7b4c8b0d", points: 200 },
  "encode-minilm-q8": { hash: "44559a5434a0a6bf", points: 120 },
  "encode-base-f32": { hash: "7fa70c96d5d072ae", points: 750 },
  "encode-base-q8": { hash: "670b247c108d8eba", points: 400 },
  train: { hash: "5e00874f10e21682", points: 110 },
  generate: { hash: "0c42d6e66f5e6e1d", points: 100 },
  start: { hash: "fc8ddca3430c92f7", points: 12 },
};

/** A figure of a result: four digits. */
export const rounded = (value: number): number => Number(value.toPrecision(4));

/** The points of a workload by its first quartile in milliseconds, as results give it. */
export const pointsOf = (workload: string, quartile: number): number =>
  rounded((100 * PUBLISHED[workload]!.points) / quartile);

/** The score: the geometric mean of all workloads' points; null where one is missing. */
export function scoreOf(quartiles: ReadonlyMap<string, number>): number | null {
  const names = Object.keys(PUBLISHED);
  if (!names.every((name) => quartiles.has(name))) return null;
  // A logarithm of time: no number of a model comes from it.
  const logs = names.map((name) => Math.log(pointsOf(name, quartiles.get(name)!)));
  return rounded(Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length));
}
