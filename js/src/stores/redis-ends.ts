/**
 * Detects the end of an application's client, which closes the connections that the store opened
 * beside it.
 */

import type { Loose } from "./redis-commands.js";

/** Milliseconds between two checks: not every client reports its end in every state. */
const LOOK = 500;

const followers = new WeakMap<Loose, Set<() => void>>();

/**
 * Calls `act` when the application has closed the client, until the returned function is called.
 * Keeps no process alive.
 */
export function whenEnded(client: Loose, act: () => void): () => void {
  const look: unknown = setInterval(() => {
    if (hasEnded(client)) act();
  }, LOOK);
  (look as { unref?(): void }).unref?.();
  const all = followersOf(client);
  all.add(act);
  return () => {
    all.delete(act);
    clearInterval(look as number);
  };
}

function followersOf(client: Loose): Set<() => void> {
  const known = followers.get(client);
  if (known !== undefined) return known;
  // One listener for all followers: clients warn of more than ten.
  const own = new Set<() => void>();
  client.on?.("end", () => {
    for (const follow of [...own]) follow();
  });
  followers.set(client, own);
  return own;
}

/** @throws Error if the client is closed: no connection may be opened beside it */
export function checkOpen(client: Loose): void {
  if (hasEnded(client)) throw new Error("the client is closed");
}

/**
 * True if the client is closed. `manuallyClosing` is all that an `ioredis` shows when it is closed
 * between two attempts to connect.
 */
function hasEnded({ status, isOpen, manuallyClosing }: Loose): boolean {
  return status === "end" || isOpen === false || (manuallyClosing === true && status !== "ready");
}
