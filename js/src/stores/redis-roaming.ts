/**
 * Subscriptions on a separate connection: to a server, or to a node of a cluster and to another one
 * when that is lost.
 *
 * Every node of a cluster relays all messages. Messages are missed while a connection is lost. The
 * connection belongs to the store that opened it and also ends with the application's client, so
 * that no reconnecting goes on unused.
 */

import type { Listening } from "./redis-commands.js";
import { Listeners } from "./redis-listeners.js";

/** Milliseconds before the next attempt to connect, doubled up to the maximum. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 2000;

/** A connection to one node. */
export interface NodeConnection {
  subscribe(channel: string, hear: (message: string) => void): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
}

/** Callbacks about the end of a connection. */
export interface Life {
  /** Called when the connection is lost, or must not be used any more. */
  readonly ended: () => void;
  /** Registers a function that closes the connection; calls it at once if it has ended already. */
  readonly closing: (close: () => unknown) => void;
}

/** Connects to a node, a different one for each `nth`. */
export type OpenNode = (nth: number, life: Life) => Promise<NodeConnection>;

interface Opened {
  readonly node: Promise<NodeConnection>;
  readonly end: () => void;
}

/** Opens a connection that may be ended at any time, even while it is being opened. */
function begin(open: (life: Life) => Promise<NodeConnection>, lost: () => void): Opened {
  const closers: (() => unknown)[] = [];
  let isOver = false;
  let over = (_: Error): void => {};
  const ending = new Promise<never>((_, reject) => {
    over = reject;
  });
  const closing = (close: () => unknown): void => {
    if (isOver) quietly(close);
    else closers.push(close);
  };
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    over(new Error("the connection has ended"));
    for (const close of closers) quietly(close);
  };
  const ended = (): void => {
    if (isOver) return;
    end();
    lost();
  };
  const node = Promise.race([open({ ended, closing }), ending]);
  node.catch(end);
  return { node, end };
}

/** Closes a connection; ignores errors, as it may be closed already. */
function quietly(close: () => unknown): void {
  try {
    // Not later: a client about to reconnect must be stopped.
    Promise.resolve(close()).catch(() => {});
  } catch {}
}

/**
 * Receives messages from one node after another.
 * @param missed called when a connection is lost, and when messages arrive again
 */
export function roaming(open: OpenNode, missed: () => void): Listening {
  const listeners = new Listeners();
  let opened = 0;
  let isClosed = false;
  let current: Opened | undefined;

  /** The channels of the current connection, each with the promise of its subscription. */
  const subscriptions = new Map<string, Promise<void>>();

  const connect = (): Opened => {
    opened += 1;
    subscriptions.clear();
    const nth = opened;
    const opening = begin(
      (life) => open(nth, life),
      () => {
        if (current === opening) current = undefined;
        if (isClosed || current !== undefined) return;
        missed();
        void resume();
      },
    );
    opening.node.catch(() => {
      if (current === opening) current = undefined;
    });
    return opening;
  };
  const node = (): Promise<NodeConnection> => {
    if (isClosed) return Promise.reject(new Error("it is closed"));
    current ??= connect();
    return current.node;
  };
  const subscribe = async (channel: string): Promise<void> => {
    await (await node()).subscribe(channel, (message) => listeners.tell(channel, message));
  };
  const listen = async (channel: string): Promise<void> => {
    await node();
    const listening = subscriptions.get(channel) ?? subscribe(channel);
    subscriptions.set(channel, listening);
    try {
      await listening;
    } catch (error) {
      if (subscriptions.get(channel) === listening) subscriptions.delete(channel);
      throw error;
    }
  };
  const resume = async (): Promise<void> => {
    for (let pauses = 0; !isClosed; pauses += 1) {
      try {
        await Promise.all(listeners.channels.map(listen));
        missed();
        return;
      } catch {
        await pause(Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** pauses));
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
      subscriptions.delete(channel);
      await (await current?.node)?.unsubscribe(channel);
    },
    close: async () => {
      isClosed = true;
      current?.end();
    },
  };
}

/** Sleeps without keeping the process alive. */
function pause(millis: number): Promise<void> {
  return new Promise((resolve) => {
    const timer: unknown = setTimeout(resolve, millis);
    (timer as { unref?(): void }).unref?.();
  });
}
