/** What `new WebAssembly.Module` makes, where the host's declarations know it. */
type Module = typeof globalThis extends {
  WebAssembly: { Module: new (bytes: never) => infer Instance };
}
  ? Instance
  : object;

/** The compiled module, as workerd and bundlers import it. */
declare const compiled: Module;
export default compiled;
