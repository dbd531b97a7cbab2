/**
 * The core: calls, guards and tags, in a module of WebAssembly with the state of all caches.
 *
 * This is the only importer of its generated glue. What it exports is re-exported here, and may be
 * called only between `ready()` and the next trap.
 */

import { __reinit } from "./glue/core.js";
import {
  type HeldModule,
  isReady,
  type Refusal,
  refusalOf,
  replaceInstance,
  seeToTrap,
} from "./modules.js";

export * from "./glue/core.js";
export { isTrap, trapCount } from "./modules.js";

/** Something that has state in the core and must forget it when the core is replaced. */
export interface CoreTenant {
  forget(): void;
}

export const CORE: HeldModule = {
  instantiate: (module) => __reinit(module as WebAssembly.Module),
  name: "core",
  cure: "init(…) of holdover/slim",
  awaited: 0,
  instance: 0,
};

let tenants: Set<Reference> | undefined;

/** Holds a tenant weakly where the host can. */
interface Reference {
  deref(): CoreTenant | undefined;
}

/** Makes the core if there is none; false when it cannot be had. */
export function ready(): boolean {
  return isReady(CORE);
}

/** Reason for the lack of a core; undefined while there is one, or its source is being fetched. */
export function unavailable(): Refusal | undefined {
  return refusalOf(CORE);
}

/** The number of the running instance: it changes when a trap replaced it. */
export function instanceNumber(): number {
  return CORE.instance;
}

/** Remembers who must forget when the core is replaced. Does not keep it alive. */
export function register(tenant: CoreTenant): void {
  tenants ??= new Set();
  tenants.add(referenceTo(tenant));
  if (tenants.size % PRUNE_EVERY === 0) prune(tenants);
}

/** Number of new tenants after which collected ones are looked for. */
const PRUNE_EVERY = 256;

/** Workers have `WeakRef` since the compatibility date 2025-05-05; before, caches stay. */
function referenceTo(tenant: CoreTenant): Reference {
  return typeof WeakRef === "undefined" ? { deref: () => tenant } : new WeakRef(tenant);
}

function prune(known: Set<Reference>): void {
  for (const reference of known) if (reference.deref() === undefined) known.delete(reference);
}

/**
 * Replaces the core if `error` is a trap that nobody has seen to; true if it is a trap. Traps of
 * other modules are seen to where they happen.
 */
export function seeTo(error: unknown): boolean {
  return seeToTrap(error, replace);
}

/** Replaces an instance that trapped by an empty new one; all its tenants forget. */
export function replace(): void {
  replaceInstance(CORE);
  for (const reference of tenants ?? []) {
    const tenant = reference.deref();
    if (tenant === undefined) tenants?.delete(reference);
    else tenant.forget();
  }
}
