// The export list of the compute module, and nothing else.
export { heapBase, isRelaxed } from "./simd";
