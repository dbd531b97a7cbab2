// Starts everything, lets the visitors come, and tells what they saw.
import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { check } from "./checks.mjs";
import { Ledger } from "./ledger.mjs";
import { Load, PATIENCE_MS } from "./load.mjs";
import { startOrigin } from "./origin.mjs";
import { startPage } from "./page.mjs";
import { PHASES, Timeline } from "./phases.mjs";
import { PROGRAM, startProgram } from "./program.mjs";
import { tables } from "./table.mjs";
import { bundle, startWorkerd } from "./workerd.mjs";

const USAGE = `node demo.mjs [options]
  --once        run every phase once, print the tables and the checks, and end
  --seconds N   length of a phase, at least 1 (5; with --once 3)
  --rate N      requests per second and lane, 1 to 1000 (80)
  --seed N      for the visitors and the origin (1)
  --port N      of the live page, 0 for any (the first free one from 8787; with --once any)
  --json FILE   write the figures of the first cycle there`;

function options() {
  const { values } = parseArgs({
    options: {
      once: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      ...Object.fromEntries(
        ["seconds", "rate", "seed", "port", "json"].map((name) => [name, { type: "string" }]),
      ),
    },
  });
  const number = (name, fallback, low, high) => {
    const value = values[name] === undefined ? fallback : Number(values[name]);
    if (value === undefined || (value >= low && value <= high)) return value;
    throw new TypeError(`--${name} must be a number from ${low} to ${high}`);
  };
  return {
    help: values.help,
    once: values.once,
    json: values.json,
    seconds: number("seconds", values.once ? 3 : 5, 1, 3600),
    rate: number("rate", 80, 1, 1000),
    seed: number("seed", 1, 0, 0xffffffff),
    port: number("port", values.once ? 0 : undefined, 0, 65535),
  };
}

/** Runs until `signal` aborts, or for one cycle with `once`. Returns the number of failed checks. */
async function demo({ once, seconds, rate, seed, port, json }, signal, closing) {
  const timeline = new Timeline(seconds * 1000);
  const ledger = new Ledger(timeline);
  if (PROGRAM === undefined) bundle();
  const origin = await startOrigin({ timeline, seed, onAttempt: (one) => ledger.attempt(one) });
  closing.push(() => origin.close());
  const start = PROGRAM === undefined ? startWorkerd : startProgram;
  const worker = await start({ origin: origin.url });
  closing.push(() => worker.stop());
  const load = new Load({
    port: worker.port,
    timeline,
    seed,
    rate,
    onSample: (sample) => ledger.sample(sample),
  });
  closing.push(() => load.close());
  const page = await startPage({ port, ledger, timeline, rate, seed });
  closing.push(() => page.close());

  await load.warmUp();
  timeline.begin(performance.now());
  console.log(`live page: ${page.url}`);
  console.log(`${PHASES.length} phases of ${seconds} s, ${rate} requests per second and lane\n`);
  const visits = load.run({ cycles: once ? 1 : Number.POSITIVE_INFINITY, signal });
  const telling = tell({ load, worker, ledger, timeline, page, json, once, signal });
  const failed = await Promise.race([telling, worker.crashed]);
  await Promise.race([visits, worker.crashed]);
  return failed;
}

/** Prints the first cycle when it is over and, unless `once`, shows every later one on the page. */
async function tell({ load, worker, ledger, timeline, page, json, once, signal }) {
  let failed = 0;
  for (let cycle = 0; ; cycle++) {
    const end = timeline.endOfCycle(cycle) + PATIENCE_MS;
    if (once) {
      await pause(timeline.endOfCycle(cycle), signal);
      await load.settle();
    } else await pause(end, signal);
    if (signal.aborted) return failed;
    const phases = ledger.cycle(cycle);
    page.cycleDone(phases);
    if (cycle > 0) continue;
    const checks = await report({ phases, worker, ledger, page });
    failed = checks.filter(({ ok }) => !ok).length;
    if (json) await writeFile(json, `${JSON.stringify({ phases, checks }, undefined, 2)}\n`);
    if (once) return failed;
    console.log(`\nThe page goes on at ${page.url} until Ctrl-C.`);
  }
}

async function report({ phases, worker, ledger, page }) {
  const problems = PHASES.flatMap((_, index) => ledger.problems(0, index, "with"));
  const attempts = ledger.attempts(0);
  const crossings = worker.crossings();
  const kept = check({ phases, attempts, problems, crossings });
  const checks = [...kept, await pageAnswers(page)];
  console.log(`${tables(phases)}\n`);
  for (const { name, ok, figures } of checks) {
    console.log(`check  ${name.padEnd(38)} ${ok ? "ok    " : "FAILED"}  ${figures}`);
  }
  const failed = checks.filter(({ ok }) => !ok).length;
  console.log(`${checks.length - failed} passed, ${failed} failed`);
  return checks;
}

async function pageAnswers({ url }) {
  const name = "the live page answers";
  try {
    const html = await (await fetch(url)).text();
    const events = await fetch(`${url}events`);
    const { value } = await events.body.getReader().read();
    const ok = html.includes("EventSource") && String(Buffer.from(value)).includes("event: setup");
    return { name, ok, figures: `${html.length} characters and a stream` };
  } catch (error) {
    return { name, ok: false, figures: String(error) };
  }
}

async function pause(until, signal) {
  await sleep(until - performance.now(), undefined, { signal }).catch(() => {});
}

function settingsOrUsage() {
  try {
    const settings = options();
    if (!settings.help) return settings;
    console.log(USAGE);
    process.exit(0);
  } catch (error) {
    console.error(`${error.message}\n\n${USAGE}`);
    process.exit(2);
  }
}

async function main(settings) {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(name, () => stop.abort());
  const closing = [];
  try {
    const failed = await demo(settings, stop.signal, closing);
    if (settings.once && stop.signal.aborted) return 130;
    return settings.once && failed > 0 ? 1 : 0;
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

main(settingsOrUsage()).then(
  (code) => process.exit(code),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
