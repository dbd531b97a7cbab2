/**
 * Messages in a cluster: heard from one node, and from another when that one is gone.
 *
 * Every node tells what any of them was told. A connection of one's own, as that of a client says
 * to nobody that it was lost: what was told meanwhile was missed.
 */

import type { Listening } from "./redis-client.js";
import { Listeners } from "./redis-listeners.js";

/** Milliseconds before the next node is tried, when one could not be had. */
const PAUSE = 200;

/** A connection to one node. */
export interface NodeConnection {
  subscribe(channel: string, hear: (message: string) => void): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  close(): unknown;
}

/** Connects to a node, another for each `nth`; `ended` is to be called when it is lost. */
export type OpenNode = (nth: number, ended: () => void) => Promise<NodeConnection>;

/**
 * Hears messages from one node after another.
 * @param missed called when a connection was lost, and when another hears
 */
export function roaming(open: OpenNode, missed: () => void): Listening {
  const listeners = new Listeners();
  let opened = 0;
  let isClosed = false;
  let current: Promise<NodeConnection> | undefined;

  /** What the current connection listens to, or is about to. */
  const heard = new Map<string, Promise<void>>();

  const connect = (): Promise<NodeConnection> => {
    opened += 1;
    heard.clear();
    const nth = opened;
    const opening = open(nth, () => {
      if (nth !== opened || isClosed) return;
      current = undefined;
      missed();
      void resume();
    });
    opening.catch(() => {
      if (current === opening) current = undefined;
    });
    return opening;
  };
  const node = (): Promise<NodeConnection> => {
    current ??= connect();
    return current;
  };
  const begin = async (channel: string): Promise<void> => {
    await (await node()).subscribe(channel, (message) => listeners.tell(channel, message));
  };
  const listen = async (channel: string): Promise<void> => {
    await node();
    const listening = heard.get(channel) ?? begin(channel);
    heard.set(channel, listening);
    try {
      await listening;
    } catch (error) {
      if (heard.get(channel) === listening) heard.delete(channel);
      throw error;
    }
  };
  const resume = async (): Promise<void> => {
    while (!isClosed) {
      try {
        await Promise.all(listeners.channels.map(listen));
        missed();
        return;
      } catch {
        await pause();
      }
    }
  };
  return {
    subscribe: async (channel, listener) => {
      listeners.add(channel, listener);
      try {
        await listen(channel);
      } catch (error) {
        listeners.remove(channel, listener);
        throw error;
      }
    },
    unsubscribe: async (channel, listener) => {
      if (!listeners.remove(channel, listener)) return;
      heard.delete(channel);
      await (await current)?.unsubscribe(channel);
    },
    close: async () => {
      isClosed = true;
      await (await current)?.close();
    },
  };
}

/** No process stays alive for it. */
function pause(): Promise<void> {
  return new Promise((resolve) => {
    const timer: unknown = setTimeout(resolve, PAUSE);
    (timer as { unref?(): void }).unref?.();
  });
}
