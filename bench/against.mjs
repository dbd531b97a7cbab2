// `--against FOLDER`: this package and another build of it, in turns in one process. Two runs one
// after the other differ by more than a change costs; turns do not.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { keyOf, keys, skewed } from "./keys.mjs";
import { own, race } from "./measure.mjs";
import { holdover, holdoverOf } from "./peers/holdover.mjs";

const ENTRIES = 10_000;
const HOT = 1000;
const HEADERS = { "cache-control": "max-age=3600", "content-type": "application/octet-stream" };

const origin = async (key) => ({ key, name: "somebody" });

const inTurn = (called, asked) =>
  own(
    ["called", "asked"],
    `let at = 0;
    return () => {
      at = at === asked.length - 1 ? 0 : at + 1;
      return called(asked[at]);
    };`,
    [called, asked],
  );

async function hits(called, asked = keys(HOT)) {
  for (const one of asked) await called(one);
  return { run: inTurn(called, asked) };
}

async function missing({ cached }, index) {
  const called = cached((key) => Promise.resolve(key.length), ENTRIES);
  for (let warm = 0; warm < ENTRIES; warm += 1) await called(keyOf(`warm${index}`, warm));
  let next = 0;
  return {
    prepare: () => keyOf(`cold${index}`, next++),
    run: own(["called"], "return (key) => called(key)", [called]),
  };
}

function bursts({ cached }, index) {
  const called = cached((key) => new Promise((tell) => setImmediate(tell, key.length)), ENTRIES);
  let next = 0;
  return {
    prepare: () => keyOf(`burst${index}`, next++),
    run: (key) => Promise.all(Array.from({ length: 1000 }, () => called(key))),
  };
}

function stored({ store }) {
  const { self, set } = store(ENTRIES, 3_600_000);
  const held = keys(ENTRIES);
  for (const key of held) set(key, { key });
  const body = `let at = 0; let last;
    return () => { at = (at + 1) & 65535; last = store.get(asked[at]); return last; };`;
  return { run: own(["store", "asked"], body, [self, skewed(held, 2 ** 16)]) };
}

async function handled({ handling }, kilobytes) {
  const bytes = new Uint8Array(kilobytes * 1024).fill(120);
  const handler = handling(() => new Response(bytes, { headers: HEADERS }));
  const request = new Request("http://bench.test/data");
  const body = "return async () => (await (await handler(request)).arrayBuffer()).byteLength";
  const run = own(["handler", "request"], body, [handler, request]);
  for (let warm = 0; warm < 3; warm += 1) await run();
  return { run };
}

const WORKS = [
  { title: "P1 hit", of: (one) => hits(one.cached(origin, ENTRIES)) },
  { title: "P1 hit, `user:{0}`", of: (one) => hits(one.templated(origin, ENTRIES)) },
  { title: "P1 hit, derived key", of: (one) => hits(one.derived(origin, ENTRIES)) },
  { title: "P2 synchronous get", of: stored, batch: 8192 },
  { title: "P3 cold miss", of: missing },
  { title: "P4 hit, all guards", of: (one) => hits(one.guarded(origin, ENTRIES)) },
  { title: "P6 handler, 1 KB", of: (one) => handled(one, 1), batch: 64 },
  { title: "P6 handler, 100 KB", of: (one) => handled(one, 100), batch: 64 },
  { title: "P12 1,000 calls on a cold key", of: bursts, batch: 1 },
];

/** The methods that stood for `holdover/fetch` before there was one. */
const METHODS = {
  cachedFetch: (cache) => cache.fetch(),
  cachedHandler: (cache, handler) => cache.handler(handler),
};

/** Yields each work's table for this package and the one in `folder`. */
export async function* run(folder) {
  const { exports } = JSON.parse(readFileSync(resolve(folder, "package.json"), "utf8"));
  const imported = (entry) => import(pathToFileURL(resolve(folder, entry.default)));
  const other = await imported(exports["."]);
  const fetching = exports["./fetch"] === undefined ? METHODS : await imported(exports["./fetch"]);
  const guards = exports["./guards"] && (await imported(exports["./guards"]));
  const both = [holdover, holdoverOf(other, fetching, guards, "the other build")];
  for (const { title, of, batch } of WORKS) {
    const contenders = [];
    for (const [index, one] of both.entries()) {
      contenders.push({ name: one.name, ...(await of(one, index)) });
    }
    const results = await race(contenders, { batch });
    yield { title, results, gates: [] };
  }
}
