// What esbuild puts into the page: texts of files, and the filter's bytes.
declare module "*.yaml" {
  const text: string;
  export default text;
}
declare module "*.wasm" {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
