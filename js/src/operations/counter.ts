/** Counting. */

import { StoredCounter } from "../codec/counter.js";
import { freshOf, type Held } from "../entries.js";
import { ConfigError, StoreError } from "../errors.js";
import type { Layer, Layers, Lifetime } from "../layers.js";
import { randomToken } from "../lock.js";
import type { Subject } from "./arguments.js";
import { addRecord, changeElsewhere, inTurn, removeRecord, renewable } from "./single.js";

/** How often a counter is looked for while others make and drop it. */
const TRIES = 5;

interface Found {
  readonly counter: StoredCounter;
  /** Milliseconds until it is over. */
  readonly left: number;
}

/** See `Cache.increment`. */
export function increment(
  cache: Subject,
  key: string,
  by: number,
  lifetime: Lifetime,
): Promise<number> {
  const { driver, entries } = cache;
  return inTurn(cache, key, async () => {
    const off = driver.offFor(key);
    const { layers } = driver.host;
    const layer = off.reads || off.writes ? undefined : layers?.counterLayer;
    if (layers !== undefined && layer !== undefined && lifetime.ttl > 0) {
      const { counter, left } = await findOrMake(cache, layers, layer, key, lifetime);
      // Memory would go on telling what this instance counted last.
      entries.drop(key);
      const sum = await layers.count(layer, key, counter, by, left);
      if (isExact(sum)) return sum;
      await layers.count(layer, key, counter, -by, left);
      throw tooFar(key, by);
    }
    const held = off.reads ? undefined : entries.held(key, true);
    const isPlain = held !== undefined && (held.tagged === undefined || layers === undefined);
    const found = isPlain ? held : layers && (await renewable(cache, key));
    const sum = numberIn(key, found?.value, found !== undefined) + by;
    if (!isExact(sum)) throw tooFar(key, by);
    const kept = found && { ...lifetime, ttl: found.ttl, tagged: found.tagged };
    await entries.set(key, sum, kept ?? lifetime);
    return sum;
  });
}

/** True if a number has no neighbour that looks the same. */
function isExact(sum: number): boolean {
  return Math.abs(sum) <= Number.MAX_SAFE_INTEGER;
}

function tooFar(key: string, by: number): ConfigError {
  const allowed = "a step that keeps the sum between -2^53 and 2^53";
  return new ConfigError("by", by, allowed, { subject: `the step of the counter ${key}` });
}

/** The counter of a key in a store; a number that is there is where it begins. */
async function findOrMake(
  cache: Subject,
  layers: Layers,
  layer: Layer,
  key: string,
  lifetime: Lifetime,
): Promise<Found> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const found = await look(cache, layers, layer, key, lifetime);
    if (found !== undefined) return found;
  }
  throw new StoreError(`the counter of ${key} is dropped as often as it is made`);
}

/** One look; undefined when somebody else was faster. */
async function look(
  { entries }: Subject,
  layers: Layers,
  layer: Layer,
  key: string,
  lifetime: Lifetime,
): Promise<Found | undefined> {
  const run = () => layer.store.get(layers.named(key));
  await layers.tiers.settle(layer, { key, name: layers.named(key) });
  const record = await layers.attempt(layer, "get", key, run);
  const decoded = record ? layers.decode(layer, key, record) : undefined;
  const entry = decoded && (await layers.tags.heeded(layer, key, decoded));
  const fresh = entry && freshOf(entry);
  if (fresh?.value instanceof StoredCounter) return { counter: fresh.value, left: fresh.ttl };
  // What this instance alone has counts as well: a store may have lost, or refused, it.
  const held = fresh ?? untagged(entries.held(key, true));
  const left = held?.ttl ?? lifetime.ttl;
  const counter = new StoredCounter(newId(), numberIn(key, held?.value, held !== undefined));
  const tagged = held === undefined ? lifetime.tagged : held.tagged;
  const own = await layers.versioned({ ...lifetime, ttl: left, tagged });
  const marker = own && layers.encode(key, counter, own);
  if (marker === undefined) throw new StoreError(`the counter of ${key} cannot be stored`);
  if (record && !(await removeRecord(layers, layer, key, record))) return undefined;
  if (!(await addRecord(layers, layer, key, marker, left))) return undefined;
  await changeElsewhere(layers, layer, key, { record: marker, expiresIn: left });
  return { counter, left };
}

/** Only the stores know whether the tags of an entry still hold. */
function untagged(held: Held | undefined): Held | undefined {
  return held?.tagged === undefined ? held : undefined;
}

function numberIn(key: string, value: unknown, isThere: boolean): number {
  if (!isThere) return 0;
  if (typeof value === "number") return value;
  throw new ConfigError("key", value, "a number, or nothing", { subject: `the value of ${key}` });
}

function newId(): string {
  return Array.from(randomToken(), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
