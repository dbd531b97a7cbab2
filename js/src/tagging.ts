/** Tags at work: what a load will bring, and whether it was invalidated meanwhile. */

import type { Call } from "./call.js";
import * as core from "./core.js";
import type { Flight } from "./flight.js";
import type { Host } from "./host.js";
import type { Lifetime } from "./layers.js";
import { hashTags, type Tagged, type TagHashes, tagsFor } from "./tags.js";

/** What `tags_after` gives, as `src/wasm/tags.rs` numbers it. */
const SOFT = 1;
const HARD = 2;
const NONE: TagHashes = new Float64Array();

/** The tags of loads. */
export class Tagging {
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  /** What is known of the tags of a load that begins now. */
  begin(call: Call): NonNullable<Flight["tagged"]> {
    const hashes = call.tags && hashTags(this.#host.namespace, call.tags);
    return { began: this.#host.timers.now(), hashes };
  }

  /** Whether callers must not join this load: one of its tags was invalidated since it began. */
  isOutdated({ tagged, fence }: Flight): boolean {
    if (tagged === undefined) return false;
    const { hashes } = tagged;
    const { machine } = this.#host.memory;
    return core.is_outdated(machine, fence, hashes ?? NONE, hashes !== undefined);
  }

  /** The tags that were known from the beginning. */
  ofArgs({ tagged }: Flight): Tagged | undefined {
    const { began = 0, hashes } = tagged ?? {};
    return hashes && { began, hashes };
  }

  /**
   * The tags of what a load brought.
   * @throws what the policy's function throws, and ConfigError when it gives no list of tags
   */
  tagsOf(flight: Flight, call: Call, value: unknown): Tagged {
    const known = this.ofArgs(flight);
    if (known !== undefined) return known;
    const names = tagsFor(call.policy.rules.tags, value, call.args);
    const began = flight.tagged?.began ?? 0;
    return { began, hashes: hashTags(this.#host.namespace, names) };
  }

  /** How what a load brought is to be stored, after what was invalidated since it began. */
  arrive(flight: Flight, lifetime: Lifetime, tagged: Tagged): Lifetime | undefined {
    const { hashes } = tagged;
    if (hashes.length === 0) return lifetime;
    const { machine } = this.#host.memory;
    const verdict = core.tags_after(machine, hashes, flight.fence);
    if (verdict === HARD) return undefined;
    if (verdict === SOFT) return { ...lifetime, ttl: 0, tagged };
    // Other instances only have the clock, which may not have moved since the invalidation.
    const began = core.began_after(machine, hashes, tagged.began);
    return { ...lifetime, tagged: { hashes, began } };
  }
}
