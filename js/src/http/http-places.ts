/**
 * The places of responses of a cache's fetches and handlers. Everything besides the request that
 * responses depend on is in the ending of their keys; a plain `cachedFetch(cache)` has none.
 */

import type { Host } from "../engine/host.js";
import { partKeyOf, type RelatedKeys } from "../keys/part-key.js";
import { ConfigError } from "../util/errors.js";
import { decodeResponse } from "./stored.js";

/** Options that responses depend on besides the request. */
export interface PlaceOptions {
  readonly kind: "fetch" | "handler";
  readonly shared: boolean;
  readonly storeSetCookie: boolean;
  readonly override: boolean;
  readonly sortQuery: boolean;
  readonly name: string | undefined;
}

/** Addition to the ending of the keys of a handler's request with an implied `Vary`. */
export const IMPLIED = " implied";

/** An object that may be collected, where the host has a way to know. */
interface Weak {
  deref(): object | undefined;
}

/** Number of new endings after which those of collected functions are looked for. */
const PRUNE_EVERY = 64;
/** Each is one more key to invalidate for a URL. */
const MOST = 1024;

/** The key endings of a cache's responses. */
export class HttpPlaces implements RelatedKeys {
  /** Endings, and whose they are: undefined for one that stays. */
  readonly #endings = new Map<string, Weak | undefined>([["", undefined]]);
  /** Endings of keys that `key` of a policy makes. */
  readonly #custom = new Set<string>([""]);
  readonly #numbers = new WeakMap<object, number>();
  readonly #counts = { fetch: 0, handler: 0 };
  readonly #hasStores: boolean;
  /** @param hasStores whether there are stores below the memory, where others may look, too */
  constructor(hasStores: boolean) {
    this.#hasStores = hasStores;
  }

  /**
   * The ending of the keys of one more fetch or handler.
   * @param asks what asks the origin
   * @throws ConfigError for a second one without a name, where a name is needed to tell them apart
   */
  endingFor(options: PlaceOptions, asks: object, isCustom: boolean): string {
    const number = options.name === undefined ? this.#numberOf(options.kind, asks) : 1;
    const ending = endingOf(options, number);
    if (!this.#endings.has(ending)) this.#checkRoom(options.name);
    for (const one of options.kind === "handler" ? [ending, ending + IMPLIED] : [ending]) {
      if (isCustom) this.#custom.add(one);
      this.#endings.set(one, number > 1 ? weakly(asks) : undefined);
    }
    return ending;
  }

  #numberOf(kind: "fetch" | "handler", asks: object): number {
    let number = this.#numbers.get(asks);
    if (number === undefined) {
      if (this.#hasStores && this.#counts[kind] > 0) {
        const what = kind === "fetch" ? "another `fetch`" : "another handler";
        const note = `this cache has a ${kind} without a name already, with ${what}; names tell them apart in its stores`;
        throw new ConfigError("name", undefined, "a name of its own", { note });
      }
      this.#counts[kind] += 1;
      number = this.#counts[kind];
      this.#numbers.set(asks, number);
    }
    return number;
  }

  #checkRoom(name: string | undefined): void {
    // One adds one ending or two, and comes by one of these numbers either way.
    if (this.#endings.size % PRUNE_EVERY > 1) return;
    for (const [ending, owner] of this.#endings) {
      if (owner !== undefined && owner.deref() === undefined) this.#endings.delete(ending);
    }
    if (this.#endings.size < MOST) return;
    const note = `this cache has ${MOST} others; a name is for a kind of client, not for a user`;
    throw new ConfigError("name", name, "one of few names", { note });
  }

  /** The keys that are invalidated with a key: that of a URL has its parts and kinds beside it. */
  keysWith(key: string): string[] {
    const isUrl = key.startsWith("GET http");
    const endings = [...(isUrl ? this.#endings.keys() : this.#custom)];
    const own = endings.find((ending) => ending && key.endsWith(ending)) ?? "";
    const base = key.slice(0, key.length - own.length);
    if (!isUrl) return endings.map((ending) => base + ending);
    // A variant's own key, or a part's: it ends alone.
    if (base.includes("\n")) return [key, partKeyOf(key)];
    return endings.flatMap((ending) => [base + ending, partKeyOf(base + ending)]);
  }
}

/** Returns the places of a cache, which from now on knows of responses. */
export function placesOf(host: Host): HttpPlaces {
  const { related, tiers } = host;
  if (related instanceof HttpPlaces) return related;
  const places = new HttpPlaces(tiers !== undefined);
  host.related = places;
  if (tiers !== undefined) tiers.responses = decodeResponse;
  return places;
}

/** No URL has a line feed in it, nor has a name here. */
function endingOf(options: PlaceOptions, number: number): string {
  const { kind, shared, storeSetCookie, override, sortQuery, name } = options;
  const words = [
    kind === "handler" && "handler",
    !shared && "private",
    shared && storeSetCookie && "cookies",
    override && "override",
    sortQuery && "sorted",
    name !== undefined && `name=${encodeURIComponent(name)}`,
    number > 1 && `#${number}`,
  ].filter((word) => word !== false);
  return words.length === 0 ? "" : `\n${words.join(" ")}`;
}

const weakly = (value: object): Weak | undefined =>
  typeof WeakRef === "undefined" ? undefined : new WeakRef(value);
