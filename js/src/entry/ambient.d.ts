// What the hosts of the entries provide; none of it reaches the shipped declarations.

/** Node, Deno and Bun. */
declare const setImmediate: ((task: () => void) => unknown) | undefined;

declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}

declare module "*.wasm?module" {
  const module: WebAssembly.Module;
  export default module;
}

declare module "cloudflare:workers" {
  export function waitUntil(promise: Promise<unknown>): void;
}
