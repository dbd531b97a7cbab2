/** Looks for entries without making a call of it. */

import { STATE_ABSENT, STATE_DEAD, writeStoredNumbers } from "../core/abi.js";
import * as core from "../core/core.js";
import { heads } from "../core/http.js";
import type { Driver } from "../engine/driver.js";
import { isServable } from "../model/entry-state.js";
import type { Terms } from "../model/http-head.js";
import type { Form } from "../records/entry-records.js";
import type { CacheRequest } from "./cache-request.js";
import { decodeResponse, type StoredResponse } from "./stored.js";

/** An entry as it is now. */
export interface Found {
  readonly value: unknown;
  /** Milliseconds since it was stored. */
  readonly age: number;
  readonly ttl: number;
  readonly state: number;
}

/** True for an entry that may answer when a load fails. */
export const mayStandIn = ({ state }: Found): boolean => isServable(state);

/** True for a redirection that was stored for requests of another `redirect` mode. */
export const redirectsOthers = (asked: CacheRequest, { redirect }: Terms): boolean =>
  redirect !== undefined && redirect !== asked.redirect;

/** A stored response and its entry, as the core reads them. */
export function numbersOfStored(
  asked: CacheRequest,
  { terms, failed }: StoredResponse,
  { age, ttl, state }: Found,
): Float64Array {
  const { initialAge, overdue = 0, flags, authorized } = terms;
  return writeStoredNumbers({
    state,
    ttl,
    age,
    initialAge,
    overdue,
    flags,
    authorized: Number(authorized),
    redirectsOthers: Number(redirectsOthers(asked, terms)),
    failed: Number(failed),
  });
}

/** The entry of a key in memory, also one that is kept only to be validated. */
export function heldBy(driver: Driver, key: string): Found | undefined {
  const { memory, space, timers } = driver.host;
  const slot = space.get(key);
  if (slot === undefined) return undefined;
  try {
    const now = timers.now();
    const state = core.state(memory.machine, slot, now);
    if (state === STATE_ABSENT || state === STATE_DEAD) return undefined;
    const age = core.age(memory.machine, slot, now);
    return { value: memory.slots.valueOf(slot), age, ttl: core.ttl(memory.machine, slot), state };
  } catch (error) {
    driver.recover(error);
    return undefined;
  }
}

/** The form of HTTP records in lower stores. */
export const RESPONSES: Form = { responses: decodeResponse };

/** The same, in lower stores, too. */
export async function find(driver: Driver, key: string): Promise<Found | undefined> {
  if (!driver.isOpen() || driver.switches.for(key).reads) return undefined;
  const held = heldBy(driver, key);
  if (held !== undefined) return held;
  const found = await driver.host.tiers?.read(key, RESPONSES);
  if (found === undefined) return undefined;
  const { value, age, ttl, staleWhileRevalidate, staleIfError } = found;
  return { value, age, ttl, state: heads.http_state(age, ttl, staleWhileRevalidate, staleIfError) };
}
