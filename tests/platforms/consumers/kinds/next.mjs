// Next.js: its runtimes, its bundlers, and OpenNext.

import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { askTwice, page, wranglerDev } from "../support/hosts.mjs";
import { node, withServer } from "../support/programs.mjs";
import { wholeProject } from "../support/projects.mjs";

const NEXT = "node_modules/next/dist/bin/next";
const PATHS = ["edge", "middleware", "node", "rsc"];

/** Asks every part of the application, and its page in Chromium. */
async function parts(url, said) {
  const results = {};
  for (const path of PATHS) results[path] = await askTwice(`${url}/${path}`);
  results.client = await page(`${url}/client`);
  results.edge.said += said();
  return results;
}

async function built(project, flags) {
  const cwd = await wholeProject(project, "next");
  await node([NEXT, "build", ...flags], { cwd });
  return withServer((port) => [NEXT, "start", "-H", "127.0.0.1", "-p", port], { cwd }, parts);
}

async function inDevelopment(project, flags) {
  const cwd = await wholeProject(project, "next");
  const dev = (port) => [NEXT, "dev", ...flags, "-H", "127.0.0.1", "-p", port];
  return withServer(dev, { cwd }, parts);
}

/** Next.js 16 calls it `proxy`, and runs it on Node. */
async function proxied() {
  const cwd = await wholeProject("next-16", "next");
  const middleware = join(cwd, "middleware.js");
  const code = await readFile(middleware, "utf8");
  await writeFile(join(cwd, "proxy.js"), code.replace("const middleware =", "const proxy ="));
  await rm(middleware);
  await node([NEXT, "build"], { cwd });
  const start = (port) => [NEXT, "start", "-H", "127.0.0.1", "-p", port];
  return withServer(start, { cwd }, (url) => askTwice(`${url}/middleware`));
}

/** What `"use cache"` keeps, before and after a tag and a path were revalidated. */
async function kept(url) {
  const ask = (path) => askTwice(`${url}/${path}`);
  const results = { "use cache": await ask("value"), "use cache: remote": await ask("remote") };
  for (const what of ["tag=value", "path=/value"]) {
    const response = await fetch(`${url}/revalidate?${what}`);
    if (!response.ok) throw new Error(`revalidate: ${response.status}`);
    results[what] = await ask("value");
  }
  return results;
}

async function cacheHandler() {
  const cwd = await wholeProject("next-16", "next-cache");
  await node([NEXT, "build"], { cwd });
  return withServer((port) => [NEXT, "start", "-H", "127.0.0.1", "-p", port], { cwd }, kept);
}

async function openNext(settings) {
  const cwd = await wholeProject("next-16", "next");
  // OpenNext bundles no routes of the edge runtime.
  for (const name of ["app/edge", "middleware.js"]) await rm(join(cwd, name), { recursive: true });
  const cli = "node_modules/@opennextjs/cloudflare/dist/cli/index.js";
  await node([cli, "build"], { cwd, env: settings });
  return wranglerDev(cwd, "/node");
}

const entry = (name, project, answers, more) => ({
  name,
  tools: { [project]: ["next"] },
  expects: "hit",
  parts: "edge route, edge middleware, Node route, server component, page",
  answers,
  ...more,
});

const OPENNEXT = { tools: { "next-16": ["@opennextjs/cloudflare", "next"] }, parts: "Node route" };

export const NEXT_JS = [
  entry("Next.js 16, Turbopack", "next-16", () => built("next-16", [])),
  entry("Next.js 16, webpack", "next-16", () => built("next-16", ["--webpack"])),
  entry("Next.js 16, development", "next-16", () => inDevelopment("next-16", [])),
  entry("Next.js 16, `proxy.js`", "next-16", proxied, { parts: "on Node" }),
  entry("Next.js 15, webpack", "next-15", () => built("next-15", [])),
  entry("Next.js 15, Turbopack", "next-15", () => built("next-15", ["--turbopack"])),
  entry("Next.js 15, development", "next-15", () => inDevelopment("next-15", [])),
  entry("Next.js 16, cache handler", "next-16", cacheHandler, {
    parts: "`use cache`, `use cache: remote`, revalidated tag and path",
    functionsOnly: true,
  }),
  entry("OpenNext for Cloudflare", "next-16", () => openNext({ EXTERNAL: "holdover" }), {
    ...OPENNEXT,
    hint: '`serverExternalPackages: ["holdover"]` in `next.config`',
  }),
  entry("OpenNext for Cloudflare, without its setting", "next-16", () => openNext({}), {
    ...OPENNEXT,
    expects: "warning",
    cure: /OpenNext: serverExternalPackages/,
  }),
];
