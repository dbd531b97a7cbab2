// The handler under test; the last thing that it was asked for is told to the routes.
import { createCache } from "holdover";
import { nextCacheHandler } from "holdover/integrations/next";

const handler = nextCacheHandler(createCache());

export default {
  ...handler,
  async get(...given) {
    const entry = await handler.get(...given);
    globalThis.source = entry === undefined ? "load" : "hit";
    return entry;
  },
};
