/** A cache's statistics as OpenTelemetry instruments. */

import {
  type Attributes,
  type BatchObservableCallback,
  type Meter,
  metrics,
  type Observable,
} from "@opentelemetry/api";
import {
  CACHE_NUMBERS,
  FUNCTION_COUNTERS,
  functionsOf,
  type HasStats,
  STORE_AVAILABLE,
} from "./metrics.js";
import { ConfigError } from "./util/errors.js";
import { readOptions } from "./util/options.js";

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
