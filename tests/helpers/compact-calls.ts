/** A call of every kernel of weights in fewer bits than f32, by address. */
import { F16, PANEL, Q4, WORDS } from "../../sdk/engine/abi.js";
import type { Engine } from "../../sdk/engine/engine.js";
import { launch, launchWithScratch } from "../../sdk/engine/launch.js";
import type { Blocks } from "./blocks.js";

/** A weight (ROWS, WIDTH), and as many rows that it is multiplied with. */
const [ROWS, WIDTH] = [333, 261];

type Call = (engine: Engine, m: Blocks) => void;

const count = Math.ceil(ROWS / PANEL);
const bytes = ({ kernels }: Engine) => ({
  packF16: WIDTH * PANEL * 2,
  packQ8: kernels.q8PanelBytes(WIDTH),
  packQ4: kernels.q4PanelBytes(WIDTH),
});
/** Pack, in `divided` through the launch. */
const packed = (engine: Engine, m: Blocks, kernel: "packF16" | "packQ8" | "packQ4", divided = false) => {
  const panel = bytes(engine)[kernel];
  const [panels, from] = [m.floats((count * panel) / 4), m.floats(ROWS * WIDTH)];
  if (divided) launchWithScratch(engine, kernel, count, 8192, panels, panel, from, WIDTH, WIDTH, ROWS, 1);
  else {
    const scratch = engine.alloc(8192);
    engine.kernels[kernel](panels, panel, from, WIDTH, WIDTH, ROWS, 1, scratch, 0, count);
    engine.release(scratch);
  }
  return [panels, panel] as const;
};
const quantized = (engine: Engine, m: Blocks) => m.floats(engine.kernels.quantizedBytes(ROWS, WIDTH, WORDS) / 4);

export const COMPACT_CALLS = {
  packF16: (engine, m) => void packed(engine, m, "packF16", true),
  packQ8: (engine, m) => void packed(engine, m, "packQ8", true),
  packQ4: (engine, m) => void packed(engine, m, "packQ4", true),
  expand: (engine, m) =>
    launch(engine, "expand", count, m.floats(count * PANEL * WIDTH), ...packed(engine, m, "packQ4"), WIDTH, Q4),
  gatherF16: (engine, m) => {
    const [panels, panel] = packed(engine, m, "packF16");
    const y = m.floats(4 * ROWS * WIDTH);
    launch(engine, "gatherF16", 4 * ROWS, y, panels, panel, m.indices(4 * ROWS, ROWS), WIDTH, 1);
  },
  gatherQ8: (engine, m) => {
    const [panels, panel] = packed(engine, m, "packQ8");
    const y = m.floats(4 * ROWS * WIDTH);
    launch(engine, "gatherQ8", 4 * ROWS, y, panels, panel, m.indices(4 * ROWS, ROWS), WIDTH, 1);
  },
  gemmExpanded: (engine, m) => {
    const [panels, panel] = packed(engine, m, "packF16");
    const scratch = engine.kernels.gemmExpandedScratchBytes();
    const [y, x, bias] = [m.floats(ROWS * ROWS), m.floats(ROWS * WIDTH), m.floats(ROWS)];
    launchWithScratch(engine, "gemmExpanded", count, scratch, y, x, panels, panel, ROWS, ROWS, WIDTH, F16, bias, 1, 1);
  },
  quantizeRows: (engine, m) =>
    launch(engine, "quantizeRows", ROWS, quantized(engine, m), m.floats(ROWS * WIDTH), ROWS, WIDTH, WORDS),
  gemmQ8: (engine, m) => {
    const [panels, panel] = packed(engine, m, "packQ8");
    const [y, q, x, bias] = [m.floats(ROWS * ROWS), quantized(engine, m), m.floats(ROWS * WIDTH), m.floats(ROWS)];
    engine.kernels.quantizeRows(q, x, ROWS, WIDTH, WORDS, 0, ROWS);
    const { kernels } = engine;
    const [units, scratch] = [kernels.gemmUnits(ROWS, ROWS), kernels.gemmQ8ScratchBytes()];
    launchWithScratch(engine, "gemmQ8", units, scratch, y, q, panels, panel, ROWS, ROWS, WIDTH, WORDS, bias, 1, 1);
  },
} as const satisfies Readonly<Record<string, Call>>;
