// A Worker of Hono with a cache before its routes.

import { createCache } from "holdover";
import { honoCache } from "holdover/integrations/hono";
import { Hono } from "hono";

const app = new Hono();
let count = 0;

app.use(honoCache(createCache(), app, { ttl: "1m" }));
app.get("/count", async (c) => {
  count += 1;
  const own = count;
  // Long enough for requests to meet.
  await new Promise((resolve) => setTimeout(resolve, 200));
  return c.text(`${own}`);
});
app.post("/count", (c) => c.text("changed"));

export default app;
