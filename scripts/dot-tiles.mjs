/**
 * Write assembly/generated/dot-tiles.ts: the register tiles of the product of 8-bit operands (assembly/product/gemm-q8.ts), unrolled.
 *
 * Three kinds of instruction compute the same integers. Four consecutive k of a column are the bytes of one 32-bit lane:
 *
 * - quads: four products into one i32, i32x4.relaxed_dot_i8x16_i7x16_add_s. One instruction (vpdpbusd) with AVX-VNNI, five
 *   elsewhere on x86.
 * - pairs: two products into one i16, i16x8.relaxed_dot_i8x16_i7x16_s (pmaddubsw), whose sums a second dot product with
 *   ones adds up. Three instructions everywhere on x86.
 * - words: both operands as i16, i32x4.dot_i16x8_s (pmaddwd). Four instructions and the unpacking of the weights; needs no
 *   relaxed SIMD.
 *
 * Quads have long latencies and fill the registers with sums, 4 x 16. The others keep 4 x 8 of them, as the tiles of
 * scripts/micro-kernels.mjs do for the same reason, which leaves room for operands. Where V8 joins neighboring vectors
 * (--experimental-wasm-revectorize) it joins those of 4 x 16 and not those of 4 x 8: on Zen 3, Node 24, 4 x 16 is then 1.7
 * times as fast in pairs and in words; without, 0.9 times. The engine's choice for the f32 product (sdk/engine/tile.ts) holds
 * here too.
 */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";

/** Rows and vectors of columns of each tile. */
const TILES = {
  quads: [
    [4, 4],
    [2, 4],
    [1, 4],
  ],
  pairs: [
    [4, 4],
    [4, 2],
    [2, 4],
    [1, 4],
  ],
  words: [
    [4, 4],
    [4, 2],
    [2, 4],
    [1, 4],
  ],
};

/** Groups of four k per loop iteration. */
const UNROLL = 2;

/** The operands of a kind, without its sums. */
const KINDS = {
  quads: {
    relaxed: true,
    bytesOfA: 4,
    constants: [],
    weights: (v, at) => [`const y${v} = v128.load(p, ${at});`],
    operands: (r, at) => [`const x = v128.load32_splat(a${r}, ${at});`],
    step: (c, v) => `${c} = i32x4.relaxed_dot_i8x16_i7x16_add_s(x, y${v}, ${c});`,
  },
  pairs: {
    relaxed: true,
    bytesOfA: 4,
    constants: ["const ones = v128.load32_splat(ONES);"],
    weights: (v, at) => [`const y${v} = v128.load(p, ${at});`],
    operands: (r, at) => [`const x = v128.load32_splat(a${r}, ${at});`],
    step: (c, v) => `${c} = i32x4.add(${c}, i32x4.dot_i16x8_s(i16x8.relaxed_dot_i8x16_i7x16_s(x, y${v}), ones));`,
  },
  words: {
    relaxed: false,
    bytesOfA: 8,
    constants: ["const low = v128.load32_splat(LOW_BYTES);"],
    weights: (v, at) => [
      `const y${v} = v128.load(p, ${at});`,
      `const e${v} = v128.and(y${v}, low), o${v} = i16x8.shr_u(y${v}, 8);`,
    ],
    operands: (r, at) => [
      `const xe = v128.load32_splat(a${r}, ${at});`,
      `const xo = v128.load32_splat(a${r}, ${at + 4});`,
    ],
    step: (c, v) => `${c} = i32x4.add(i32x4.add(${c}, i32x4.dot_i16x8_s(xe, e${v})), i32x4.dot_i16x8_s(xo, o${v}));`,
  },
};

const range = (n) => [...Array(n).keys()];

function tile(kind, rows, vectors) {
  const { relaxed, bytesOfA, constants, weights, operands, step } = KINDS[kind];
  const cells = range(rows).flatMap((r) => range(vectors).map((v) => ({ r, v, name: `c${r}_${v}` })));
  const lines = [
    `export function ${kind}${rows}x${vectors * 4}(c: usize, ldc: usize, a: usize, lda: usize, m: usize, ldm: usize, b: usize, inner: i32, add: i32): void {`,
  ];
  if (relaxed) lines.push("  if (!ASC_FEATURE_RELAXED_SIMD) return;", "  else {");
  for (const line of constants) lines.push(`  ${line}`);
  for (const r of range(rows)) lines.push(`  let a${r} = a + ${r} * lda, m${r} = m + ${r} * ldm;`);
  lines.push("  let k = inner;", "  do {");
  for (const r of range(rows)) {
    lines.push(`    const z${r} = v128.load32_splat(m${r}, 4);`);
    for (const { name, v } of cells.filter((cell) => cell.r === r))
      lines.push(`    let ${name} = i32x4.dot_i16x8_s(v128.load(b, ${v * 16}), z${r});`);
  }
  lines.push("    let p = b + HEAD;");
  lines.push("    const end = p + <usize>((min(k, BLOCK) + 3) >> 2) * GROUP;");
  for (const u of range(UNROLL - 1)) lines.push(`    const end${u} = end - ${u + 1} * GROUP;`);
  lines.push("    do {");
  for (const u of range(UNROLL)) {
    lines.push("      {");
    for (const v of range(vectors)) for (const line of weights(v, u * 64 + v * 16)) lines.push(`        ${line}`);
    for (const r of range(rows)) {
      lines.push("        {");
      for (const line of operands(r, u * bytesOfA)) lines.push(`          ${line}`);
      for (const { name, v } of cells.filter((cell) => cell.r === r)) lines.push(`          ${step(name, v)}`);
      lines.push("        }");
    }
    lines.push("      }");
    if (u < UNROLL - 1) lines.push(`      if (p == end${u}) break;`);
  }
  for (const r of range(rows)) lines.push(`      a${r} += ${UNROLL * bytesOfA};`);
  lines.push(`      p += ${UNROLL} * GROUP;`, "    } while (p < end);");
  for (const r of range(rows)) {
    lines.push("    {", `      const s = v128.load32_splat(m${r});`);
    for (const { name, v } of cells.filter((cell) => cell.r === r))
      lines.push(
        `      let f${v} = f32x4.mul(f32x4.mul(f32x4.convert_i32x4_s(${name}), s), v128.load(b, ${64 + v * 16}));`,
      );
    lines.push("      if (add) {");
    for (const v of range(vectors))
      lines.push(`        f${v} = f32x4.add(v128.load(c + ${r} * ldc, ${v * 16}), f${v});`);
    lines.push("      }");
    for (const v of range(vectors)) lines.push(`      v128.store(c + ${r} * ldc, f${v}, ${v * 16});`);
    lines.push(`      m${r} += META;`, "    }");
  }
  lines.push("    add = 1;", "    b = end;", "    k -= BLOCK;", "  } while (k > 0);");
  if (relaxed) lines.push("  }");
  lines.push("}");
  return lines.join("\n");
}

export function writeDotTiles() {
  const head = `// Generated by scripts/dot-tiles.mjs.
// KINDRxC: c (R, C) = or += a (R, inner) times C columns of the panel b, for inner > 0. Strides are in bytes; m are the
// scales and sums of the rows of a. The last block of b may be shorter; a is as long as whole blocks of sixteen.
import { BLOCK, GROUP, HEAD, LOW_BYTES, META, ONES } from "../product/q8";
`;
  const tiles = Object.entries(TILES).flatMap(([kind, shapes]) =>
    shapes.map(([rows, vectors]) => tile(kind, rows, vectors)),
  );
  mkdirSync("assembly/generated", { recursive: true });
  const part = `assembly/generated/dot-tiles-${process.pid}.part`;
  writeFileSync(part, `${head}\n${tiles.join("\n\n")}\n`);
  renameSync(part, "assembly/generated/dot-tiles.ts");
}
