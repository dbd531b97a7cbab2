/** Messages between the pages and workers of one origin, over BroadcastChannel. */

import { afterMicrotask } from "../runtime/clock.js";

type Listener = (message: string) => void;

interface Opened {
  readonly own: BroadcastChannel;
  readonly listeners: Map<string, Set<Listener>>;
}

/** The channels of one store. */
export class Channels {
  readonly #name: string;
  #open: Opened | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  /** Listens to a channel, whoever publishes, until the returned function is called. */
  subscribe(channel: string, listener: Listener): () => void {
    const { listeners } = this.#opened();
    // A new function each time: one may listen twice, and stop once.
    const heard: Listener = (message) => listener(message);
    const all = listeners.get(channel) ?? new Set();
    listeners.set(channel, all.add(heard));
    return () => {
      all.delete(heard);
      if (all.size === 0 && listeners.get(channel) === all) listeners.delete(channel);
    };
  }

  publish(channel: string, message: string): void {
    const { own } = this.#opened();
    own.postMessage([channel, message]);
    // The browser delivers it to other contexts, this line to listeners in this one.
    afterMicrotask(() => this.#tell(channel, message));
  }

  close(): void {
    this.#open?.own.close();
    this.#open = undefined;
  }

  #opened(): Opened {
    if (this.#open !== undefined) return this.#open;
    const own = new BroadcastChannel(`holdover:${this.#name}`);
    own.onmessage = ({ data }) => {
      if (Array.isArray(data)) this.#tell(String(data[0]), String(data[1]));
    };
    // Lets tests and scripts on Node end although a channel is open.
    (own as { unref?: () => void }).unref?.();
    this.#open = { own, listeners: new Map() };
    return this.#open;
  }

  #tell(channel: string, message: string): void {
    for (const listener of [...(this.#open?.listeners.get(channel) ?? [])]) listener(message);
  }
}
