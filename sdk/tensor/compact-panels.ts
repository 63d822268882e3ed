/**
 * Panels of weights that are kept in fewer bits than f32: how large they are, and the way there and back.
 * The layouts are described in assembly/product/f16.ts, assembly/product/q8.ts and assembly/product/q4.ts.
 */
import { F16, PANEL, Q4, Q8, type ScratchKernel } from "../engine/abi.js";
import type { Engine, Kernels } from "../engine/engine.js";
import { launch, launchWithScratch } from "../engine/launch.js";
import { withScratch } from "../engine/scratch.js";
import { type Packed, panelBytes, panelCount, unpack } from "./panels.js";

/**
 * How the weights of products are kept: `f32` as they are computed with, `f16` in half the memory and nearly the same,
 * `q8` in 8 bits with products of 8-bit operands, `q4` in 4 bits.
 */
export type WeightDtype = "f32" | "f16" | "q8" | "q4";

/** Element types of weights in fewer than 32 bits. */
export type CompactDtype = Exclude<WeightDtype, "f32">;

interface Format {
  /** the number that kernels know it by */
  readonly code: number;
  readonly pack: ScratchKernel & ("packF16" | "packQ8" | "packQ4");
  /** bytes of a panel of the given k */
  readonly panel: (kernels: Kernels, inner: number) => number;
}

const FORMATS: Readonly<Record<CompactDtype, Format>> = {
  f16: { code: F16, pack: "packF16", panel: (_, inner) => inner * PANEL * 2 },
  q8: { code: Q8, pack: "packQ8", panel: ({ q8PanelBytes }, inner) => q8PanelBytes(inner) },
  q4: { code: Q4, pack: "packQ4", panel: ({ q4PanelBytes }, inner) => q4PanelBytes(inner) },
};

/** Bytes that packing needs for a block of 128 k of 16 columns. */
const PACK_SCRATCH = 128 * PANEL * 4;
/** Columns that are expanded to f32 at a time, where all values are wanted. */
const EXPANDED = 1024;

export const formatCode = (dtype: CompactDtype): number => FORMATS[dtype].code;

/** Bytes of one panel. */
export const compactPanel = (engine: Engine, dtype: CompactDtype, inner: number): number =>
  FORMATS[dtype].panel(engine.kernels, inner);

/** Bytes of all panels of B. */
export const compactBytes = (engine: Engine, dtype: CompactDtype, { inner, columns }: Packed): number =>
  panelCount(columns) * compactPanel(engine, dtype, inner);

/**
 * Write the part of B's panels that belongs to some of its values by row.
 *
 * @param rows where those values are, in f32
 * @param first their first row: a multiple of 16 where rows are columns of B, else of 128
 * @param count of rows
 */
export function packCompact(
  engine: Engine,
  dtype: CompactDtype,
  panels: number,
  rows: number,
  { inner, columns, transposed }: Packed,
  first: number,
  count: number,
): void {
  const { pack } = FORMATS[dtype];
  const panel = compactPanel(engine, dtype, inner);
  if (transposed) {
    const from = panels + (first / PANEL) * panel;
    launchWithScratch(engine, pack, panelCount(count), PACK_SCRATCH, from, panel, rows, inner, inner, count, 1);
  } else {
    const from = panels + compactPanel(engine, dtype, first);
    launchWithScratch(engine, pack, panelCount(columns), PACK_SCRATCH, from, panel, rows, columns, count, columns, 0);
  }
}

/** The values that products compute with, by row. */
export function unpackCompact(engine: Engine, dtype: CompactDtype, panels: number, of: Packed): Float32Array {
  const { inner, columns, transposed } = of;
  const panel = compactPanel(engine, dtype, inner);
  const values = new Float32Array(inner * columns);
  for (let first = 0; first < columns; first += EXPANDED) {
    const part = { inner, columns: Math.min(EXPANDED, columns - first), transposed };
    withScratch(engine, panelBytes(part), (expanded) => {
      const from = panels + (first / PANEL) * panel;
      launch(engine, "expand", panelCount(part.columns), expanded, from, panel, inner, formatCode(dtype));
      withScratch(engine, inner * part.columns * 4, (rows) => {
        unpack(engine, rows, expanded, part);
        const got = new Float32Array(engine.memory.buffer, rows, inner * part.columns);
        if (transposed) values.set(got, first * inner);
        else
          for (let k = 0; k < inner; k++)
            values.set(got.subarray(k * part.columns, (k + 1) * part.columns), k * columns + first);
      });
    });
  }
  return values;
}
