// A server whose answers come from a slow and unreliable upstream. Holdover stands between.
//
//   UPSTREAM=https://api.example node server.mjs

import { createServer } from "node:http";
import { createCache, memory } from "holdover";
import { circuitBreaker } from "holdover/guards";
import { prometheusText } from "holdover/metrics";

const { UPSTREAM = "http://127.0.0.1:9", PORT = "0" } = process.env;

const cache = createCache({ namespace: "weather", stores: [memory({ maxBytes: "32mb" })] });

/** Asks the upstream; what goes wrong is thrown, and held over below. */
async function forecast(city, signal) {
  const response = await fetch(`${UPSTREAM}/forecast/${encodeURIComponent(city)}`, { signal });
  if (!response.ok) throw new Error(`the upstream says ${response.status}`);
  return response.json();
}

const cachedForecast = cache.wrap(forecast, {
  key: "forecast:{0}",
  ttl: "1m", // fresh
  staleWhileRevalidate: "10m", // then served at once, and renewed behind it
  staleIfError: "1d", // and held over while the upstream is down
  failoverAfter: "300ms", // or slow
  timeout: "2s",
  guards: [circuitBreaker({ errorRate: 0.5, window: "1m", minCalls: 20, openFor: "10s" })],
});

async function answer(request, response) {
  const { pathname } = new URL(request.url, "http://localhost");
  if (pathname === "/metrics") {
    response.setHeader("content-type", "text/plain; version=0.0.4");
    response.end(prometheusText(cache.stats()));
    return;
  }
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  try {
    const city = decodeURIComponent(pathname.slice(1));
    const { value, source, age } = await cachedForecast.explain(city, gone.signal);
    response.setHeader("content-type", "application/json");
    response.setHeader("x-answer", `${source}, ${Math.round(age)} ms old`);
    response.end(JSON.stringify(value));
  } catch (error) {
    response.statusCode = 502;
    response.end(String(error));
  }
}

const server = createServer((request, response) => void answer(request, response));
server.listen(Number(PORT), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}/London`);
});
