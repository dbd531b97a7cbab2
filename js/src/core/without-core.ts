/** A host on which the core cannot be had: told on the console, once, with the cure. */

interface Console {
  warn(...texts: unknown[]): void;
}

let hasWarned = false;

/**
 * Warns that nothing is cached, once per process or isolate. For caches without `onEvent`, which
 * would be none the wiser.
 */
export function warnWithoutCore(error: unknown): void {
  if (hasWarned) return;
  hasWarned = true;
  const { console } = globalThis as { console?: Console };
  console?.warn(`holdover: nothing is cached, calls go straight to their origin. ${cure()}`, error);
}

/** Returns what to do about it on this host. */
function cure(): string {
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
