/** The cure where the core cannot be compiled; an import of it as a module needs none. */

/** Returns what to do about it on this host. */
export function cure(): string {
  const { navigator, EdgeRuntime } = globalThis as {
    navigator?: { readonly userAgent?: string };
    EdgeRuntime?: unknown;
  };
  if (navigator?.userAgent === "Cloudflare-Workers") return CURES.workers;
  if (EdgeRuntime !== undefined) return CURES.edge;
  return typeof WebAssembly === "undefined" ? CURES.nowhere : CURES.policy;
}

/** Each in one line; the table of the package's README has the rest. */
const CURES = {
  workers:
    'Workers take the core as a file only: bundle with the condition "workerd" (esbuild: ' +
    "--conditions=workerd --external:cloudflare:workers --loader:.wasm=copy, Vite: " +
    "@cloudflare/vite-plugin, OpenNext: serverExternalPackages, Nitro: experimental.wasm; see " +
    "holdover's README).",
  edge: 'The edge runtime takes the core as a file only: bundle with the condition "edge-light".',
  nowhere: "This host has no WebAssembly.",
  policy: "Where a content security policy is why, script-src needs 'wasm-unsafe-eval'.",
} as const;
