/**
 * Modules of WebAssembly: made by the first call that needs them, replaced when they trap.
 *
 * The state of one is plain data and not an instance of a class: bundlers see that nobody needs it
 * who calls nothing of it.
 */

import { ConfigError } from "../util/errors.js";
import { tagOf } from "../util/realms.js";

/**
 * Gives a `WebAssembly.Module`, or bytes to compile. (An `object` here and below, as not every
 * host's declarations know `WebAssembly`, and public types lead here.)
 */
export type ModuleSource = () => object;

/** The reason for a module that is not there. */
export interface Refusal {
  readonly error: unknown;
}

/** A module, wherever it comes from. */
export interface HeldModule {
  /** Makes an instance, and forgets the one before it. */
  readonly instantiate: (module: object) => void;
  /** The name of its file. */
  readonly name: string;
  /** The function that provides it where the application has to. */
  readonly cure: string;
  source?: ModuleSource;
  module?: object;
  refusal?: Refusal;
  /** The number of sources that are being fetched. */
  awaited: number;
  /** The number of the running instance, 0 for none: it changes when a trap replaced it. */
  instance: number;
}

/** Says where a module comes from; the first to say so wins. Nothing is compiled yet. */
export function provideTo(held: HeldModule, from: ModuleSource): void {
  held.source ??= from;
}

/** Notes that a source is being fetched: until `settled`, calls go without it for good reason. */
export function expectFor(held: HeldModule, settled: PromiseLike<unknown>): void {
  held.awaited += 1;
  const end = () => {
    held.awaited -= 1;
  };
  settled.then(end, end);
}

/**
 * Makes an instance if there is none. False when it cannot be had: no source yet, no WebAssembly on
 * this host, or a content security policy that forbids it.
 */
export function isReady(held: HeldModule): boolean {
  if (held.instance > 0) return true;
  if (held.source === undefined || held.refusal !== undefined) return false;
  try {
    const made = held.source();
    // Not by `instanceof`: Next.js compiles it in another realm than the one it is used in.
    const isModule = tagOf(made) === "WebAssembly.Module";
    held.module = isModule ? made : new WebAssembly.Module(made as BufferSource);
    held.instantiate(held.module);
    held.instance = 1;
    return true;
  } catch (error) {
    held.refusal = { error };
    return false;
  }
}

/**
 * Returns the reason for a module that is not there; undefined while it is, or is being fetched.
 */
export function refusalOf(held: HeldModule): Refusal | undefined {
  const { refusal, source, awaited, name, cure } = held;
  if (refusal !== undefined || source !== undefined || awaited > 0) return refusal;
  const file = `${name}.wasm`;
  return { error: new ConfigError(file, undefined, `a source: call ${cure}`, { subject: file }) };
}

/** The number of instances that trapped, of all modules. */
let traps = 0;

export function trapCount(): number {
  return traps;
}

/** Replaces an instance that trapped by a new one. */
export function replaceInstance(held: HeldModule): void {
  traps += 1;
  held.instance += 1;
  try {
    if (held.module !== undefined) held.instantiate(held.module);
  } catch (error) {
    // No memory left for another one: calls go straight to their origin from now on.
    held.instance = 0;
    held.refusal = { error };
  }
}

/** True for a trap, which poisons the instance. */
export function isTrap(error: unknown): boolean {
  return typeof WebAssembly !== "undefined" && error instanceof WebAssembly.RuntimeError;
}

/** The trap that was seen to last: it may be caught in several places on its way up. */
let seen: unknown;

/**
 * Has a trap seen to, unless somebody has; true if it is one.
 * @param replace replaces the instance that it came from
 */
export function seeToTrap(error: unknown, replace: () => void): boolean {
  if (!isTrap(error)) return false;
  if (error !== seen) replace();
  seen = error;
  return true;
}
