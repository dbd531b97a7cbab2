/** The end of an application's client, which the connections that were opened beside it follow. */

import type { Loose } from "./redis-commands.js";

/** Milliseconds between two looks: not every client says that it ends, whatever it is about. */
const LOOK = 500;

const followers = new WeakMap<Loose, Set<() => void>>();

/**
 * Calls `act` when the application has closed the client; until the function it gives is called.
 * No process stays alive for it.
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
  // One listener, however many follow: clients warn of more than ten.
  const own = new Set<() => void>();
  client.on?.("end", () => {
    for (const follow of [...own]) follow();
  });
  followers.set(client, own);
  return own;
}

/** @throws Error if the client was closed: nothing is opened beside it */
export function checkOpen(client: Loose): void {
  if (hasEnded(client)) throw new Error("the client is closed");
}

/** `manuallyClosing`: an `ioredis` that is closed between two tries to connect says nothing else. */
function hasEnded({ status, isOpen, manuallyClosing }: Loose): boolean {
  return status === "end" || isOpen === false || (manuallyClosing === true && status !== "ready");
}
