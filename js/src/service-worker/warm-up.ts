/** Loads URLs into the cache when a service worker is installed. */

import { ConfigError } from "../util/errors.js";
import { readOptions } from "../util/options.js";
import { absolute } from "./precache.js";
import { checkServed, type EventLike, type Responding } from "./served.js";

/** The source of `install` events. */
export interface InstallEvents {
  /** Adds an event listener. */
  addEventListener(type: "install", listener: (event: never) => void): void;
}

/** Options of {@link warmUp}. */
export interface WarmUpOptions {
  /** The source of events. Default: the global scope; `false` adds no listener. */
  readonly scope?: InstallEvents | false | undefined;
}

/**
 * Requests URLs of routes when the worker is installed, so that their entries are there before a
 * page asks: also offline, if they may be stored. A URL that fails is left to its first request;
 * the install goes on. A fresh entry is not loaded again.
 *
 * @returns the work of an `install` event; it rejects with a ConfigError for a URL without a route
 * @throws ConfigError naming the wrong URL
 */
export function warmUp(
  served: Responding,
  urls: readonly string[],
  options: WarmUpOptions = {},
): () => Promise<void> {
  checkServed(served, "warmUp");
  const { scope } = readOptions(options, { of: "warmUp", known: ["scope"] });
  if (!Array.isArray(urls)) throw new ConfigError("urls", urls, "a list of URLs");
  const origin = globalThis.location?.origin;
  const all = urls.map((url, nth) => absolute(url, `urls[${nth}]`, origin));
  const run = async () => {
    await Promise.all(all.map((url) => load(served, url)));
  };
  const source = scope === false ? undefined : ((scope ?? globalThis) as unknown as InstallEvents);
  source?.addEventListener("install", (event: EventLike) => event.waitUntil(run()));
  return run;
}

async function load(served: Responding, url: string): Promise<void> {
  const answer = served.respond(new Request(url));
  if (answer === undefined) throw new ConfigError("urls", url, "a URL that a route matches");
  try {
    // To its end, as only a whole body is stored.
    await (await answer).blob();
  } catch {
    // The first request of a page asks again.
  }
}
