/** The health of a cache: it has a core, and its stores can be reached. */

import { unavailable } from "../../core/core.js";
import { StoreError } from "../../util/errors.js";
import type { Subject } from "../subject.js";

/** See `ping` of `holdover/operations`. */
export async function ping({ driver }: Subject): Promise<void> {
  driver.checkOpen();
  const { tiers } = driver.host;
  if (!driver.isOpen()) throw withoutCore();
  if (tiers === undefined) return;
  await Promise.all(
    tiers.all.map((tier) => {
      const { store } = tier;
      return store.ping === undefined
        ? tiers.attempt(tier, "get", "", () => store.get(tiers.named("%ping")))
        : tiers.attempt(tier, "ping", "", () => store.ping?.());
    }),
  );
}

function withoutCore(): StoreError {
  const cause = unavailable()?.error;
  const why = cause instanceof Error ? `: ${cause.message}` : "";
  return new StoreError(`nothing is cached, for there is no core${why}`, { cause });
}
