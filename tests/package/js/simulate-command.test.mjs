// `npx holdover simulate`: the command of the package, on small logs. Its figures are those of the
// native program, which a test holds to the Rust driver.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const HOME = join(ROOT, "tests/node_modules/holdover");
const MANIFEST = JSON.parse(readFileSync(join(HOME, "package.json"), "utf8"));
const COMMAND = join(HOME, MANIFEST.bin.holdover);
const SHOP = join(ROOT, "crates/simulate/tests/logs/shop.log");
const NATIVE = process.env.HOLDOVER_SIMULATE ?? join(ROOT, "target/debug/holdover-simulate");

let folder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdover-simulate-"));
});
after(() => rm(folder, { recursive: true }));

function holdover(words, input) {
  return spawnSync(process.execPath, [COMMAND, ...words], {
    input,
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
}

function simulate(words, input) {
  const { status, stdout, stderr } = holdover(["simulate", ...words], input);
  assert.equal(status, 0, stderr);
  assert.equal(stderr, "");
  return stdout;
}

const json = (words, input) => JSON.parse(simulate([...words, "--json"], input));

/** Writes a file of the folder; returns its path. */
async function file(name, content) {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

/** A log of so many requests, with some errors, some repetition, and a busy time. */
function csvOf(requests) {
  let state = 12345;
  const random = (below) => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * below);
  };
  let time = 1_700_000_000_000;
  let text = "time,key,size,latency,status\n";
  for (let nth = 0; nth < requests; nth++) {
    time += random(nth % 5000 < 2000 ? 20 : 200);
    const key = random(random(2) === 0 ? 20 : 3000);
    text += `${time},/page/${key},${random(9000)},${random(400)},${random(50) === 0 ? 503 : 200}\n`;
  }
  return text;
}

test("the command prints what the page shows", () => {
  const page = readFileSync(join(ROOT, "docs/simulate.md"), "utf8");
  const [, options, shown] =
    /```sh\nnpx holdover simulate (.*) \S+\n```\n[^`]*```text\n([^`]*)```/.exec(page);
  assert.equal(simulate([...options.split(" "), SHOP]).trimEnd(), shown.trimEnd());
});

test("all figures are those of the native program", async () => {
  assert.ok(existsSync(NATIVE), `${NATIVE}: cargo build --package holdover-simulate`);
  const traffic = await file("traffic.csv", csvOf(20_000));
  const grids = [
    [SHOP],
    [SHOP, traffic, "--memory", "100,1mb"],
    [traffic, "--ttl", "5s,1m", "--failover-after", "100ms", "--timeout", "300ms"],
    [traffic, "--ttl", "30s", "--memory", "7%", "--outage-at", "1700000200", "--max-age", "20s"],
  ];
  for (const words of grids) {
    for (const form of [[], ["--json"]]) {
      const all = [...words, ...form];
      const { status, stdout, stderr } = spawnSync(NATIVE, all, { encoding: "utf8" });
      assert.equal(status, 0, stderr);
      assert.ok(stdout.length > 1000);
      assert.equal(simulate(all), stdout, all.join(" "));
    }
  }
});

test("a compressed log is unpacked, whatever its name is, and archives in a row are one log", async () => {
  const log = readFileSync(SHOP);
  const cut = log.indexOf("\n", log.length / 2) + 1;
  const packed = Buffer.concat([gzipSync(log.subarray(0, cut)), gzipSync(log.subarray(cut))]);
  const expected = simulate([SHOP]);
  assert.equal(simulate([await file("shop.log.gz", packed)]), expected);
  assert.equal(simulate([await file("shop.log", packed)]), expected);
  assert.deepEqual(json(["--memory", "10", "-"], packed), json(["--memory", "10", "-"], log));
});

test("standard input is read once, so there is no outage but at a time that is given", () => {
  const log = readFileSync(SHOP);
  const piped = json(["--memory", "10", "-"], log);
  assert.equal(piped.outage, null);
  assert.deepEqual(piped, json(["--memory", "10", "--outage", "none", SHOP]));
  const at = String(json([SHOP]).outage.from);
  assert.deepEqual(
    json(["--memory", "10", "--outage-at", at, "-"], log),
    json(["--memory", "10", SHOP]),
  );
});

test("files are one log in their order, and the last line of each is a line", async () => {
  const one = await file("one.csv", "1700000000.5,/a,1000");
  const other = await file("other.csv", "1700000001.5,/b,1000");
  const report = json([one, other]);
  assert.deepEqual([report.log.accesses, report.keys], [2, 2]);
  const empty = await file("empty.csv", "");
  assert.deepEqual(json([empty, one, empty, other]), report);
});

const PROC = "/proc/self/fd";

/** True once a process has opened a file. */
function hasOpened(pid, path) {
  return readdirSync(`/proc/${pid}/fd`).some((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`) === path;
    } catch {
      return false;
    }
  });
}

test("a log that grows meanwhile is read as it was", { skip: !existsSync(PROC) }, async () => {
  const path = await file("growing.csv", csvOf(150_000));
  const child = spawn(process.execPath, [COMMAND, "simulate", "--ttl", "1m", "--json", path]);
  let text = "";
  child.stdout.on("data", (part) => {
    text += part;
  });
  while (!hasOpened(child.pid, path)) await setTimeout(1);
  appendFileSync(path, "1900000000,/late,1\n".repeat(1000));
  await once(child, "close");
  const { log, span } = JSON.parse(text);
  assert.equal(log.accesses, 150_000);
  assert.ok(span[1] < 1_800_000_000_000);
});

const USAGE = /usage: npx holdover simulate/;

test("what is wrong with a command line is said, with a status of 2", async () => {
  const cases = [
    [[], /^holdover: no command was given/, USAGE],
    [["simulation"], /^holdover: no command is called simulation/, USAGE],
    [["simulate"], /^holdover: no LOG was given/],
    [["simulate", "--ttl", "soon", SHOP], /^holdover: --ttl cannot be `soon`: it takes 0, forever/],
    [["simulate", "--tll=5m", SHOP], /--tll/],
    [["simulate", "--timeout", "1s", "--failover-after", "2s", SHOP], /failover_after/],
  ];
  for (const [words, ...expected] of cases) {
    const { status, stdout, stderr } = holdover(words, "");
    assert.equal(status, 2, `${words}: ${stderr}`);
    assert.equal(stdout, "");
    for (const pattern of expected) assert.match(stderr, pattern);
    assert.doesNotMatch(stderr, /\n {4}at /);
  }
});

test("what is wrong with a log is said, with a status of 1", async () => {
  const cut = await file("cut.log.gz", gzipSync(readFileSync(SHOP)).subarray(0, -20));
  const cases = [
    [[join(folder, "missing.log")], /cannot read the log: .*missing\.log/],
    [[cut], /cannot read the log: .*cut\.log\.gz: unexpected end of file/],
    [[folder], /cannot read the log: .*EISDIR/],
    [["--format", "json", SHOP], /no request to count: of 422 lines 422 cannot be read/],
    [[await file("empty.log", "")], /no request to count: of 0 lines/],
  ];
  for (const [words, expected] of cases) {
    const { status, stdout, stderr } = holdover(["simulate", ...words]);
    assert.equal(status, 1, `${words}: ${stderr}`);
    assert.equal(stdout, "");
    assert.match(stderr, expected);
    assert.doesNotMatch(stderr, /\n {4}at /);
  }
});

test("the help text has every option, the version is the package's", () => {
  const help = simulate(["--help"]);
  assert.match(help, /^holdover simulate: /);
  for (const option of ["--format", "--ttl", "--memory", "--outage-at", "--max-age", "--json"]) {
    assert.ok(help.includes(option), option);
  }
  assert.match(holdover(["--help"]).stdout, USAGE);
  assert.equal(holdover(["--version"]).stdout, `${MANIFEST.version}\n`);
});

test("a reader that has seen enough ends the command quietly", async () => {
  const child = spawn(process.execPath, [COMMAND, "simulate", "--json", SHOP]);
  child.stdout.destroy();
  let errors = "";
  for await (const part of child.stderr) errors += part;
  if (child.exitCode === null) await once(child, "exit");
  assert.deepEqual([child.exitCode, errors], [0, ""]);
});

test("a log larger than the memory it is read in streams", async () => {
  // One key, so nothing but the log could fill the heap.
  const line = `${"1700000000.5,/a,1000"}${" ".repeat(180)}\n`;
  const child = spawn(process.execPath, [
    "--max-old-space-size=24",
    COMMAND,
    ..."simulate --ttl 1m --memory 10 --eviction lru --stale-if-error 0".split(" "),
    ..."--stale-while-revalidate 0 --json -".split(" "),
  ]);
  const piece = line.repeat(20_000);
  const pieces = 30;
  (async () => {
    for (let nth = 0; nth < pieces; nth++) {
      if (!child.stdin.write(piece)) await once(child.stdin, "drain");
    }
    child.stdin.end();
  })();
  let text = "";
  for await (const part of child.stdout) text += part;
  assert.equal(JSON.parse(text).log.accesses, pieces * 20_000);
});
