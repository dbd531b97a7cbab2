/**
 * Writes that the server refuses when they come too late.
 *
 * A client may keep a command while it has no connection, and a network may keep a packet: what was
 * given up long ago is then written over what is newer. So a write says until when it may be done,
 * by the server's clock, which is learnt from its answers. Nothing else depends on that clock.
 */

import { elapsed } from "../util/elapsed.js";
import type { Part, Send } from "./redis-commands.js";
import { run, SET_IN_TIME } from "./redis-scripts.js";

/** Milliseconds for which what was learnt of a server's clock holds: clocks are corrected. */
const LEARNT_FOR = 60_000;
/** How often a write is sent, as what was learnt of the clock may be wrong. */
const TRIES = 3;

/** How the server's clock stands against the time that has elapsed here. */
export class ServerClock {
  /** The server's time less the own one: never more than it really is, once it was learnt. */
  #ahead: number | undefined;
  #learntAt = 0;

  /** The server's time at an own time; until it was learnt, as if all machines had the same. */
  at(own: number): number {
    return own + (this.#ahead ?? Date.now() - elapsed());
  }

  /**
   * Learns from an answer. Of several servers the one that is most behind counts: others then
   * refuse too soon, and say what their time is.
   * @param now what the server's clock showed, before the answer was received
   */
  learn(now: number, received: number): void {
    const ahead = now - received;
    const isOld = received - this.#learntAt > LEARNT_FOR;
    if (this.#ahead !== undefined && !isOld && ahead >= this.#ahead) return;
    this.#ahead = ahead;
    this.#learntAt = received;
  }
}

/**
 * Sets a key, unless that would be done later than within so many milliseconds from now.
 * @param words of the command SET
 * @returns false when the words forbid it
 * @throws Error when it came too late
 */
export async function setInTime(
  send: Send,
  clock: ServerClock,
  key: string,
  record: Part,
  words: readonly string[],
  within: number,
): Promise<boolean> {
  const since = elapsed();
  let until = clock.at(since) + within;
  for (let tries = 1; ; tries += 1) {
    const answer = await run(send, SET_IN_TIME, key, record, `${Math.floor(until)}`, ...words);
    const received = elapsed();
    const [outcome = 0, now = 0] = (answer as unknown[]).map(Number);
    clock.learn(now, received);
    if (outcome > 0) return outcome === 1;
    // It was sent in time, if the answer is here: the clock was not known well enough.
    const left = within - (received - since);
    if (left <= 0 || tries === TRIES) throw new Error("a write came too late");
    until = now + left;
  }
}
