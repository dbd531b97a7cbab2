// The newest edition of the suite, of which npm has no package: npm's 0.4.5 and, in words of our
// own, what became of each of its tests and which are new.
//
// A row has an `id`, a `kind` ("required" if none is given), the `rule` it asks after, the tests
// that it `needs`, and for which caches alone it is (`for`). `exchanges` are what is sent in turn;
// `head` and `again` are short for two of them with a pause between. Fields are written
// `name: value`, with `|` between them, times as `now+60`; a field with a `?` may be changed on its
// way. Of an exchange:
//
// - `with`, `asks`: fields of the client's request, and fields that the origin is to see
// - `origin`, `status`, `interim`, `delay`, `cut`: what the origin answers
// - `answered`, `gets`, `got`, `lacks`: what the client is to be given
// - `setup`, `supposes`: what says nothing about the cache when it fails; `pause`: then time passes

import npm from "http-cache-tests/tests/index.mjs";
import age from "./age.mjs";
import { GONE, kindOf, needsOf, setUp } from "./base.mjs";
import directives from "./directives.mjs";
import expires from "./expires.mjs";
import interim from "./interim.mjs";
import other from "./other.mjs";
import stale from "./stale.mjs";
import targeted from "./targeted.mjs";

const ROWS = [age, directives, expires, interim, other, stale, targeted].flat();

const ANSWERED = {
  reused: "cached",
  asked: "not_cached",
  "validated by its tag": "etag_validated",
};

const ONLY = {
  shared: { browser_skip: true },
  "no browser": { browser_skip: true },
  cdn: { cdn_only: true },
};

/** Parses `name: value | name?: value`. */
function fieldsOf(text) {
  if (text === "") return [];
  return text.split(" | ").map((field) => {
    const [, name, loose, value] = /^([^:?]+)(\??): ?(.*)$/.exec(field);
    const [, offset] = /^now([+-]\d+)?$/.exec(value) ?? [];
    const parsed = value.startsWith("now") ? Number(offset ?? 0) : value;
    return loose === "" ? [name, parsed] : [name, parsed, false];
  });
}

/** Parses what is to be there: a field, its name alone, or `name > number`. */
function expectedOf(text) {
  const [, name, least] = /^([\w-]+) > (\d+)$/.exec(text) ?? [];
  if (name !== undefined) return [[name, ">", Number(least)]];
  return text.includes(":") ? fieldsOf(text) : [text];
}

/** An exchange in the form of the suite's runner. */
function exchangeOf(given) {
  const { status, interim: early, cut } = given;
  const [, code, phrase] = /^(\d+) (.*)$/.exec(status ?? "") ?? [];
  const entries = {
    request_headers: given.with && fieldsOf(given.with),
    expected_request_headers: given.asks && fieldsOf(given.asks),
    response_status: code && [Number(code), phrase],
    response_headers: given.origin && fieldsOf(given.origin),
    interim_response: early && [early.status, fieldsOf(early.fields)],
    response_delay: given.delay,
    disconnect: cut,
    expected_type: ANSWERED[given.answered],
    // The runs are behind a front that makes a 502 of an error, as proxies do.
    ...(given.gets && { expected_status: 502, check_body: false }),
    expected_response_headers: given.got && expectedOf(given.got),
    expected_response_headers_missing: given.lacks?.split(", "),
    setup: given.setup,
    setup_tests: given.supposes && [given.supposes],
    pause_after: given.pause || undefined,
  };
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));
}

function testOf(row) {
  const again = typeof row.again === "string" ? { answered: row.again } : row.again;
  const exchanges = row.exchanges ?? [
    { origin: row.head, setup: true, pause: row.pause ?? true },
    again,
  ];
  return {
    id: row.id,
    name: row.rule,
    kind: row.kind ?? "required",
    depends_on: [row.needs ?? []].flat(),
    ...ONLY[row.for],
    requests: exchanges.map(exchangeOf),
  };
}

function kept(test) {
  const requests = structuredClone(test.requests);
  setUp(test.id, requests);
  return { ...test, requests, kind: kindOf(test), depends_on: needsOf(test) };
}

function build() {
  const rows = ROWS.map(testOf);
  const own = new Set(rows.map(({ id }) => id));
  const old = npm.flatMap(({ tests }) => tests);
  for (const id of GONE) if (!old.some((test) => test.id === id)) throw new Error(`no ${id}`);
  const stay = old.filter(({ id }) => !own.has(id) && !GONE.includes(id));
  return new Map([...stay.map(kept), ...rows].map((test) => [test.id, test]));
}

/** All tests of the newest edition, by id. */
export const TESTS = build();
