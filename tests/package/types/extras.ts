// Decorated methods, numbers for others, and the testing kit, as strict applications use them.

import { createCache, type LoadTimes } from "holdover";
import { cached, wrapped } from "holdover/decorator";
import { prometheusText } from "holdover/metrics";
import { instrument } from "holdover/otel";
import { type Trace, trace as traceIn } from "holdover/scopes";
import { flakyOrigin, manualClock } from "holdover/testing";

const clock = manualClock();
const cache = createCache({ clock });

class Users {
  readonly tenant = "one";

  @cached(cache, { ttl: "5m", tags: ["users"], of: (self: Users) => self.tenant })
  async load(id: number): Promise<{ readonly id: number }> {
    return { id };
  }
}

const users = new Users();
const user: Promise<{ readonly id: number }> = users.load(1);
const dropped: Promise<void> = wrapped(users.load).invalidate(1);
const text: string = prometheusText(cache, { labels: { region: "fra" } });
instrument(cache, { attributes: { region: "fra" } }).unregister();
const origin = flakyOrigin([{ value: 1 }, { error: new Error("down"), after: 5 }], { clock });
const answer: Promise<number> = cache.wrap(origin, { ttl: 1, key: "k" })();
const trace: Promise<Trace<number>> = traceIn(cache, async () => answer);
const times: LoadTimes = cache.stats().loadTimes;

export { answer, dropped, text, times, trace, user };
