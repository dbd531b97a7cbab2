/**
 * The WebAssembly core: made by the first call that needs it, replaced when it traps.
 *
 * This is the only importer of the generated glue. What the core exports is re-exported here, and
 * may be called only between `ready()` and the next trap.
 */

import { tagOf } from "../util/realms.js";
import { __reinit } from "./glue/holdover.js";

export * from "./glue/holdover.js";

/** Gives a compiled module, or bytes to compile. */
export type CoreSource = () => WebAssembly.Module | BufferSource;

/** Why there is no core. */
export interface Refusal {
  readonly error: unknown;
}

/** Something that has state in the core and must forget it when the core is replaced. */
export interface CoreTenant {
  forget(): void;
}

let source: CoreSource | undefined;
let module: WebAssembly.Module | undefined;
let refusal: Refusal | undefined;
let awaited = 0;
let instance = 0;
let traps = 0;
let tenants: Set<Reference> | undefined;

/** Holds a tenant weakly where the host can. */
interface Reference {
  deref(): CoreTenant | undefined;
}

/** Says where the core comes from; the first to say so wins. Nothing is compiled yet. */
export function provide(from: CoreSource): void {
  source ??= from;
}

/** Notes that a source is being fetched: until `settled`, calls go without a core for good reason. */
export function expectSource(settled: PromiseLike<unknown>): void {
  awaited += 1;
  const end = () => {
    awaited -= 1;
  };
  settled.then(end, end);
}

/**
 * Makes the core if there is none. False when it cannot be had: no source yet, no WebAssembly on
 * this host, or a content security policy that forbids it.
 */
export function ready(): boolean {
  if (instance > 0) return true;
  if (source === undefined || refusal !== undefined) return false;
  try {
    const made = source();
    // Not by `instanceof`: Next.js compiles it in another realm than the one it is used in.
    const isModule = tagOf(made) === "WebAssembly.Module";
    module = isModule ? (made as WebAssembly.Module) : new WebAssembly.Module(made as BufferSource);
    __reinit(module);
    instance = 1;
    return true;
  } catch (error) {
    refusal = { error };
    return false;
  }
}

/** Why there is no core; undefined while there is one, or its source is being fetched. */
export function unavailable(): Refusal | undefined {
  if (refusal !== undefined) return refusal;
  return source === undefined && awaited === 0 ? NO_SOURCE : undefined;
}

/** Nobody gave a core: `holdover/slim` without `init`. */
const NO_SOURCE: Refusal = {
  get error() {
    return new Error("holdover/slim has no core: call init(…)");
  },
};

/** The number of the running instance: it changes when a trap replaced it. */
export function instanceNumber(): number {
  return instance;
}

/** How many instances trapped. */
export function trapCount(): number {
  return traps;
}

/** Remembers who must forget when the core is replaced. Does not keep it alive. */
export function register(tenant: CoreTenant): void {
  tenants ??= new Set();
  tenants.add(referenceTo(tenant));
  if (tenants.size % PRUNE_EVERY === 0) prune(tenants);
}

/** How many more tenants are registered before those that are gone are looked for. */
const PRUNE_EVERY = 256;

/** Workers have `WeakRef` since the compatibility date 2025-05-05; before, caches stay. */
function referenceTo(tenant: CoreTenant): Reference {
  return typeof WeakRef === "undefined" ? { deref: () => tenant } : new WeakRef(tenant);
}

function prune(known: Set<Reference>): void {
  for (const reference of known) if (reference.deref() === undefined) known.delete(reference);
}

/** Whether `error` is a trap of the core, which poisons the instance. */
export function isTrap(error: unknown): boolean {
  return typeof WebAssembly !== "undefined" && error instanceof WebAssembly.RuntimeError;
}

/** The trap that was seen to last: it may be caught in several places on its way up. */
let seen: unknown;

/** Replaces the core if `error` is a trap of it that nobody has seen to; true if it is a trap. */
export function seeTo(error: unknown): boolean {
  if (!isTrap(error)) return false;
  if (error !== seen) replace();
  seen = error;
  return true;
}

/** Replaces an instance that trapped by an empty new one; all its tenants forget. */
export function replace(): void {
  traps += 1;
  instance += 1;
  try {
    if (module !== undefined) __reinit(module);
  } catch (error) {
    // No memory left for another one: calls go straight to their origin from now on.
    instance = 0;
    refusal = { error };
  }
  for (const reference of tenants ?? []) {
    const tenant = reference.deref();
    if (tenant === undefined) tenants?.delete(reference);
    else tenant.forget();
  }
}
