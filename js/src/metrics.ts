/** A cache's statistics as Prometheus text. */

import type { CacheStats } from "./api/stats.js";
import type { PolicyStats } from "./engine/counts.js";
import type { LoadTimes } from "./engine/load-times.js";
import { ConfigError } from "./util/errors.js";
import { readOptions } from "./util/options.js";

/** An object with statistics: a cache. */
export interface HasStats {
  stats(): CacheStats;
}

/** Options of {@link prometheusText}. */
export interface PrometheusOptions {
  /** Labels of every sample, like `{ region: "fra" }`. Default none. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** The `Content-Type` of the text. */
export const PROMETHEUS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** @internal Counters of each function. */
export const FUNCTION_COUNTERS: readonly (readonly [
  member: Exclude<keyof PolicyStats, "loadTimes">,
  name: string,
  help: string,
])[] = [
  ["hits", "hits", "Calls answered by a fresh entry."],
  ["stale", "stale", "Calls answered by a stale entry while it is refreshed."],
  ["misses", "misses", "Calls without an entry that could answer."],
  ["loads", "loads", "Loads that started, refreshes included."],
  ["refreshes", "refreshes", "Loads that no caller waited for."],
  ["failures", "failures", "Loads that failed."],
  ["coalesced", "coalesced", "Calls that waited for another call's load."],
  ["errorFallbacks", "error_fallbacks", "Calls answered by an entry because the load failed."],
  ["failovers", "failovers", "Calls answered by an entry because the load was slow."],
  ["takeovers", "takeovers", "Flights taken over because their lease had ended."],
  ["fenced", "fenced", "Results not stored because a newer change came first."],
  ["refusals", "refusals", "Loads that a guard refused."],
];

/** @internal Numbers of the whole cache. */
export const CACHE_NUMBERS: readonly {
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly unit: string;
  readonly help: string;
  readonly of: (stats: CacheStats) => number;
}[] = [
  {
    name: "memory_entries",
    type: "gauge",
    unit: "{entry}",
    help: "Entries held in memory.",
    of: (stats) => stats.memory.entries,
  },
  {
    name: "memory_bytes",
    type: "gauge",
    unit: "By",
    help: "Size of the entries in memory.",
    of: (stats) => stats.memory.bytes,
  },
  {
    name: "loads_running",
    type: "gauge",
    unit: "{load}",
    help: "Loads that are running.",
    of: (stats) => stats.memory.flights,
  },
  {
    name: "evictions",
    type: "counter",
    unit: "{entry}",
    help: "Servable entries evicted to stay within the limits.",
    of: (stats) => stats.memory.evictions,
  },
  {
    name: "traps",
    type: "counter",
    unit: "{trap}",
    help: "Times that the core trapped and was replaced.",
    of: (stats) => stats.traps,
  },
  {
    name: "available",
    type: "gauge",
    unit: "1",
    help: "1 if the core runs; 0 if nothing can be cached.",
    of: (stats) => (stats.available ? 1 : 0),
  },
  {
    name: "direct_hits",
    type: "counter",
    unit: "{operation}",
    help: "Hits of operations without a loader.",
    of: (stats) => stats.direct.hits,
  },
  {
    name: "direct_misses",
    type: "counter",
    unit: "{operation}",
    help: "Misses of operations without a loader.",
    of: (stats) => stats.direct.misses,
  },
  {
    name: "direct_writes",
    type: "counter",
    unit: "{operation}",
    help: "Writes of operations without a loader.",
    of: (stats) => stats.direct.writes,
  },
  {
    name: "direct_deletes",
    type: "counter",
    unit: "{operation}",
    help: "Deletes of operations without a loader.",
    of: (stats) => stats.direct.deletes,
  },
  {
    name: "bypassed",
    type: "counter",
    unit: "{call}",
    help: "Calls that went straight to their origin.",
    of: (stats) => stats.bypassed,
  },
];

/** @internal The meaning of the gauge of each store. */
export const STORE_AVAILABLE = "1 if the store is asked; 0 while it is left alone after failures.";

/** @internal Returns the functions, sorted by name. */
export function functionsOf(stats: CacheStats): readonly (readonly [string, PolicyStats])[] {
  return Object.entries(stats.functions).sort(([left], [right]) => (left < right ? -1 : 1));
}

type Labels = readonly (readonly [name: string, value: string])[];

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function sample(name: string, labels: Labels, value: number): string {
  const inner = labels.map(([label, text]) => `${label}="${escapeLabel(text)}"`).join(",");
  const number = Number.isFinite(value) || Number.isNaN(value) ? `${value}` : infinite(value);
  return `${name}${inner === "" ? "" : `{${inner}}`} ${number}\n`;
}

const infinite = (value: number) => (value > 0 ? "+Inf" : "-Inf");

function family(name: string, type: string, help: string, samples: readonly string[]): string {
  if (samples.length === 0) return "";
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples.join("")}`;
}

const RESERVED = ["function", "quantile", "store"];

function labelsOf(given: unknown): Labels {
  if (given === undefined) return [];
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new ConfigError("labels", given, "an object of strings");
  }
  const labels = Object.entries(given).sort(([left], [right]) => (left < right ? -1 : 1));
  for (const [name, value] of labels) {
    const named = /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) && !name.startsWith("__");
    if (!named || RESERVED.includes(name)) {
      const allowed = `label names like "region", not starting with "__", none of ${RESERVED.join(", ")}`;
      throw new ConfigError("labels", name, allowed);
    }
    if (typeof value !== "string") throw new ConfigError(`labels.${name}`, value, "a string");
  }
  return labels;
}

function summary(name: string, labels: Labels, times: LoadTimes): readonly string[] {
  const quantiles = [
    ["0.5", times.p50],
    ["0.9", times.p90],
    ["0.99", times.p99],
  ] as const;
  return [
    ...quantiles.map(([q, ms]) => sample(name, [...labels, ["quantile", q]], ms / 1000)),
    sample(`${name}_sum`, labels, times.sum / 1000),
    sample(`${name}_count`, labels, times.count),
  ];
}

/**
 * Returns a cache's statistics in the Prometheus text format 0.0.4 (prometheus.io, "Exposition
 * formats"). Serve it with {@link PROMETHEUS_CONTENT_TYPE}.
 *
 * Counters are per function, with label `function`; their sum is the cache's. Times are in seconds.
 * Names and order are the same each time.
 *
 * @param from a cache, or the result of its `stats()`
 * @throws ConfigError naming the wrong option
 */
export function prometheusText(from: HasStats | CacheStats, options?: PrometheusOptions): string {
  const given = readOptions(options ?? {}, { of: "prometheusText", known: ["labels"] });
  const common = labelsOf(given.labels);
  const stats = "stats" in from ? from.stats() : from;
  const functions = functionsOf(stats).map(
    ([name, counts]) => [[...common, ["function", name]] as Labels, counts] as const,
  );
  const counters = FUNCTION_COUNTERS.map(([member, short, help]) => {
    const name = `holdover_${short}_total`;
    const samples = functions.map(([labels, counts]) => sample(name, labels, counts[member]));
    return family(name, "counter", help, samples);
  });
  const times = functions.flatMap(([labels, { loadTimes }]) =>
    summary("holdover_load_seconds", labels, loadTimes),
  );
  const numbers = CACHE_NUMBERS.map(({ name: short, type, help, of }) => {
    const name = `holdover_${short}${type === "counter" ? "_total" : ""}`;
    return family(name, type, help, [sample(name, common, of(stats))]);
  });
  const timed = family("holdover_load_seconds", "summary", "How long loads took.", times);
  const stores = stats.stores.map(({ name, available }) =>
    sample("holdover_store_available", [...common, ["store", name]], available ? 1 : 0),
  );
  const health = family("holdover_store_available", "gauge", STORE_AVAILABLE, stores);
  return [...counters, timed, ...numbers, health].join("");
}
