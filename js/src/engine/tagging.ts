/** Tags of loads, and invalidations while they run. */

import { TAGS_AFTER_HARD, TAGS_AFTER_NOTHING } from "../core/abi.js";
import * as core from "../core/core.js";
import { hashTags, tagsFor } from "../keys/tags.js";
import type { Begun, Tagged, TagHashes } from "../model/tagged.js";
import type { Call } from "./call.js";
import type { Flight } from "./flight.js";
import type { Host } from "./host.js";

const NONE: TagHashes = new Float64Array();

/** The tags of loads. */
export class Tagging {
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Reads the state of the tags of a load that begins now. */
  begin(call: Call, fence: number): Begun {
    const hashes = call.tags && hashTags(this.#host.namespace, call.tags);
    const { memory, tiers } = this.#host;
    return { fence, instance: memory.instance, step: tiers?.tags.step() ?? 0, hashes };
  }

  /** True if callers must not join this load: one of its tags was invalidated since it began. */
  isOutdated({ tagged }: Flight): boolean {
    if (tagged === undefined) return false;
    const { hashes, fence } = tagged;
    const { machine, instance } = this.#host.memory;
    if (tagged.instance !== instance) return true;
    return core.is_outdated(machine, fence, hashes ?? NONE, hashes !== undefined);
  }

  /** The tags that were known from the beginning. */
  ofArgs({ tagged: begun }: Flight): Tagged | undefined {
    return begun?.hashes && { hashes: begun.hashes, versions: begun.known, begun };
  }

  /**
   * The tags of what a load brought.
   * @throws what the policy's function throws, and ConfigError when it gives no list of tags
   */
  tagsOf(flight: Flight, call: Call, value: unknown): Tagged {
    const known = this.ofArgs(flight);
    if (known !== undefined) return known;
    const names = tagsFor(call.policy.rules.tags, value, call.args);
    return { begun: flight.tagged, hashes: hashTags(this.#host.namespace, names) };
  }

  /** The invalidations of the tags of a load since it began: one of the core's `tags_after`. */
  after(flight: Flight, { hashes, begun }: Tagged): number {
    if (hashes.length === 0) return TAGS_AFTER_NOTHING;
    const { machine, instance } = this.#host.memory;
    // The core that gave the fence is gone, and with it what was invalidated there.
    if (begun !== undefined && begun.instance !== instance) return TAGS_AFTER_HARD;
    return core.tags_after(machine, hashes, begun?.fence ?? flight.fence);
  }
}
