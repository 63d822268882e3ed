/** The matrix product in its forms, and attention. */
import { AttentionPlan, TRANSPOSED_ROWS, UNLIMITED } from "../sdk/engine/abi.js";
import { Engine } from "../sdk/engine/engine.js";
import { planBytes, writePlan } from "../sdk/engine/plan.js";
import type { Build } from "../sdk/engine/source.js";
import type { Subject } from "./measure.js";

/** (inner, columns) of the products of common models. */
const SHAPES = [
  [256, 256],
  [256, 1024],
  [1024, 256],
  [384, 1536],
  [1536, 384],
  [768, 768],
] as const;
const ROWS = [1, 8, 32, 128, 512] as const;

/** Address of `elements` numbers in [-1, 1]. */
export function numbers(engine: Engine, elements: number): number {
  const address = engine.alloc(elements * 4);
  const values = new Float32Array(engine.memory.buffer, address, elements);
  for (let i = 0; i < elements; i++) values[i] = ((i * 7919) % 1021) / 510 - 1;
  return address;
}

function products(engine: Engine): Subject[] {
  const { kernels } = engine;
  const scratch = engine.alloc(kernels.gemmScratchBytes());
  return SHAPES.flatMap(([inner, columns]) => {
    const count = columns / 16;
    const weight = numbers(engine, inner * columns);
    const panels = numbers(engine, inner * columns);
    return ROWS.map((rows): Subject => {
      const [c, a] = [numbers(engine, rows * columns), numbers(engine, rows * inner)];
      const units = kernels.gemmUnits(rows, columns);
      kernels.packColumns(panels, weight, inner, inner, columns, 0, count);
      return {
        name: `product ${rows} x ${inner} x ${columns}, packed`,
        tokens: rows,
        operations: 2 * rows * inner * columns,
        run: () => kernels.gemm(c, columns, a, inner, panels, rows, columns, inner, 0, 0, 0, scratch, 0, units),
      };
    });
  });
}

/** The matrix products of a training step on 2,048 tokens, packing included. */
function forms(engine: Engine): Subject[] {
  const { kernels } = engine;
  const [rows, inner, columns] = [2048, 256, 1024];
  const scratch = engine.alloc(kernels.gemmScratchBytes());
  const [x, w, y] = [numbers(engine, rows * inner), numbers(engine, inner * columns), numbers(engine, rows * columns)];
  const [panels, dw, dx] = [
    numbers(engine, rows * columns),
    numbers(engine, inner * columns),
    numbers(engine, rows * inner),
  ];
  const common = { tokens: rows, operations: 2 * rows * inner * columns };
  const size = `${rows} x ${inner} x ${columns}`;
  return [
    {
      ...common,
      name: `y = x Wᵀ ${size}`,
      run() {
        kernels.packColumns(panels, w, inner, inner, columns, 0, columns / 16);
        const units = kernels.gemmUnits(rows, columns);
        kernels.gemm(y, columns, x, inner, panels, rows, columns, inner, 0, 0, 0, scratch, 0, units);
      },
    },
    {
      ...common,
      name: `dx = dy W ${size}`,
      run() {
        kernels.packRows(panels, columns, w, inner, columns, inner, 0, inner / 16);
        const units = kernels.gemmUnits(rows, inner);
        kernels.gemm(dx, inner, y, columns, panels, rows, inner, columns, 0, 0, 0, scratch, 0, units);
      },
    },
    {
      ...common,
      name: `dW = dyᵀ x ${size}`,
      run() {
        kernels.packRows(panels, rows, x, inner, rows, inner, 0, inner / 16);
        const units = columns / TRANSPOSED_ROWS;
        kernels.gemmTransposed(dw, inner, y, columns, panels, columns, inner, rows, 0, scratch, 0, units);
      },
    },
  ];
}

/** Attention with heads of width 64, recording for the backward pass. */
function attentions(engine: Engine): Subject[] {
  const { kernels } = engine;
  const dim = 64;
  return [64, 128, 512].flatMap((length): Subject[] => {
    const size = length * dim;
    const [query, key, value, out, dquery, dkey, dvalue, probabilities] = [...Array(7).fill(size), length * length].map(
      (elements) => numbers(engine, elements),
    ) as [number, number, number, number, number, number, number, number];
    const starts = engine.alloc(8);
    const offsets = engine.alloc(4);
    new Int32Array(engine.memory.buffer, starts, 2).set([0, length]);
    new Int32Array(engine.memory.buffer, offsets, 1).set([0]);
    const scratch = engine.alloc(
      Math.max(kernels.attentionScratchBytes(length, dim), kernels.attentionBackwardScratchBytes(length, dim)),
    );
    const plan = engine.alloc(planBytes(AttentionPlan));
    writePlan(engine, plan, AttentionPlan, {
      ...{ out, probabilities, query, key, value, bias: 0, biasOffsets: offsets, starts, keyStarts: starts, offsets },
      ...{ heads: 1, dim, scale: 0.125, before: UNLIMITED, after: UNLIMITED },
      ...{ threshold: 0, keepScale: 1, seed: 0, step: 0, stream: 0 },
      ...{ dout: out, dquery, addQuery: 0, dkey, addKey: 0, dvalue, addValue: 0, dbias: 0 },
    });
    return [
      {
        name: `attention, ${length} tokens, head of ${dim}`,
        tokens: length,
        operations: 4 * length * length * dim,
        run: () => kernels.attention(plan, scratch, 0, 1),
      },
      {
        name: `attention backward, ${length} tokens, head of ${dim}`,
        tokens: length,
        operations: 8 * length * length * dim,
        run: () => kernels.attentionBackward(plan, scratch, 0, 1),
      },
    ];
  });
}

export async function kernelSubjects(build: Build): Promise<Subject[]> {
  const engine = await Engine.create({ build });
  return [...products(engine), ...forms(engine), ...attentions(engine)];
}
