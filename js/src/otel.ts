/** A cache's statistics as OpenTelemetry instruments, and spans of loads and of stores. */

import {
  type Attributes,
  type BatchObservableCallback,
  type Meter,
  metrics,
  type Observable,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import {
  CACHE_NUMBERS,
  FUNCTION_COUNTERS,
  functionsOf,
  type HasStats,
  STORE_AVAILABLE,
} from "./metrics.js";
import type { Store } from "./model/store.js";
import { aroundStore } from "./stores/around.js";
import { clientWith, text } from "./stores/options.js";
import { ConfigError } from "./util/errors.js";
import { flag, optionalFunction, readOptions } from "./util/options.js";
import { isThenable } from "./util/user-functions.js";

/** Options of {@link instrument}. */
export interface InstrumentOptions {
  /** The meter of the instruments. Default: the meter "holdover" of the global provider. */
  readonly meter?: Meter | undefined;
  /** Attributes of every measurement. Default none. */
  readonly attributes?: Attributes | undefined;
}

/** The result of {@link instrument}. */
export interface Instrumented {
  /** Stops measuring. Calling it again does nothing. */
  unregister(): void;
}

/**
 * Measures a cache with OpenTelemetry: observable counters and gauges, read when the SDK collects.
 * Counters carry attribute `function`; their sum is the cache's. The health of stores carries
 * attribute `store`.
 *
 * Needs `@opentelemetry/api`, an optional peer dependency.
 * @throws ConfigError naming the wrong option
 */
export function instrument(cache: HasStats, options?: InstrumentOptions): Instrumented {
  if (typeof cache?.stats !== "function") throw new ConfigError("cache", cache, "a cache");
  const known = ["meter", "attributes"] as const;
  readOptions(options ?? {}, { of: "instrument", known });
  const meter = options?.meter ?? metrics.getMeter("holdover");
  if (typeof meter.createObservableCounter !== "function") {
    throw new ConfigError("meter", meter, "an OpenTelemetry meter");
  }
  const attributes = { ...options?.attributes };
  const counters = FUNCTION_COUNTERS.map(([member, name, description]) => {
    return [member, meter.createObservableCounter(`holdover.${name}`, { description })] as const;
  });
  const numbers = CACHE_NUMBERS.map(({ name, type, unit, help: description, of }) => {
    const make = type === "gauge" ? "createObservableGauge" : "createObservableCounter";
    return [of, meter[make](`holdover.${name.replace("_", ".")}`, { description, unit })] as const;
  });
  const health = meter.createObservableGauge("holdover.store.available", {
    description: STORE_AVAILABLE,
    unit: "1",
  });
  const observe: BatchObservableCallback = (result) => {
    const stats = cache.stats();
    for (const [name, counts] of functionsOf(stats)) {
      const labelled = { ...attributes, function: name };
      for (const [member, counter] of counters) result.observe(counter, counts[member], labelled);
    }
    for (const { name, available } of stats.stores) {
      result.observe(health, available ? 1 : 0, { ...attributes, store: name });
    }
    for (const [of, number] of numbers) result.observe(number, of(stats), attributes);
  };
  const all: Observable[] = [...counters, ...numbers].map(([, instrument]) => instrument);
  all.push(health);
  meter.addBatchObservableCallback(observe, all);
  return { unregister: () => meter.removeBatchObservableCallback(observe, all) };
}

/** Options of {@link tracedLoad}. */
export interface TracedLoadOptions<Args extends readonly unknown[]> {
  /** The tracer of the spans. Default: the tracer "holdover" of the global provider. */
  readonly tracer?: Tracer | undefined;
  /** The name of the spans. Default: `load` and the function's name. */
  readonly name?: string | undefined;
  /**
   * Returns attributes of a load, from its arguments. Default none. If it throws, the load goes on,
   * and its span has the message as `holdover.attributes_error`.
   */
  readonly attributes?: ((...args: Args) => Attributes) | undefined;
}

/**
 * Returns a loader with a span for each load, for `cache.wrap`, `getOrLoad` or `cachedFetch`. Spans
 * of its own calls are within that span. A hit has none, as it loads nothing.
 *
 * @throws ConfigError naming the wrong option
 */
export function tracedLoad<Args extends readonly unknown[], Result>(
  load: (...args: Args) => Result,
  options?: TracedLoadOptions<Args>,
): (...args: Args) => Result {
  if (typeof load !== "function") throw new ConfigError("load", load, "a function");
  const known = ["tracer", "name", "attributes"] as const;
  const given = readOptions(options ?? {}, { of: "tracedLoad", known });
  const tracer = checkedTracer(given.tracer);
  const name = text(given.name, "name", `load ${load.name || "anonymous"}`);
  const attributesOf = optionalFunction<(...args: Args) => Attributes>(
    given.attributes,
    "attributes",
    "(...args) => attributes",
  );
  function traced(this: unknown, ...args: Args): Result {
    const attributes = attributesBy(() => attributesOf?.(...args));
    return tracer.startActiveSpan(name, { attributes }, (span) =>
      within(span, () => Reflect.apply(load, this, args) as Result),
    );
  }
  Object.defineProperty(traced, "name", { value: load.name, configurable: true });
  Object.defineProperty(traced, "length", { value: load.length, configurable: true });
  return traced;
}

/** Asks for the attributes of a load. What tells of a load must not fail it. */
function attributesBy(ask: () => Attributes | undefined): Attributes {
  try {
    return ask() ?? {};
  } catch (error) {
    return { "holdover.attributes_error": messageOf(error) };
  }
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** Options of {@link tracedStore}. */
export interface TracedStoreOptions {
  /** The tracer of the spans. Default: the tracer "holdover" of the global provider. */
  readonly tracer?: Tracer | undefined;
  /** Attributes of every span. Default none. */
  readonly attributes?: Attributes | undefined;
  /** True if spans have the key, which may be personal. Default false. */
  readonly keys?: boolean | undefined;
}

/**
 * Returns a store with a span for each of its operations but subscriptions: `cache get redis`, with
 * the attributes `holdover.store` and `holdover.operation`, for a read `holdover.found`, for many
 * keys their number.
 *
 * Give it to `createCache({ stores })` in place of the store.
 * @throws ConfigError naming the wrong option
 */
export function tracedStore(store: Store, options?: TracedStoreOptions): Store {
  clientWith(store, "store", ["get", "set", "delete"], "a store");
  const known = ["tracer", "attributes", "keys"] as const;
  const given = readOptions(options ?? {}, { of: "tracedStore", known });
  const tracer = checkedTracer(given.tracer);
  const showsKeys = flag(given.keys, "keys", false);
  const own = { ...options?.attributes, "holdover.store": store.name ?? "store" };
  return aroundStore(store, (operation, args, run) => {
    if (operation === "subscribe" || operation === "close") return run(args);
    const attributes = { ...own, "holdover.operation": operation, ...subject(args[0], showsKeys) };
    const kind = SpanKind.CLIENT;
    const name = `cache ${operation} ${own["holdover.store"]}`;
    return tracer.startActiveSpan(name, { kind, attributes }, (span) =>
      within(span, () => run(args), operation === "get" ? noteFound : undefined),
    );
  });
}

function subject(first: unknown, showsKeys: boolean): Attributes {
  if (Array.isArray(first)) return { "holdover.keys": first.length };
  return showsKeys && typeof first === "string" ? { "holdover.key": first } : {};
}

function noteFound(span: Span, found: unknown): void {
  span.setAttribute("holdover.found", found !== undefined && found !== null);
}

/** Runs a task within a span that ends with it, and hands its result or its error on. */
function within<Result>(
  span: Span,
  task: () => Result,
  note?: (span: Span, result: unknown) => void,
): Result {
  const fail = (error: unknown): never => {
    const message = messageOf(error);
    span.recordException(error instanceof Error ? error : message);
    span.setStatus({ code: SpanStatusCode.ERROR, message });
    span.end();
    throw error;
  };
  const succeed = <Value>(value: Value): Value => {
    note?.(span, value);
    span.end();
    return value;
  };
  try {
    const result = task();
    return isThenable(result) ? (result.then(succeed, fail) as Result) : succeed(result);
  } catch (error) {
    return fail(error);
  }
}

/** @throws ConfigError for what makes no spans */
function checkedTracer(given: unknown): Tracer {
  const tracer = (given ?? trace.getTracer("holdover")) as Tracer;
  if (typeof Object(tracer).startActiveSpan === "function") return tracer;
  throw new ConfigError("tracer", given, "an OpenTelemetry tracer");
}
