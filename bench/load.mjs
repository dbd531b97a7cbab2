// Workers under load, on workerd and this machine alone: `cargo xtask bench load`. 64 connections ask
// for hot keys (nine requests of ten) and for keys that nobody has asked for; the Workers take turns,
// a minute for each, or `--seconds N`. Writes RESULTS-LOAD.md, unless it is `--quick`.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import autocannon from "autocannon";
import { median, quick } from "./measure.mjs";
import { modulesOf, started } from "./workerd.mjs";

const CONTENDERS = [
  { name: "constant answer", way: "constant" },
  { name: "holdover, function cache", way: "function" },
  { name: "holdover, `cachedFetch`", way: "fetch" },
  { name: "lru-cache", way: "lru-cache" },
  { name: "ocache", way: "ocache" },
  { name: "no cache", way: "none" },
];
/** The length of an answer. */
const LENGTH = 200;
const CONNECTIONS = 64;
const HOT = 500;
/** One request of so many is for a key that nobody has asked for. */
const COLD_EVERY = 10;
const SECONDS = quick ? 12 : 60;
const MOST_SECONDS = 600;
/** Turns of each Worker, so that a noisy neighbour meets all of them. */
const TURNS = 12;
const WARM_UP = 1;
const MEGABYTE = 2 ** 20;

/** Returns the seconds for which each Worker is under load. */
function secondsIn(options) {
  const at = options.indexOf("--seconds");
  const given = at < 0 ? SECONDS : Number(options[at + 1]);
  if (given >= TURNS && given <= MOST_SECONDS) return given;
  throw new Error(`--seconds ${options[at + 1]}: a number from ${TURNS} to ${MOST_SECONDS}`);
}

/** Returns the processes of workerd that this one has started; none elsewhere than on Linux. */
function runtimes() {
  try {
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name) && isRuntime(name));
  } catch {
    return [];
  }
}

function isRuntime(name) {
  try {
    const status = readFileSync(`/proc/${name}/status`, "utf8");
    const parent = Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]);
    return parent === process.pid && /^Name:\s+workerd/m.test(status);
  } catch {
    return false; // it has ended
  }
}

/** Returns the megabytes that a process has in memory. */
function residentOf(child) {
  if (child === undefined) return Number.NaN;
  const status = readFileSync(`/proc/${child}/status`, "utf8");
  return (Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024) / MEGABYTE;
}

/** Returns the paths of the next requests: the same mix for every Worker. */
function paths() {
  let asked = 0;
  let cold = 0;
  return () => {
    asked += 1;
    if (asked % COLD_EVERY !== 0) return `/hot/${(asked * 7919) % HOT}`;
    cold += 1;
    return `/cold/${cold}`;
  };
}

async function underLoad(worker, duration) {
  const setupRequest = (request) => ({ ...request, path: worker.next() });
  const result = await autocannon({
    url: worker.url,
    connections: CONNECTIONS,
    duration,
    requests: [{ setupRequest }],
  });
  const failed = result.errors + result.timeouts + result.non2xx;
  if (failed > 0) throw new Error(`${worker.name}: ${failed} requests failed`);
  return result;
}

async function start(modules, contender, known) {
  const miniflare = started(modules, { WAY: contender.way });
  const url = `${await miniflare.ready}`;
  const child = runtimes().find((name) => !known.has(name));
  const { length } = await (await fetch(new URL("/hot/0", url))).text();
  if (length !== LENGTH) throw new Error(`${contender.name} answers with ${length} bytes`);
  const worker = { ...contender, miniflare, url, child, next: paths(), turns: [] };
  await underLoad(worker, WARM_UP);
  return { ...worker, before: residentOf(child) };
}

/** Puts each Worker under load, prints the table and writes it. */
export async function run(options) {
  const seconds = secondsIn(options);
  const [busy] = loadavg();
  const modules = await modulesOf("peers/load-worker.js");
  const workers = [];
  try {
    for (const contender of CONTENDERS) {
      workers.push(await start(modules, contender, new Set(workers.map(({ child }) => child))));
    }
    for (let turn = 0; turn < TURNS; turn += 1) {
      for (let at = 0; at < workers.length; at += 1) {
        const worker = workers[(at + turn) % workers.length];
        worker.turns.push(await underLoad(worker, seconds / TURNS));
      }
    }
    const text = asText(workers, seconds, busy);
    console.log(text);
    if (!quick) writeFileSync(new URL("RESULTS-LOAD.md", import.meta.url), text);
  } finally {
    for (const { miniflare } of workers) await miniflare.dispose();
  }
}

function asText(workers, seconds, busy) {
  const rates = workers.map(({ turns }) => median(turns.map(({ requests }) => requests.average)));
  const rows = workers.map(({ name, turns, before, child }, at) => {
    const [p50, p99] = ["p50", "p99"].map((part) =>
      median(turns.map(({ latency }) => latency[part])),
    );
    const share = (rates[at] / rates[0]).toFixed(2);
    const megabytes = [before, residentOf(child)].map((one) => `${one.toFixed(0)} MB`);
    return `| ${[name, rates[at].toFixed(0), share, `${p50} ms`, `${p99} ms`, ...megabytes].join(" | ")} |`;
  });
  const [{ model }] = cpus();
  return `# Workers under load

Written by \`cargo xtask bench load\`. ${CONNECTIONS} connections ask each Worker on workerd for ${seconds} seconds, in
${TURNS} turns; of ten requests nine are for one of ${HOT} keys, and one for a key that nobody has asked for. The
origin is in the Worker, takes 2 ms and gives ${LENGTH} bytes; caches have room for 10,000. The figures
are the medians of the turns, memory is the whole process before and after. Generator and Workers
share the machine: what counts is the share of a constant answer's requests.

- date: ${new Date().toISOString().slice(0, 10)}
- machine: ${model.trim()}, ${cpus().length} cores, ${process.platform} ${process.arch}
- processes that ran before it began: ${busy.toFixed(1)}

| | requests/s | share | p50 | p99 | memory before | after |
|---|---:|---:|---:|---:|---:|---:|
${rows.join("\n")}
`;
}
