/** A host on which the core cannot be had: told on the console, once, with the cure. */

interface Console {
  warn(...texts: unknown[]): void;
}

let hasWarned = false;
let cureHere: (() => string) | undefined;

/** Says what to do on a host that does not let the core be compiled; the first to say so wins. */
export function provideCure(cure: () => string): void {
  cureHere ??= cure;
}

/**
 * Warns that nothing is cached, once per process or isolate. For caches without `onEvent`, which
 * would be none the wiser.
 */
export function warnWithoutCore(error: unknown): void {
  if (hasWarned) return;
  hasWarned = true;
  const { console } = globalThis as { console?: Console };
  const told = "holdover: nothing is cached, calls go straight to their origin.";
  console?.warn(cureHere === undefined ? told : `${told} ${cureHere()}`, error);
}
