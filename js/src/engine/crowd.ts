/** Plain callers of one burst who wait for one load: the first one's wait does for all of them. */

import type { MemoryStore } from "../memory/memory.js";
import { isBurst, joinBurst } from "../runtime/clock.js";
import { currentFrame } from "../runtime/frames.js";
import type { BoundPolicy } from "./bound-policy.js";
import type { Driver } from "./driver.js";
import { type Crowd, type Flight, flightAt } from "./flight.js";

/** The last burst in which callers gathered. */
let gathered = -1;

/** True if a caller may find others who wait. All that the way of a hit asks. */
export function isGathering(): boolean {
  return isBurst(gathered);
}

/** Returns the crowd of a flight that a plain caller under this policy may belong to. */
function crowdOf(flight: Flight, policy: BoundPolicy, driver: Driver): Crowd | undefined {
  const { crowd } = flight;
  if (crowd?.policy !== policy || !isBurst(crowd.burst)) return undefined;
  if (!policy.mayCrowd || currentFrame() !== undefined || driver.isOutdated(flight))
    return undefined;
  return crowd;
}

/**
 * Returns the result that a caller shares without asking the core; undefined where nobody has
 * gathered, or where anything has happened in the memory since they were told to wait.
 */
export function joinCrowd(
  memory: MemoryStore,
  slot: number,
  policy: BoundPolicy,
  driver: Driver,
): Promise<unknown> | undefined {
  const flight = flightAt(memory, slot);
  if (flight?.crowd?.drains !== memory.drains) return undefined;
  const crowd = crowdOf(flight, policy, driver);
  if (crowd === undefined) return undefined;
  policy.place.joined += 1;
  return crowd.result;
}

/** Returns the result that a caller shares whom the core has told to wait; undefined for none. */
export function rejoinCrowd(
  memory: MemoryStore,
  slot: number,
  policy: BoundPolicy,
  driver: Driver,
): Promise<unknown> | undefined {
  const flight = flightAt(memory, slot);
  const crowd = flight && crowdOf(flight, policy, driver);
  if (crowd === undefined) return undefined;
  crowd.drains = memory.drains;
  return crowd.result;
}

/** Lets those who come in the same burst share what a caller waits for, under a plain policy. */
export function gatherCrowd(
  memory: MemoryStore,
  slot: number,
  policy: BoundPolicy,
  result: Promise<unknown>,
): void {
  const flight = flightAt(memory, slot);
  if (flight === undefined || !policy.mayCrowd || currentFrame() !== undefined) return;
  gathered = joinBurst();
  flight.crowd = { policy, burst: gathered, drains: memory.drains, result };
}
