/**
 * Registry of the code that loads in front of stores below memory. The stores bring that code: no
 * module that every cache needs imports it.
 */

import type { LowerTiers } from "../tiers/lower-tiers.js";
import type { HoldoverError } from "../util/errors.js";
import type { Call } from "./call.js";
import type { Flight, Outcome } from "./flight.js";
import type { Host } from "./host.js";
import type { Landing, StoresBelow } from "./landing.js";

/** Loads in front of stores. */
export interface LoadsBelow extends StoresBelow {
  /** Loads, unless a lower store has an entry that answers. */
  lookThenLoad(flight: Flight, call: Call): Promise<Outcome>;
  /** Loads, once messages of others are heard, and it is known which versions its tags have. */
  load(flight: Flight, call: Call): Promise<Outcome>;
}

/** The loads of a cache, as far as those in front of stores need them. */
export interface LoadsAbove {
  /** Loads if the guards let it. */
  guarded(flight: Flight, call: Call): Promise<Outcome>;
  /** Ends a flight whose load may not start. */
  refuse(flight: Flight, call: Call, verdict: HoldoverError): Promise<Outcome>;
  /** A flight that has waited leads from now on; false when nobody waits for it any more. */
  renew(flight: Flight, call: Call): boolean;
}

/** Makes what loads in front of these stores. */
export type MakeLoadsBelow = (
  tiers: LowerTiers,
  host: Host,
  landing: Landing,
  loads: LoadsAbove,
) => LoadsBelow;

const known = new WeakMap<LowerTiers, MakeLoadsBelow>();

/** Gives stores what loads in front of them. */
export function withLoads(tiers: LowerTiers, make: MakeLoadsBelow): void {
  known.set(tiers, make);
}

/** Returns what makes loads in front of stores; whatever made these has brought it. */
export function loadsBelowOf(tiers: LowerTiers): MakeLoadsBelow {
  return known.get(tiers) as MakeLoadsBelow;
}
