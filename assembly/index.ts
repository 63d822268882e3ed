// The export list of the compute module, and nothing else.
export { heapBase, isRelaxed } from "./simd";
export { columnSums, gemm, gemmScratchBytes, gemmTransposed } from "./gemm";
export { packColumns, packRows, transpose } from "./pack";
