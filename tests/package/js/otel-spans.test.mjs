// Spans of loads and of stores, with the SDK of OpenTelemetry.

import assert from "node:assert/strict";
import { test } from "node:test";
import { context, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { createCache, memory } from "holdover";
import { circuitBreaker } from "holdover/guards";
import { add, getMany, increment, keys } from "holdover/operations";
import { tracedLoad, tracedStore } from "holdover/otel";
import { customStore } from "holdover/stores/custom";
import { invalidateTags } from "holdover/tags";
import { WholeStore } from "./support/whole-store.mjs";

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

/** A tracer, and the spans that it made. */
function tracing() {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  return { tracer: provider.getTracer("test"), spans: () => exporter.getFinishedSpans() };
}

test("a load has a span, within the caller's, and around those of its own calls", async () => {
  const { tracer, spans } = tracing();
  const cache = createCache();
  const loadUser = async (id) =>
    tracer.startActiveSpan("query", (span) => {
      span.end();
      return `user ${id}`;
    });
  const attributes = (id) => ({ user: id });
  const getUser = cache.wrap(tracedLoad(loadUser, { tracer, attributes }), { ttl: "1m" });
  await tracer.startActiveSpan("request", async (span) => {
    assert.equal(await getUser(1), "user 1");
    assert.equal(await getUser(1), "user 1");
    span.end();
  });
  const [query, load, request] = spans();
  assert.deepEqual([query.name, load.name, request.name], ["query", "load loadUser", "request"]);
  assert.equal(spans().length, 3, "a hit has no span");
  assert.equal(query.parentSpanContext.spanId, load.spanContext().spanId);
  assert.equal(load.parentSpanContext.spanId, request.spanContext().spanId);
  assert.deepEqual(load.attributes, { user: 1 });
  assert.ok(load.ended);
});

test("attributes that cannot be told fail no load, and the span says so", async () => {
  const { tracer, spans } = tracing();
  const attributes = (user) => ({ user: user.id });
  const load = tracedLoad(async () => "loaded", { tracer, attributes });
  assert.equal(await createCache().wrap(load, { ttl: "1m" })(null), "loaded");
  assert.match(spans()[0].attributes["holdover.attributes_error"], /null/);
});

test("a load that fails has its error, which its caller gets as it is", async () => {
  const { tracer, spans } = tracing();
  const cache = createCache();
  const error = new Error("down");
  const fails = [() => Promise.reject(error), () => assert.fail(error)];
  for (const load of fails) {
    const get = cache.wrap(tracedLoad(load, { tracer, name: "load it" }), { ttl: 1 });
    await assert.rejects(get(), error);
  }
  for (const { name, status, events } of spans()) {
    assert.deepEqual(
      [name, status.code, status.message],
      ["load it", SpanStatusCode.ERROR, "down"],
    );
    assert.equal(events[0].name, "exception");
  }
  assert.equal(spans().length, 2);
});

test("a traced loader is its loader for the rest: this, arguments, name, what is no promise", async () => {
  const { tracer, spans } = tracing();
  const load = tracedLoad(
    function load(by, _more) {
      return this.base + by;
    },
    { tracer },
  );
  assert.deepEqual([load.name, load.length], ["load", 2]);
  assert.equal(load.call({ base: 1 }, 2), 3);
  assert.equal(spans()[0].name, "load load");
});

test("each operation of a store has a span", async () => {
  const { tracer, spans } = tracing();
  const inner = customStore(Object.assign(new WholeStore(), { name: "whole" }));
  const stores = [memory(), tracedStore(inner, { tracer, attributes: { region: "fra" } })];
  const cache = createCache({ stores, writes: "await" });
  await cache.getOrLoad("k", () => 1, { ttl: "1m" });
  await cache.get("k");
  await getMany(cache, ["k", "none", "nor this"]);
  const told = spans().map(({ name, attributes }) => [name, attributes["holdover.found"]]);
  assert.deepEqual(told, [
    ["cache get whole", false],
    ["cache set whole", undefined],
    ["cache getMany whole", undefined],
  ]);
  const [get, , many] = spans();
  assert.deepEqual(get.attributes, {
    region: "fra",
    "holdover.store": "whole",
    "holdover.operation": "get",
    "holdover.found": false,
  });
  assert.equal(many.attributes["holdover.keys"], 2);
});

test("keys are in spans where they are asked for", async () => {
  const { tracer, spans } = tracing();
  const store = tracedStore(customStore(new WholeStore()), { tracer, keys: true });
  const cache = createCache({ stores: [store], namespace: "app" });
  await cache.get("k");
  assert.match(spans()[0].attributes["holdover.key"], /k$/);
});

test("a traced store does what its store does: counters, tags, lists, guards, failures", async () => {
  const { tracer, spans } = tracing();
  const whole = new WholeStore();
  const inner = customStore(whole);
  const store = tracedStore(inner, { tracer });
  const events = [];
  const cache = createCache({ stores: [store], onEvent: (event) => events.push(event.type) });
  assert.equal(await increment(cache, "visits", 2), 2);
  assert.equal(await add(cache, "once", 1), true);
  assert.equal(await add(cache, "once", 1), false);
  await cache.set("tagged", 1, { tags: ["t"] });
  await invalidateTags(cache, "t");
  assert.equal(await cache.get("tagged"), undefined);
  assert.deepEqual((await keys(cache, "v*")).sort(), ["visits"]);
  const rules = { errorRate: 1, window: "1m", minCalls: 1, openFor: "1m", name: "it" };
  const guards = [circuitBreaker({ ...rules, shared: store })];
  await cache.getOrLoad("g", () => 1, { ttl: 1, guards });
  const before = spans().length;
  whole.get = () => Promise.reject(new Error("broken"));
  const broken = createCache({
    stores: [tracedStore(customStore({ ...storeOf(whole), name: "b" }), { tracer })],
    onEvent: (event) => events.push(event.type),
  });
  assert.equal(await broken.get("k"), undefined);
  assert.ok(events.includes("store-error"));
  const [span] = spans()
    .slice(before)
    .filter(({ name }) => name === "cache get b");
  assert.equal(span.status.message, "broken");
});

const storeOf = (whole) => ({
  get: (key) => whole.get(key),
  set: (...args) => whole.set(...args),
  delete: (key) => whole.delete(key),
});

test("without a tracer of their own they use the global one", async () => {
  const { tracer, spans } = tracing();
  trace.setGlobalTracerProvider({
    getTracer(name) {
      assert.equal(name, "holdover");
      return tracer;
    },
  });
  assert.equal(tracedLoad(() => 1)(), 1);
  await createCache({ stores: [tracedStore(customStore(new WholeStore()))] }).get("k");
  assert.equal(spans().length, 2);
  trace.disable();
});

test("wrong options are named", () => {
  const store = customStore(new WholeStore());
  assert.throws(() => tracedLoad("load"), /"load"/);
  assert.throws(() => tracedLoad(() => 1, { tracer: {} }), /an OpenTelemetry tracer/);
  assert.throws(() => tracedLoad(() => 1, { attributes: {} }), /\(\.\.\.args\) => attributes/);
  assert.throws(() => tracedLoad(() => 1, { span: "a" }), /"span"/);
  assert.throws(() => tracedStore({}), /a store/);
  assert.throws(() => tracedStore(store, { keys: "yes" }), /"keys"/);
  assert.throws(() => tracedStore(store, { tracer: 1 }), /an OpenTelemetry tracer/);
});
