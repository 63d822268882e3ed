/** A call of every kernel of a range, by address. */
import { DROPOUT_SCRATCH, PANEL, type RangeKernel, type ScratchKernel, TRANSPOSED_ROWS } from "../../sdk/engine/abi.js";
import type { Engine } from "../../sdk/engine/engine.js";
import { launch, launchWithScratch } from "../../sdk/engine/launch.js";
import { ATTENTION_CALLS, LENGTHS, STARTS, TOKENS } from "./attention-calls.js";
import type { Blocks } from "./blocks.js";
import { COMPACT_CALLS } from "./compact-calls.js";

/** A size that no step divides, of matrices whose kernels are worth dividing. */
const [ROWS, WIDTH] = [333, 261];
/** The same of kernels that only read memory, of which more is worth dividing. */
const COLUMNS = 3301;
/** Elements, ending in the middle of a vector. */
const ELEMENTS = 200_003;
type Calls = Readonly<Record<RangeKernel | ScratchKernel, (engine: Engine, m: Blocks) => void>>;

const elementwise =
  (kernel: "add" | "subtract" | "multiply" | "multiplyAdd") =>
  (engine: Engine, m: Blocks): void =>
    launch(engine, kernel, ELEMENTS, m.floats(ELEMENTS), m.floats(ELEMENTS), m.floats(ELEMENTS));

const scaled =
  (kernel: "scale" | "addScaled") =>
  (engine: Engine, m: Blocks): void =>
    launch(engine, kernel, ELEMENTS, m.floats(ELEMENTS), m.floats(ELEMENTS), 0.3);

const function_ =
  (kernel: "erfAll" | "expAll" | "logAll") =>
  (engine: Engine, m: Blocks): void =>
    launch(engine, kernel, ELEMENTS, m.floats(ELEMENTS), m.floats(ELEMENTS, true));

const filled =
  (kernel: "fillNormal" | "fillTruncatedNormal") =>
  (engine: Engine, m: Blocks): void =>
    launch(engine, kernel, ELEMENTS, m.floats(ELEMENTS), 0.02, 7, 9);

/** Every kernel of a range, with work enough to be divided. */
export const CALLS: Calls = {
  gemm: (engine, m) => {
    const panels = Math.ceil(WIDTH / PANEL);
    const [c, a, b] = [m.floats(ROWS * WIDTH), m.floats(ROWS * 400), m.floats(panels * PANEL * 400)];
    const bytes = engine.kernels.gemmScratchBytes();
    launchWithScratch(
      engine,
      "gemm",
      engine.kernels.gemmUnits(ROWS, WIDTH),
      bytes,
      c,
      WIDTH,
      a,
      400,
      b,
      ROWS,
      WIDTH,
      400,
      m.floats(WIDTH),
      1,
      1,
    );
  },
  gemmTransposed: (engine, m) => {
    const [c, a] = [m.floats(ROWS * WIDTH), m.floats(400 * ROWS)];
    const b = m.floats(Math.ceil(WIDTH / PANEL) * PANEL * 400);
    const bytes = engine.kernels.gemmScratchBytes();
    const units = Math.ceil(ROWS / TRANSPOSED_ROWS);
    launchWithScratch(engine, "gemmTransposed", units, bytes, c, WIDTH, a, ROWS, b, ROWS, WIDTH, 400, 1);
  },
  ...COMPACT_CALLS,
  packColumns: (engine, m) => {
    const panels = Math.ceil(ROWS / PANEL);
    launch(engine, "packColumns", panels, m.floats(panels * PANEL * WIDTH), m.floats(ROWS * WIDTH), WIDTH, WIDTH, ROWS);
  },
  packRows: (engine, m) => {
    const panels = Math.ceil(WIDTH / PANEL);
    const [to, from] = [m.floats(panels * PANEL * ROWS), m.floats(ROWS * WIDTH)];
    launch(engine, "packRows", panels, to, ROWS, from, WIDTH, ROWS, WIDTH);
  },
  unpackColumns: (engine, m) => {
    const panels = Math.ceil(ROWS / PANEL);
    launch(
      engine,
      "unpackColumns",
      panels,
      m.floats(ROWS * WIDTH),
      WIDTH,
      m.floats(panels * PANEL * WIDTH),
      WIDTH,
      ROWS,
    );
  },
  unpackRows: (engine, m) => {
    const panels = Math.ceil(WIDTH / PANEL);
    launch(engine, "unpackRows", panels, m.floats(ROWS * WIDTH), WIDTH, m.floats(panels * PANEL * ROWS), ROWS, WIDTH);
  },
  columnSums: (engine, m) =>
    launch(engine, "columnSums", COLUMNS, m.floats(COLUMNS), m.floats(ROWS * COLUMNS), ROWS, COLUMNS, 1),

  ...ATTENTION_CALLS,
  rotate: (engine, m) => {
    const [y, x, table] = [m.floats(ROWS * 256), m.floats(ROWS * 256), m.floats(50 * 64)];
    launch(engine, "rotate", ROWS, y, x, table, m.indices(ROWS, 50), 4, 64, -1);
  },

  add: elementwise("add"),
  subtract: elementwise("subtract"),
  multiply: elementwise("multiply"),
  multiplyAdd: elementwise("multiplyAdd"),
  scale: scaled("scale"),
  addScaled: scaled("addScaled"),
  erfAll: function_("erfAll"),
  expAll: function_("expAll"),
  logAll: function_("logAll"),
  activate: (engine, m) => launch(engine, "activate", ELEMENTS, m.floats(ELEMENTS), m.floats(ELEMENTS), 1),
  activateForTraining: (engine, m) =>
    launch(engine, "activateForTraining", ELEMENTS, m.floats(ELEMENTS), m.floats(ELEMENTS), m.floats(ELEMENTS), 2),
  dropout: (engine, m) => {
    const [y, x] = [m.floats(ELEMENTS), m.floats(ELEMENTS)];
    launchWithScratch(engine, "dropout", ELEMENTS, DROPOUT_SCRATCH, y, x, 6554, 1.1, 3, 4, 5, 1);
  },
  fillNormal: filled("fillNormal"),
  fillTruncatedNormal: filled("fillTruncatedNormal"),
  fillUniform: (engine, m) => launch(engine, "fillUniform", ELEMENTS, m.floats(ELEMENTS), -2, 3, 7, 9),
  randomBits: (engine, m) => launch(engine, "randomBits", ELEMENTS, m.floats(ELEMENTS), 7, 8, 9),
  adamW: (engine, m) => {
    const [w, g, first, second] = [
      m.floats(ELEMENTS),
      m.floats(ELEMENTS),
      m.floats(ELEMENTS),
      m.floats(ELEMENTS, true),
    ];
    launch(engine, "adamW", ELEMENTS, w, g, first, second, 0.5, 1e-4, 0.1, 0.999, 0.001, 1e-3, 0.9, 1e-8);
  },
  lambDirection: (engine, m) => {
    const [g, w, first, second] = [
      m.floats(ELEMENTS),
      m.floats(ELEMENTS),
      m.floats(ELEMENTS),
      m.floats(ELEMENTS, true),
    ];
    launch(engine, "lambDirection", ELEMENTS, g, w, first, second, 0.5, 0.01, 0.1, 0.999, 0.001, 1e-6);
  },
  descend: (engine, m) => launch(engine, "descend", ELEMENTS, m.floats(ELEMENTS), m.floats(ELEMENTS), 0.01),
  binaryCrossEntropy: (engine, m) => {
    const [losses, scores, labels] = [m.floats(ELEMENTS), m.floats(ELEMENTS), m.indices(ELEMENTS, 2)];
    launch(engine, "binaryCrossEntropy", ELEMENTS, losses, scores, labels);
  },
  binaryCrossEntropyBackward: (engine, m) => {
    const [dscores, scores, labels] = [m.floats(ELEMENTS), m.floats(ELEMENTS), m.indices(ELEMENTS, 2)];
    launch(engine, "binaryCrossEntropyBackward", ELEMENTS, dscores, scores, labels, 0.5, 1);
  },
  squaredError: (engine, m) =>
    launch(engine, "squaredError", ELEMENTS, m.floats(ELEMENTS), m.floats(ELEMENTS), m.floats(ELEMENTS)),
  squaredErrorBackward: (engine, m) =>
    launch(
      engine,
      "squaredErrorBackward",
      ELEMENTS,
      m.floats(ELEMENTS),
      m.floats(ELEMENTS),
      m.floats(ELEMENTS),
      0.5,
      1,
    ),

  takeColumns: (engine, m) =>
    launch(engine, "takeColumns", ROWS, m.floats(ROWS * 150), m.floats(ROWS * WIDTH), WIDTH, 30, 150),
  takeColumnsBackward: (engine, m) =>
    launch(engine, "takeColumnsBackward", ROWS, m.floats(ROWS * WIDTH), m.floats(ROWS * 150), WIDTH, 30, 150),
  gather: (engine, m) =>
    launch(
      engine,
      "gather",
      2 * ROWS,
      m.floats(2 * ROWS * WIDTH),
      m.floats(50 * WIDTH),
      m.indices(2 * ROWS, 50),
      WIDTH,
    ),
  gatherAdd: (engine, m) =>
    launch(engine, "gatherAdd", ROWS, m.floats(ROWS * WIDTH), m.floats(50 * WIDTH), m.indices(ROWS, 50), WIDTH),
  gatherPanels: (engine, m) =>
    launch(engine, "gatherPanels", ROWS, m.floats(ROWS * WIDTH), m.floats(64 * WIDTH), m.indices(ROWS, 50), WIDTH, 0),
  gatherBackward: (engine, m) => {
    const [dtable, dy, index] = [m.floats(50 * COLUMNS), m.floats(ROWS * COLUMNS), m.indices(ROWS, 50)];
    launch(engine, "gatherBackward", COLUMNS, dtable, dy, index, ROWS, COLUMNS);
  },
  layerNorm: (engine, m) => {
    const [y, x, gamma, beta] = [m.floats(ROWS * WIDTH), m.floats(ROWS * WIDTH), m.floats(WIDTH), m.floats(WIDTH)];
    launch(engine, "layerNorm", ROWS, y, m.floats(ROWS), m.floats(ROWS), x, gamma, beta, WIDTH, 1e-12);
  },
  layerNormBackwardInput: (engine, m) => {
    const [dx, dy, x] = [m.floats(ROWS * WIDTH), m.floats(ROWS * WIDTH), m.floats(ROWS * WIDTH)];
    const [gamma, mean, rstd] = [m.floats(WIDTH), m.floats(ROWS), m.floats(ROWS, true)];
    launch(engine, "layerNormBackwardInput", ROWS, dx, dy, x, gamma, mean, rstd, WIDTH, 1);
  },
  normBackwardParameters: (engine, m) => {
    const [dgamma, dbeta, dy, x] = [COLUMNS, COLUMNS, ROWS * COLUMNS, ROWS * COLUMNS].map((n) => m.floats(n));
    const [mean, rstd] = [m.floats(ROWS), m.floats(ROWS, true)];
    launch(engine, "normBackwardParameters", COLUMNS, dgamma!, dbeta!, dy!, x!, mean, rstd, ROWS, COLUMNS);
  },
  rmsNorm: (engine, m) => {
    const [y, x, gamma] = [m.floats(ROWS * WIDTH), m.floats(ROWS * WIDTH), m.floats(WIDTH)];
    launch(engine, "rmsNorm", ROWS, y, m.floats(ROWS), x, gamma, WIDTH, 1e-6);
  },
  rmsNormBackwardInput: (engine, m) => {
    const [dx, dy, x] = [m.floats(ROWS * WIDTH), m.floats(ROWS * WIDTH), m.floats(ROWS * WIDTH)];
    launch(engine, "rmsNormBackwardInput", ROWS, dx, dy, x, m.floats(WIDTH), m.floats(ROWS, true), WIDTH, 0);
  },
  normalizeRows: (engine, m) =>
    launch(engine, "normalizeRows", ROWS, m.floats(ROWS * WIDTH), m.floats(ROWS), m.floats(ROWS * WIDTH), WIDTH),
  normalizeRowsBackward: (engine, m) => {
    const [dx, dy, y] = [m.floats(ROWS * WIDTH), m.floats(ROWS * WIDTH), m.floats(ROWS * WIDTH)];
    launch(engine, "normalizeRowsBackward", ROWS, dx, dy, y, m.floats(ROWS, true), WIDTH, 1);
  },
  segmentMax: (engine, m) => {
    const [y, place] = [m.floats(LENGTHS.length * WIDTH), m.floats(LENGTHS.length * WIDTH)];
    launch(engine, "segmentMax", LENGTHS.length, y, place, m.floats(TOKENS * WIDTH), m.integers(STARTS), WIDTH);
  },
  segmentMaxBackward: (engine, m) => {
    // Each of ROWS sequences of one token.
    const place = m.integers(Array.from({ length: ROWS * WIDTH }, (_, i) => Math.floor(i / WIDTH)));
    launch(engine, "segmentMaxBackward", ROWS, m.floats(ROWS * WIDTH), m.floats(ROWS * WIDTH), place, WIDTH);
  },
  segmentMean: (engine, m) =>
    launch(
      engine,
      "segmentMean",
      LENGTHS.length,
      m.floats(LENGTHS.length * WIDTH),
      m.floats(TOKENS * WIDTH),
      m.integers(STARTS),
      WIDTH,
    ),
  segmentMeanBackward: (engine, m) => {
    const [dx, dy] = [m.floats(TOKENS * WIDTH), m.floats(LENGTHS.length * WIDTH)];
    launch(engine, "segmentMeanBackward", LENGTHS.length, dx, dy, m.integers(STARTS), WIDTH, 1);
  },
  crossEntropy: (engine, m) => {
    const [losses, kept, scores] = [m.floats(ROWS), m.floats(2 * ROWS), m.floats(ROWS * WIDTH)];
    launch(engine, "crossEntropy", ROWS, losses, kept, scores, m.indices(ROWS, WIDTH), WIDTH, 0.9, 0.1 / WIDTH);
  },
  crossEntropyBackward: (engine, m) => {
    const [dscores, kept, scores] = [m.floats(ROWS * WIDTH), m.floats(2 * ROWS, true), m.floats(ROWS * WIDTH)];
    launch(engine, "crossEntropyBackward", ROWS, dscores, kept, scores, m.indices(ROWS, WIDTH), WIDTH, 1, 0, 0.5, 1);
  },
  raggedCrossEntropy: (engine, m) => {
    const starts = m.integers(Array.from({ length: ROWS + 1 }, (_, i) => i * WIDTH));
    const [losses, kept, scores] = [m.floats(ROWS), m.floats(2 * ROWS), m.floats(ROWS * WIDTH)];
    launch(engine, "raggedCrossEntropy", ROWS, losses, kept, scores, starts, m.indices(ROWS, WIDTH));
  },
  raggedCrossEntropyBackward: (engine, m) => {
    const starts = m.integers(Array.from({ length: ROWS + 1 }, (_, i) => i * WIDTH));
    const [dscores, kept, scores] = [m.floats(ROWS * WIDTH), m.floats(2 * ROWS, true), m.floats(ROWS * WIDTH)];
    launch(engine, "raggedCrossEntropyBackward", ROWS, dscores, kept, scores, starts, m.indices(ROWS, WIDTH), 0.5, 0);
  },
  divergence: (engine, m) => {
    const [losses, kept, x, y] = [m.floats(ROWS), m.floats(4 * ROWS), m.floats(ROWS * WIDTH), m.floats(ROWS * WIDTH)];
    launch(engine, "divergence", ROWS, losses, kept, x, y, WIDTH, 0.5);
  },
  divergenceBackward: (engine, m) => {
    const [dx, x, y] = [m.floats(ROWS * WIDTH), m.floats(ROWS * WIDTH), m.floats(ROWS * WIDTH)];
    const kept = m.floats(4 * ROWS, true);
    launch(engine, "divergenceBackward", ROWS, dx, kept, x, y, WIDTH, 0.5, 0.25, 1);
  },
};
