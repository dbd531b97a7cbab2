/** The bytes of bodies being received that are held in memory, all together. */

import type { MemoryStore } from "../memory/memory.js";

/** The room of one body. */
export interface Share {
  bytes: number;
  /** The time when something came last; milliseconds. */
  at: number;
}

/** The least that there is room for: a small memory over large stores still fills them. */
const LEAST = 32 * 2 ** 20;
/** A body of which nothing came for so long is taken for one of a request that has vanished. */
const VANISHED = 60_000;

/** Room for bodies that are received, which nothing else bounds: entries count when they are whole. */
export class Receiving {
  readonly #most: number;
  readonly #shares = new Set<Share>();
  #bytes = 0;

  /** @param maxBytes what entries may weigh */
  constructor(maxBytes: number) {
    this.#most = Math.max(maxBytes, LEAST);
  }

  /** Takes room for more of a body; false when there is none, and the body is not to be kept. */
  take(share: Share, bytes: number, now: number): boolean {
    if (this.#bytes + bytes > this.#most) this.#forgetVanished(now);
    if (this.#bytes + bytes > this.#most) return false;
    this.#shares.add(share);
    share.bytes += bytes;
    share.at = now;
    this.#bytes += bytes;
    return true;
  }

  /** Gives the room of a body back. */
  end(share: Share): void {
    this.give(share, share.bytes);
  }

  /**
   * Gives room back that a body had for a part of it. It may take more: one that was taken for
   * vanished was only slow.
   */
  give(share: Share, bytes: number): void {
    const given = Math.min(bytes, share.bytes);
    share.bytes -= given;
    this.#bytes -= given;
    if (share.bytes === 0) this.#shares.delete(share);
  }

  #forgetVanished(now: number): void {
    for (const share of this.#shares) if (now - share.at > VANISHED) this.end(share);
  }
}

const ROOMS = new WeakMap<MemoryStore, Receiving>();

/** Returns the room for bodies that are received by all caches over a memory. */
export function receivingOf(memory: MemoryStore): Receiving {
  let receiving = ROOMS.get(memory);
  if (receiving === undefined) {
    receiving = new Receiving(memory.room);
    ROOMS.set(memory, receiving);
  }
  return receiving;
}
