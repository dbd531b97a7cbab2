// The programs of examples/, as their readers run them.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { launch } from "./support/chromium.mjs";
import { findDeno } from "./support/programs.mjs";
import { attempt, finish } from "./support/report.mjs";

const EXAMPLES = new URL("../../../examples/", import.meta.url);
const START_MS = 60_000;

const running = new Set();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));

function same(actual, expected, what) {
  if (actual !== expected) throw new Error(`${what}: ${actual}, not ${expected}`);
}

function check(holds, what) {
  if (!holds) throw new Error(what);
}

/** Starts a server that prints its address first: `{ url, stop }`. */
async function start(program, args, folder, settings) {
  const cwd = fileURLToPath(new URL(folder, EXAMPLES));
  const env = { ...process.env, ...settings };
  const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "inherit"] });
  running.add(child);
  const exited = once(child, "exit").finally(() => running.delete(child));
  const late = AbortSignal.timeout(START_MS);
  const [line] = await Promise.race([
    once(createInterface(child.stdout), "line", { signal: late }),
    exited.then(([code]) => Promise.reject(new Error(`${args.at(-1)} ended with ${code}`))),
  ]);
  const stop = async () => {
    child.kill("SIGKILL");
    await exited;
  };
  return { url: line.trim(), stop };
}

/** An upstream that counts, and says 503 when it is down. */
async function startUpstream() {
  const upstream = { down: false, asked: 0 };
  const server = createServer((request, response) => {
    upstream.asked += 1;
    response.statusCode = upstream.down ? 503 : 200;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ path: request.url, nth: upstream.asked }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  upstream.url = `http://127.0.0.1:${server.address().port}`;
  upstream.stop = () => server.close();
  return upstream;
}

async function node() {
  const upstream = await startUpstream();
  const server = await start(process.execPath, ["server.mjs"], "node/", { UPSTREAM: upstream.url });
  try {
    const sources = [];
    for (let call = 0; call < 2; call += 1) {
      const response = await fetch(server.url);
      same((await response.json()).path, "/forecast/London", "the answer");
      sources.push(response.headers.get("x-answer").replace(/,.*/, ""));
    }
    same(sources.join(), "load,hit", "where answers came from");
    upstream.down = true;
    same((await fetch(server.url)).status, 200, "a city that is known");
    same((await fetch(new URL("/Oslo", server.url))).status, 502, "one that is not");
    const metrics = await (await fetch(new URL("/metrics", server.url))).text();
    check(/holdover_\w*hits\w*\{[^}]*\} 2/.test(metrics), metrics);
  } finally {
    await server.stop();
    upstream.stop();
  }
}

async function deno() {
  const found = await findDeno();
  check(found !== undefined, "deno is not installed and not on the path");
  const upstream = await startUpstream();
  const folder = await mkdtemp(join(tmpdir(), "holdover-example-"));
  const settings = {
    UPSTREAM: upstream.url,
    KV_PATH: join(folder, "kv"),
    DENO_NO_UPDATE_CHECK: "1",
  };
  const args = ["run", "--no-prompt", "--no-remote", "--node-modules-dir=manual", "--unstable-kv"];
  const permissions = ["--allow-net=127.0.0.1", "--allow-env", "--allow-read", "--allow-write"];
  const run = () => start(found.program, [...args, ...permissions, "server.js"], "deno/", settings);
  const servers = [await run()];
  try {
    const [{ url }] = servers;
    const first = await fetch(url);
    same((await first.json()).path, "/forecast/London", "the answer");
    const second = await fetch(url);
    check(/; ?hit/.test(second.headers.get("cache-status")), second.headers.get("cache-status"));
    same(upstream.asked, 1, "how often the upstream was asked");
    upstream.down = true;
    servers.push(await run());
    const found = await settledIn(servers[1].url);
    same(found.status, 200, "another process, without an upstream");
    same((await found.json()).nth, 1, "which answer it has");
  } finally {
    for (const server of servers) await server.stop();
    upstream.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Its answer once it has one: what the first process stores is there a moment later. */
async function settledIn(url) {
  for (const end = Date.now() + 10_000; ; ) {
    const response = await fetch(url);
    if (response.ok || Date.now() > end) return response;
    await response.body?.cancel();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function serviceWorker() {
  const server = await start(process.execPath, ["serve.mjs"], "service-worker/", {});
  const browser = await launch();
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(START_MS);
    await page.goto(server.url);
    const output = page.locator("output");
    await output.filter({ hasText: /20\d\d-/ }).waitFor();
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
    const ask = async () => {
      const answered = page.waitForResponse((response) => response.url().endsWith("/api/time"));
      await page.getByRole("button").click();
      const { time } = await (await answered).json();
      await output.filter({ hasText: time }).waitFor();
      return { time, text: await output.textContent() };
    };
    const online = await ask();
    check(/holdover/.test(online.text), online.text);
    await server.stop();
    await page.reload();
    await output.filter({ hasText: /20\d\d-/ }).waitFor();
    same((await ask()).time, online.time, "the answer without a server");
  } finally {
    await browser.close();
    await server.stop();
  }
}

/** Has the page of the demo see a good origin, a slow one, one that fails, and none. */
async function demo() {
  const server = await start(process.execPath, ["serve.mjs"], "service-worker/demo/", {});
  const browser = await launch();
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(START_MS);
    await page.goto(server.url);
    const sees = (source) =>
      page.locator(`#strip [data-source="${source}"]`).first().waitFor({ state: "attached" });
    const figure = async (name) =>
      Number.parseInt(await page.textContent(`[data-figure="${name}"] dd`), 10);
    for (const source of ["load", "hit", "stale"]) await sees(source);
    await page.check("input[value=slow]");
    // A refresh that is slow is waited for by nobody; past the window, an old answer stands in.
    await sees("failover");
    await page.check("input[value=failing]");
    await sees("error-fallback");
    same(await figure("errors"), 0, "errors of an origin that fails");
    check((await figure("calls of the origin")) < (await figure("requests")), "calls are saved");
    await page.check("input[value=offline]");
    await page.reload();
    await sees("error-fallback");
    check(await page.isChecked("input[value=offline]"), "the server still says what it is");
    await server.stop();
    await page.reload();
    await page.locator("#state", { hasText: "The server is gone" }).waitFor();
    await sees("error-fallback");
    same(await figure("errors"), 0, "errors without a server");
  } finally {
    await browser.close();
    await server.stop();
  }
}

await attempt("examples/node", node);
await attempt("examples/deno", deno);
await attempt("examples/service-worker", serviceWorker);
await attempt("examples/service-worker/demo", demo);
finish();
