/** An entry as tiers keep it: a value, and for how long it may be used. */

import type { Tagged } from "./tagged.js";

/** How long an entry may be used, in milliseconds. */
export interface Lifetime {
  readonly ttl: number;
  readonly staleWhileRevalidate: number;
  readonly staleIfError: number;
  /** Its tags; undefined without any. */
  readonly tagged?: Tagged | undefined;
  /** How long it is then kept to be validated; default 0. */
  readonly retained?: number;
}

/** An entry as a store had it. */
export interface FoundEntry extends Lifetime {
  readonly value: unknown;
  readonly age: number;
  /** When it was stored, by its writer's clock. */
  readonly storedAt: number;
  /** The name of the store. */
  readonly layer: string;
  /** Whether the value is a counter's, which stays where it is. */
  readonly counted?: boolean;
}
