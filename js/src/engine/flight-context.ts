/** A flight as its host and its loader see it. */

import type { Previous } from "../model/loader.js";
import type { Begun } from "../model/tagged.js";
import type { Frame } from "../runtime/frames.js";
import type { StreamContext } from "./call.js";
import type { Flight } from "./flight.js";
import type { Landing } from "./landing.js";

/** Resolves when a flight has nothing left to do, background writes included. */
export async function everythingOf(flight: Flight): Promise<void> {
  await flight.outcome;
  let done: Promise<unknown>;
  do {
    done = flight.done;
    await done;
  } while (done !== flight.done);
}

/**
 * The context passed to a loader, and the data that a batch needs. A class, because a getter in an
 * object literal costs a third of a load.
 */
export class FlightContext implements StreamContext {
  readonly key: string;
  readonly stores: boolean;
  readonly #flight: Flight;
  readonly #landing: Landing | undefined;

  /**
   * @param stores true if what it brings may be stored
   * @param landing knows the entry that is renewed; undefined where nothing is
   */
  constructor(flight: Flight, stores: boolean, landing?: Landing) {
    this.key = flight.key;
    this.stores = stores;
    this.#flight = flight;
    this.#landing = landing;
  }

  get signal(): AbortSignal {
    return this.#flight.signal;
  }

  get background(): boolean {
    return this.#flight.answered;
  }

  dismiss(value: unknown): void {
    this.#flight.dismiss({ ok: true, value, source: "load" });
  }

  begun(): void {
    this.#flight.begun = true;
    this.#flight.timer?.cancel();
  }

  get beginning(): Begun | undefined {
    return this.#flight.tagged;
  }

  get previous(): Previous | undefined {
    return this.#landing?.previousOf(this.#flight);
  }

  get frame(): Frame {
    return this.#flight.frame;
  }

  abort(reason: unknown): void {
    this.#flight.abort(reason);
  }
}
