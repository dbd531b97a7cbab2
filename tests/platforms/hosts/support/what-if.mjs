// The site's page that plays a log, as a visitor uses it. Its figures are those of the command.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const SHOP = join(ROOT, "crates/simulate/tests/logs/shop.log");
const COMMAND = join(ROOT, "pkg/dist/command.js");

/** What the command says of the same log. */
function reportOf(...words) {
  const all = [COMMAND, "simulate", ...words, "--json", SHOP];
  const { stdout, stderr } = spawnSync(process.execPath, all, { encoding: "utf8" });
  assert.equal(stderr, "");
  return JSON.parse(stdout);
}

/** Has a page try the example; waits for its report. */
export async function tryExample(page) {
  await page.click("text=Try the log of a small shop");
  await page.waitForSelector(".what-if table");
}

/** The cells of a column, of the policies alone. */
async function column(page, name) {
  const names = await page.locator(".what-if thead th").allTextContents();
  const nth = names.indexOf(name) + 1;
  assert.ok(nth > 0, `${name} of ${names}`);
  return await page.locator(`.what-if tbody td:nth-child(${nth})`).allTextContents();
}

const calls = (report) => report.policies.map(({ all }) => all.originCalls.toLocaleString("en"));

/** The figures of the example, and what can be done with them. */
export async function example(page) {
  const sent = [];
  page.on("request", (request) => {
    if (request.method() !== "GET" || request.postData() !== null) sent.push(request.url());
  });
  await tryExample(page);
  const report = reportOf();
  assert.equal(report.policies.length, 64);
  assert.deepEqual(await column(page, "origin calls"), calls(report));
  assert.equal(await page.locator(".what-if svg .survived, .what-if svg .failed").count(), 64);
  assert.equal(await page.locator(".what-if svg .advised").count(), 1);
  assert.deepEqual(await page.locator(".what-if ol li").allTextContents(), report.advice.reason);
  const codes = await page.locator(".what-if pre").allTextContents();
  assert.deepEqual(codes, [report.advice.typescript, report.advice.rust]);
  // By the keyboard: the heading sorts, and once more the other way round.
  const sorted = calls(report).map((text) => Number(text.replaceAll(",", "")));
  sorted.sort((one, two) => one - two);
  for (const expected of [sorted, sorted.toReversed()]) {
    await page.locator(".what-if th button", { hasText: "origin calls" }).press("Enter");
    const shown = await column(page, "origin calls");
    assert.deepEqual(
      shown.map((text) => Number(text.replaceAll(",", ""))),
      expected,
    );
  }
  assert.equal(await page.locator("tr.advised").count(), 1);
  assert.deepEqual(sent, [], "nothing leaves the page");
}

/** Options, wrong ones, wrong logs, and a compressed one that is dropped. */
export async function options(page) {
  await page.fill(".what-if input[name=ttl]", "soon");
  await page.click("text=Try the log of a small shop");
  await page.locator(".what-if [role=alert]", { hasText: "--ttl cannot be `soon`" }).waitFor();
  assert.equal(await page.isVisible(".what-if progress"), false);
  await page.fill(".what-if input[name=ttl]", "10s,5m");
  await page.setInputFiles(".what-if input[type=file]", file("notes.txt", Buffer.from("hello")));
  await page.locator(".what-if [role=alert]", { hasText: "no request to count" }).waitFor();
  const packed = [...gzipSync(await readFile(SHOP))];
  const dropped = await page.evaluateHandle((bytes) => {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(bytes)], "shop.log.gz"));
    return data;
  }, packed);
  await page.dispatchEvent(".what-if .drop", "drop", { dataTransfer: dropped });
  await page.waitForSelector(".what-if table");
  assert.equal(await page.textContent(".what-if [role=alert]"), "");
  assert.deepEqual(await column(page, "origin calls"), calls(reportOf("--ttl", "10s,5m")));
}

/** A long run shows how far it is, is stopped, and another one follows. */
export async function stop(page) {
  const lines = Array.from({ length: 600_000 }, (_, nth) => {
    return `${1_700_000_000_000 + nth * 20},/${(nth * 7919) % 20_011},${nth % 5000}`;
  });
  await page.setInputFiles(
    ".what-if input[type=file]",
    file("long.csv", Buffer.from(lines.join("\n"))),
  );
  await page.waitForFunction(() => {
    const bar = document.querySelector(".what-if progress");
    return bar.checkVisibility() && bar.value > 0 && /%/.test(bar.closest(".what-if").textContent);
  });
  await page.locator(".what-if .stop").press("Enter");
  assert.equal(await page.textContent(".what-if [role=status]"), "Stopped.");
  assert.equal(await page.isVisible(".what-if progress"), false);
  assert.equal(await page.locator(".what-if table").count(), 0);
  await tryExample(page);
  assert.equal(await page.textContent(".what-if [role=status]"), "Done.");
}

const file = (name, buffer) => ({ name, mimeType: "text/plain", buffer });
