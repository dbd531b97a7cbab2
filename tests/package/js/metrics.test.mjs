// The numbers of a cache for Prometheus and OpenTelemetry.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { createCache, memory } from "holdover";
import { PROMETHEUS_CONTENT_TYPE, prometheusText } from "holdover/metrics";
import { instrument } from "holdover/otel";
import { customStore } from "holdover/stores/custom";
import { ManualClock } from "./support/manual-clock.mjs";
import { MapStore } from "./support/map-store.mjs";

async function used() {
  const clock = new ManualClock();
  const cache = createCache({ clock });
  const load = (key) => {
    clock.elapsed += 250;
    return key;
  };
  Object.defineProperty(load, "name", { value: 'odd "name"\\\n' });
  const get = cache.wrap(load, { ttl: 1000, key: "{0}" });
  await get("a");
  await get("a");
  await cache.getOrLoad("b", () => 1, { ttl: 1 });
  return { cache, get };
}

/** The text by its rules: `{ families: { name: { type, help } }, samples: [{ name, labels, value }] }`. */
function parse(text) {
  assert.ok(text.endsWith("\n"), "the last line ends in a line feed");
  const families = {};
  const samples = [];
  const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"/y;
  for (const line of text.slice(0, -1).split("\n")) {
    const meta = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line);
    if (meta !== null) {
      const [, what, name, rest] = meta;
      families[name] = { ...families[name], [what.toLowerCase()]: rest };
      continue;
    }
    const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)?.[0] ?? assert.fail(line);
    const labels = {};
    let at = name.length;
    if (line[at] === "{") {
      do {
        LABEL.lastIndex = at + 1;
        const [all, label, value] = LABEL.exec(line) ?? assert.fail(line);
        labels[label] = value.replace(/\\(.)/g, (_, one) => (one === "n" ? "\n" : one));
        at += 1 + all.length;
      } while (line[at] === ",");
      assert.equal(line[at], "}", line);
      at += 1;
    }
    const value = /^ (-?[0-9.e+-]+|NaN|[+-]Inf)$/.exec(line.slice(at))?.[1] ?? assert.fail(line);
    samples.push({ name, labels, value: Number(value) });
  }
  return { families, samples };
}

test("Prometheus: every number, by function, in the text format", async () => {
  const { cache } = await used();
  const text = prometheusText(cache, { labels: { region: "fra" } });
  const { families, samples } = parse(text);
  const of = (name, more = {}) =>
    samples.find(
      (one) =>
        one.name === name &&
        Object.entries(more).every(([label, value]) => one.labels[label] === value),
    );
  const odd = { function: 'odd "name"\\\n', region: "fra" };
  assert.equal(of("holdover_hits_total", odd).value, 1);
  assert.equal(of("holdover_loads_total", { function: "getOrLoad" }).value, 1);
  assert.equal(of("holdover_memory_entries").value, 2);
  assert.equal(of("holdover_load_seconds_sum", odd).value, 0.25);
  assert.equal(of("holdover_load_seconds", { ...odd, quantile: "0.5" }).value.toFixed(2), "0.25");
  assert.equal(families.holdover_hits_total.type, "counter");
  assert.equal(families.holdover_load_seconds.type, "summary");
  for (const { name } of samples) {
    const family = families[name] ?? families[name.replace(/_(sum|count)$/, "")];
    assert.ok(family?.help && family.type, name);
  }
  assert.equal(prometheusText(cache.stats(), { labels: { region: "fra" } }), text);
  assert.match(PROMETHEUS_CONTENT_TYPE, /version=0\.0\.4/);
});

test("Prometheus: labels that are none are refused", async () => {
  const { cache } = await used();
  for (const labels of [7, { "a-b": "x" }, { __name__: "x" }, { function: "x" }, { a: 7 }]) {
    assert.throws(() => prometheusText(cache, { labels }), { code: "E_CONFIG" });
  }
  assert.throws(() => prometheusText(cache, { label: {} }), { code: "E_CONFIG", option: "label" });
});

test("OpenTelemetry: the real SDK collects the same numbers, until unregistered", async () => {
  const { cache, get } = await used();
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  const meter = provider.getMeter("test");
  const handle = instrument(cache, { meter, attributes: { region: "fra" } });
  const collect = async () => {
    exporter.reset();
    await reader.forceFlush();
    const points = {};
    for (const { scopeMetrics } of exporter.getMetrics()) {
      for (const { metrics } of scopeMetrics) {
        for (const { descriptor, dataPoints } of metrics) points[descriptor.name] = dataPoints;
      }
    }
    return points;
  };
  const first = await collect();
  const hits = first["holdover.hits"].find(({ attributes }) => attributes.function !== "getOrLoad");
  assert.deepEqual([hits.value, hits.attributes.region], [1, "fra"]);
  assert.equal(first["holdover.memory.entries"][0].value, 2);
  await get("a");
  const second = await collect();
  assert.deepEqual(second["holdover.hits"].map(({ value }) => value).sort(), [0, 2]);
  handle.unregister();
  handle.unregister();
  await get("a");
  const last = await collect();
  const after = (last["holdover.hits"] ?? []).map(({ value }) => value);
  assert.ok(!after.includes(3), `${after}`);
  await provider.shutdown();
  assert.throws(() => instrument({}), { code: "E_CONFIG", option: "cache" });
  assert.throws(() => instrument(cache, { meter: {} }), { code: "E_CONFIG", option: "meter" });
});

test("the health of each store is told: left alone after failures, asked again once it answers", async () => {
  const clock = new ManualClock();
  const [first, last] = [new MapStore("first"), new MapStore("last")];
  const stores = [memory(), customStore(first), customStore(last)];
  const cache = createCache({ clock, stores, writes: "await" });
  const told = () => cache.stats().stores.map(({ available, failures }) => [available, failures]);
  const gauges = () => prometheusText(cache).match(/(?<=^holdover_store_available).*$/gm);
  assert.deepEqual(
    cache.stats().stores.map(({ name }) => name),
    ["first", "last"],
  );
  assert.deepEqual(gauges(), ['{store="first"} 1', '{store="last"} 1']);
  last.misbehave = () => Promise.reject(new Error("down"));
  for (let nth = 1; nth <= 5; nth += 1) await cache.set(`k${nth}`, nth);
  assert.deepEqual(told(), [
    [true, 0],
    [false, 5],
  ]);
  assert.deepEqual(gauges(), ['{store="first"} 1', '{store="last"} 0']);
  last.misbehave = undefined;
  await clock.runFor(5000);
  await cache.set("k", 1);
  assert.deepEqual(told(), [
    [true, 0],
    [true, 0],
  ]);
  assert.deepEqual(createCache().stats().stores, []);
});
