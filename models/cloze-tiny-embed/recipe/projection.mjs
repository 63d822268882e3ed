/**
 * The directions in which vectors differ most: the leading eigenvectors of their second moments, by orthogonal iteration
 * (Golub & Van Loan, "Matrix Computations", section 8.2.4). Only additions, products and square roots of doubles: the same
 * bits everywhere. The mean is not removed, since cosines are to be kept.
 */
const ITERATIONS = 60;

/** Make the columns of (width × count), stored by column, orthonormal: modified Gram-Schmidt. */
function orthonormalize(columns) {
  for (const [i, column] of columns.entries()) {
    for (const other of columns.slice(0, i)) {
      let product = 0;
      for (let d = 0; d < column.length; d++) product += column[d] * other[d];
      for (let d = 0; d < column.length; d++) column[d] -= product * other[d];
    }
    let square = 0;
    for (const x of column) square += x * x;
    const length = Math.sqrt(square);
    for (let d = 0; d < column.length; d++) column[d] /= length;
  }
}

function secondMoments(vectors, width) {
  const moments = Array.from({ length: width }, () => new Float64Array(width));
  for (const vector of vectors)
    for (let i = 0; i < width; i++) for (let j = 0; j < width; j++) moments[i][j] += vector[i] * vector[j];
  return moments;
}

/**
 * @param {readonly Float32Array[]} vectors of one width
 * @param {number} count directions to keep
 * @returns {Float32Array} (width × count), row by row
 */
export function leadingDirections(vectors, count) {
  const width = vectors[0].length;
  const moments = secondMoments(vectors, width);
  const columns = Array.from({ length: count }, (_, c) => {
    const column = new Float64Array(width);
    // Any start that is not orthogonal to the answer: the vectors themselves.
    for (let d = 0; d < width; d++) column[d] = vectors[c][d];
    return column;
  });
  orthonormalize(columns);
  for (let round = 0; round < ITERATIONS; round++) {
    for (const column of columns) {
      const before = column.slice();
      for (let i = 0; i < width; i++) {
        let sum = 0;
        for (let j = 0; j < width; j++) sum += moments[i][j] * before[j];
        column[i] = sum;
      }
    }
    orthonormalize(columns);
  }
  return Float32Array.from({ length: width * count }, (_, at) => columns[at % count][Math.floor(at / count)]);
}
