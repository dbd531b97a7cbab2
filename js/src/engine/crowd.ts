/** Plain callers of one burst who wait for one load: only the first of them asks the core. */

import type { MemoryStore } from "../memory/memory.js";
import { isBurst, joinBurst } from "../runtime/clock.js";
import { currentFrame } from "../runtime/frames.js";
import type { BoundPolicy } from "./bound-policy.js";
import type { Driver } from "./driver.js";

/**
 * The result that a caller of the crowd of a slot shares; undefined where there is none, or where
 * anything has happened in the memory since the first one was told to wait.
 */
export function joinCrowd(
  memory: MemoryStore,
  slot: number,
  policy: BoundPolicy,
  driver: Driver,
): Promise<unknown> | undefined {
  const flight = memory.flights[slot];
  const crowd = flight?.crowd;
  if (crowd?.policy !== policy || crowd.drains !== memory.drains || !isBurst(crowd.burst))
    return undefined;
  if (!policy.mayCrowd || currentFrame() !== undefined) return undefined;
  if (flight !== undefined && driver.isOutdated(flight)) return undefined;
  policy.place.joined += 1;
  return crowd.result;
}

/** Lets those who come in the same burst share what a caller waits for, under a plain policy. */
export function gatherCrowd(
  memory: MemoryStore,
  slot: number,
  policy: BoundPolicy,
  result: Promise<unknown>,
): void {
  const flight = memory.flights[slot];
  if (flight === undefined || !policy.mayCrowd || currentFrame() !== undefined) return;
  flight.crowd = { policy, burst: joinBurst(), drains: memory.drains, result };
  memory.crowdSlot = slot;
}
