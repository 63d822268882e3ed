/**
 * Centering vectors by language, and orthogonal maps from one language's space to another's.
 *
 * Libovický et al. 2019 (arXiv:1911.03310) and Liu et al. 2020 (arXiv:2004.14218) for language means; Schönemann 1966 and
 * Smith et al. 2017 (arXiv:1702.03859) for the orthogonal map.
 */
import { anArray, checkArgument, checkArguments, listOf, numbers } from "../options.js";
import { DirectionError } from "./errors.js";

/** @__NO_SIDE_EFFECTS__ */
const aVectorList = () => listOf(anArray);

/** Vectors of equal length, one per text or word. */
export type Vectors = readonly ArrayLike<number>[];

/**
 * The mean of a language's vectors; a few thousand texts or words give a stable one.
 *
 * @example
 * languageMean([[0, 2], [2, 4]]); // [1, 3]
 */
export function languageMean(vectors: Vectors): Float64Array {
  checkArgument("languageMean", "vectors", vectors, aVectorList());
  if (vectors.length === 0) throw new DirectionError("languageMean: there are no vectors");
  const mean = new Float64Array(vectors[0]!.length);
  for (const vector of vectors) {
    if (vector.length !== mean.length)
      throw new DirectionError(`languageMean: vectors of ${mean.length} and of ${vector.length} numbers`);
    for (let d = 0; d < mean.length; d++) mean[d]! += vector[d]!;
  }
  return mean.map((sum) => sum / vectors.length);
}

/**
 * Vectors minus the mean of their language.
 *
 * @example
 * retrievalFigures(centred(english), centred(german));
 */
export function centred(vectors: Vectors, mean: ArrayLike<number> = languageMean(vectors)): Float64Array[] {
  checkArguments("centred", { vectors, mean }, { vectors: aVectorList(), mean: numbers });
  return vectors.map((vector) => Float64Array.from(vector, (x, d) => x - mean[d]!));
}

/** An orthogonal matrix (width × width, row-major), applied to row vectors from the right. */
export interface OrthogonalMap {
  readonly width: number;
  readonly matrix: Float64Array;
}

/**
 * The orthogonal map that minimizes the squared distance of the mapped sources to their targets (Procrustes): U Vᵀ of the
 * singular value decomposition of sourcesᵀ · targets. Directions that the pairs do not determine are kept fixed where
 * possible.
 *
 * @param sources row i corresponds to row i of the targets
 * @see Schönemann 1966; Smith et al. 2017, arXiv:1702.03859
 * @example
 * procrustes([[1, 0], [0, 1]], [[0, 1], [-1, 0]]).matrix; // [0, 1, -1, 0]
 */
export function procrustes(sources: Vectors, targets: Vectors): OrthogonalMap {
  checkArguments("procrustes", { sources, targets }, { sources: aVectorList(), targets: aVectorList() });
  if (sources.length !== targets.length || sources.length === 0)
    throw new DirectionError(
      `procrustes: expected as many sources as targets, got ${sources.length} and ${targets.length} vectors`,
    );
  const width = sources[0]!.length;
  const product = new Float64Array(width * width);
  for (const [i, source] of sources.entries()) {
    const target = targets[i]!;
    if (source.length !== width || target.length !== width)
      throw new DirectionError(`procrustes: pair ${i} has ${source.length} and ${target.length} numbers, not ${width}`);
    for (let a = 0; a < width; a++) for (let b = 0; b < width; b++) product[a * width + b]! += source[a]! * target[b]!;
  }
  return { width, matrix: polarFactor(product, width) };
}

/**
 * Apply the map to vectors.
 *
 * @example
 * mapVectors(procrustes([[1, 0], [0, 1]], [[0, 1], [-1, 0]]), [[2, 0]])[0]; // the vector [0, 2]
 */
export function mapVectors({ width, matrix }: OrthogonalMap, vectors: Vectors): Float64Array[] {
  return vectors.map((vector) => {
    if (vector.length !== width)
      throw new DirectionError(`mapVectors: a vector of ${vector.length} numbers, the map is for ${width}`);
    const mapped = new Float64Array(width);
    for (let a = 0; a < width; a++) for (let b = 0; b < width; b++) mapped[b]! += vector[a]! * matrix[a * width + b]!;
    return mapped;
  });
}

/** Bound on Jacobi sweeps: a full-rank matrix of width 384 takes 13, one of half the rank 20. */
const SWEEPS = 60;
/** Columns with a smaller cosine count as orthogonal in double precision. */
const ORTHOGONAL = 1e-14;

/**
 * U Vᵀ of a square matrix by one-sided Jacobi rotations (Hestenes 1958): pairs of columns are rotated until all are
 * orthogonal, A V = U Σ.
 */
function polarFactor(matrix: Float64Array, n: number): Float64Array {
  // Column-major, so that a rotation reads contiguous memory.
  const columns = Array.from({ length: n }, (_, j) => Float64Array.from({ length: n }, (_, i) => matrix[i * n + j]!));
  const turns = Array.from({ length: n }, (_, j) => Float64Array.from({ length: n }, (_, i) => Number(i === j)));
  for (let sweep = 0; ; sweep++) {
    if (sweep === SWEEPS) throw new DirectionError("procrustes: no map was found; are all numbers finite?");
    let turned = false;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) if (makeOrthogonal(columns, turns, p, q)) turned = true;
    if (!turned) break;
  }
  const left = orthonormal(columns, turns);
  const factor = new Float64Array(n * n);
  for (const [k, u] of left.entries())
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) factor[i * n + j]! += u[i]! * turns[k]![j]!;
  return factor;
}

/** Rotate two columns (and those of V) so that they become orthogonal; false if they already are. */
function makeOrthogonal(
  columns: readonly Float64Array[],
  turns: readonly Float64Array[],
  p: number,
  q: number,
): boolean {
  const [a, b] = [columns[p]!, columns[q]!];
  const [aa, bb, ab] = [dot(a, a), dot(b, b), dot(a, b)];
  if (Math.abs(ab) <= ORTHOGONAL * Math.sqrt(aa * bb)) return false;
  const zeta = (bb - aa) / (2 * ab);
  const tangent = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
  const cosine = 1 / Math.sqrt(1 + tangent * tangent);
  turn(a, b, cosine, cosine * tangent);
  turn(turns[p]!, turns[q]!, cosine, cosine * tangent);
  return true;
}

function turn(a: Float64Array, b: Float64Array, cosine: number, sine: number): void {
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, b[i]!];
    a[i] = cosine * x - sine * y;
    b[i] = sine * x + cosine * y;
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/**
 * U: the columns of A V, normalized. Columns that vanish (a rank-deficient matrix) are completed with the same direction of
 * V, made orthogonal to all others, or with a coordinate axis if nothing remains of it.
 */
function orthonormal(columns: readonly Float64Array[], turns: readonly Float64Array[]): Float64Array[] {
  const lengths = columns.map((column) => Math.sqrt(dot(column, column)));
  const least = Math.max(...lengths) * columns.length * 2 ** -50;
  const left = columns.map((column, k) => (lengths[k]! > least ? column.map((x) => x / lengths[k]!) : null));
  for (const [k, column] of left.entries()) {
    if (column !== null) continue;
    const known = left.filter((other) => other !== null);
    const axes = columns.map((_, axis) => Float64Array.from(columns, (_, i) => Number(i === axis)));
    for (const candidate of [turns[k]!, ...axes]) {
      const rest = without(without(candidate, known), known); // twice: the second pass removes rounding errors
      const length = Math.sqrt(dot(rest, rest));
      if (length < 0.5 / Math.sqrt(columns.length)) continue;
      left[k] = rest.map((x) => x / length);
      break;
    }
  }
  return left.map((column) => column!);
}

function without(vector: Float64Array, known: readonly Float64Array[]): Float64Array {
  const rest = vector.slice();
  for (const other of known) {
    const share = dot(rest, other);
    for (let i = 0; i < rest.length; i++) rest[i]! -= share * other[i]!;
  }
  return rest;
}
