/**
 * Writes that the server refuses after their deadline.
 *
 * A client may queue a command while it has no connection, and a network may delay a packet: a
 * write that was given up long ago would then replace a newer value. Each write therefore carries
 * its deadline by the server's clock, which is learnt from the server's answers. Nothing else
 * depends on that clock.
 */

import { elapsed } from "../util/elapsed.js";
import type { Part, Send } from "./redis-commands.js";
import { run, SET_IN_TIME } from "./redis-scripts.js";

/** Milliseconds for which the offset of a server's clock is trusted: clocks are corrected. */
const LEARNT_FOR = 60_000;
/** Maximum number of attempts at a write whose deadline was computed with a wrong offset. */
const TRIES = 3;

/** The offset of the server's clock from this host's elapsed time. */
export class ServerClock {
  /** The server's time minus our own. Once learnt, never larger than the true offset. */
  #ahead: number | undefined;
  #learntAt = 0;

  /** Returns the server's time at one of our own; before the first answer, assumes equal clocks. */
  at(own: number): number {
    return own + (this.#ahead ?? Date.now() - elapsed());
  }

  /**
   * Learns from an answer. With several servers the slowest clock counts: the others then refuse
   * too early, and their answers tell their time.
   * @param now the server's time when it answered
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
 * Sets a key unless the server would do so later than `within` milliseconds from now.
 * @param words further words of the command SET
 * @param script another one that takes the same, and more in front of these words
 * @returns false if the words forbid it
 * @throws Error if it came too late
 */
export async function setInTime(
  send: Send,
  clock: ServerClock,
  key: string,
  record: Part,
  words: readonly Part[],
  within: number,
  script: string = SET_IN_TIME,
): Promise<boolean> {
  const since = elapsed();
  let until = clock.at(since) + within;
  for (let tries = 1; ; tries += 1) {
    const answer = await run(send, script, key, record, `${Math.floor(until)}`, ...words);
    const received = elapsed();
    const [outcome = 0, now = 0] = (answer as unknown[]).map(Number);
    clock.learn(now, received);
    if (outcome > 0) return outcome === 1;
    // The answer came in time, so the write did: the offset was wrong.
    const left = within - (received - since);
    if (left <= 0 || tries === TRIES) throw new Error("a write came too late");
    until = now + left;
  }
}
