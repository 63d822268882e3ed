declare module "*.wasm?hex" {
  const hex: string;
  export default hex;
}
