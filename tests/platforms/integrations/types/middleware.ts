// What the types of Hono, Express, Connect, Node and Fastify take.

import { createServer } from "node:http";
import connect from "connect";
import express from "express";
import fastify from "fastify";
import { createCache } from "holdover";
import { fastifyCache } from "holdover/integrations/fastify";
import { type HonoCache, honoCache } from "holdover/integrations/hono";
import { type CachedListener, cachedListener, cacheMiddleware } from "holdover/integrations/node";
import { Hono } from "hono";

const cache = createCache();
const policy = { ttl: "1m", staleIfError: "1d" };

const hono = new Hono<{ Bindings: { NAME: string } }>();
export const middleware: HonoCache = honoCache(cache, hono, policy, { name: "shop" });
hono.use("/products/*", middleware);
hono.get("/", honoCache(cache, hono), (c) => c.text(c.env.NAME));

const app = express();
app.use("/products", cacheMiddleware(cache, app, policy));
app.get(
  "/:id",
  cachedListener(cache, (req: express.Request, res: express.Response) => res.json(req.params)),
);
app.use(cachedListener(cache, express.Router(), policy));
export const listener: CachedListener = cachedListener(cache, app, policy);
createServer(listener);
createServer(
  cachedListener(cache, (_request: object, response: { end(): void }) => response.end()),
);

const plain = connect();
plain.use(cacheMiddleware(cache, plain, policy));

const server = fastify();
server.register(fastifyCache, { cache, policy, options: { name: "shop" } });
// @ts-expect-error: a cache is needed
server.register(fastifyCache, { policy });
// @ts-expect-error: not an option
honoCache(cache, hono, { tll: 1 });
