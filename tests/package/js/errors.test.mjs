import assert from "node:assert/strict";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import * as errors from "holdover";
import { HOME, manifest } from "../packaging/installed.mjs";

const { ConfigError, HoldoverError, isHoldoverError } = errors;

const CLASSES = {
  TimeoutError: "E_TIMEOUT",
  CircuitOpenError: "E_CIRCUIT_OPEN",
  RateLimitedError: "E_RATE_LIMITED",
  SlowCallsError: "E_SLOW_CALLS",
  BulkheadFullError: "E_BULKHEAD_FULL",
  LockTimeoutError: "E_LOCK_TIMEOUT",
  LockLostError: "E_LOCK_LOST",
  StoreError: "E_STORE",
  CodecError: "E_CODEC",
  SignatureError: "E_SIGNATURE",
  ClosedError: "E_CLOSED",
  HookError: "E_HOOK",
  RefusedError: "E_REFUSED",
};

for (const [name, code] of Object.entries(CLASSES)) {
  test(`${name} carries ${code}, its name, cause and retryAfter`, () => {
    const cause = new Error("why");
    const error = new errors[name]("no luck", { cause, retryAfter: 250, limit: 1, remaining: 0 });
    assert.ok(error instanceof HoldoverError && error instanceof Error);
    assert.equal(error.code, code);
    assert.equal(error.name, name);
    assert.equal(error.message, "no luck");
    assert.equal(error.cause, cause);
    assert.equal(error.retryAfter, 250);
    assert.equal(String(error), `${name}: no luck`);
    assert.match(error.stack, new RegExp(`^${name}: no luck\n`));
    assert.ok(isHoldoverError(error) && isHoldoverError(error, code));
    assert.ok(!isHoldoverError(error, "E_CONFIG"));
  });
}

test("what is not known is absent, not undefined", () => {
  const error = new errors.TimeoutError("late");
  assert.ok(!("retryAfter" in error) && !("cause" in error));
  assert.deepEqual(Object.keys(error), ["code"]);
});

test("RateLimitedError carries the limit", () => {
  const details = { limit: 10, remaining: 0, resetAt: 1_700_000_000_000, retryAfter: 5000 };
  const { limit, remaining, resetAt, retryAfter } = new errors.RateLimitedError("no", details);
  assert.deepEqual({ limit, remaining, resetAt, retryAfter }, details);
});

test("ConfigError is a TypeError that names option, value and what is allowed", () => {
  const error = new ConfigError("ttl", "10m5", "a number of milliseconds");
  assert.ok(error instanceof TypeError);
  assert.equal(error.name, "ConfigError");
  assert.equal(error.code, "E_CONFIG");
  assert.equal(error.option, "ttl");
  assert.equal(error.value, "10m5");
  assert.equal(error.allowed, "a number of milliseconds");
  const message = 'holdover: option "ttl" is "10m5"; allowed: a number of milliseconds';
  assert.equal(error.message, message);
  assert.ok(isHoldoverError(error, "E_CONFIG"));
});

test("a ConfigError's value is not listed when it is printed", () => {
  assert.ok(!Object.keys(new ConfigError("sign", "a secret", "x")).includes("value"));
});

const revoked = Proxy.revocable({}, {});
revoked.revoke();
const throwing = new Proxy(() => {}, {
  get() {
    throw new Error("trap");
  },
  getPrototypeOf() {
    throw new Error("trap");
  },
});
const ODD = [
  [Symbol("s"), "the symbol s"],
  [Symbol(), "a symbol"],
  [revoked.proxy, "an unreadable object"],
  [throwing, "an unreadable function"],
  [Object.create(null), "an object"],
  [() => {}, "a function"],
  [function named() {}, "the function named"],
  [Object.defineProperty(() => {}, "name", { value: {} }), "a function"],
  [class Foo {}, "the function Foo"],
  [new (class Foo {})(), "an instance of Foo"],
  [new (class {})(), "an instance of an unnamed class"],
  [Object.create({ constructor: 5 }), "an object"],
  [new Date(Number.NaN), "the Date NaN"],
  [[1, 2], "an array of 2"],
  [-0, "-0"],
  [Number.NaN, "NaN"],
  [1n, "1n"],
  [10n ** 100_000n, "a huge bigint"],
  [undefined, "undefined"],
  [null, "null"],
  [true, "true"],
  ["", '""'],
  ['"\u0000\n', '"\\"\\u0000\\n"'],
  ["\ud800", '"\\ud800"'],
  [{ toString: null, toJSON: () => assert.fail(), valueOf: () => assert.fail() }, "an object"],
];

for (const [value, text] of ODD) {
  test(`a ConfigError prints ${text}`, () => {
    const error = new ConfigError("x", value, "y");
    assert.equal(error.message, `holdover: option "x" is ${text}; allowed: y`);
    assert.equal(error.value, value);
  });
}

test("huge strings and names are cut", () => {
  const huge = "x".repeat(1_000_000);
  const { message } = new ConfigError(huge, huge, "y");
  assert.ok(message.length < 300);
  assert.match(message, /1000000 characters/);
  const long = Object.defineProperty(() => {}, "name", { value: huge });
  assert.ok(new ConfigError("x", long, "y").message.length < 300);
  assert.ok(new ConfigError("x", Symbol(huge), "y").message.length < 300);
});

test("isHoldoverError knows errors of another copy of the package", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "holdover-copy-"));
  t.after(() => rm(folder, { recursive: true }));
  await cp(HOME, folder, { recursive: true });
  const copy = await import(pathToFileURL(join(folder, manifest.main)).href);
  const foreign = new copy.TimeoutError("late");
  assert.ok(!(foreign instanceof errors.TimeoutError));
  assert.ok(isHoldoverError(foreign, "E_TIMEOUT"));
  assert.ok(isHoldoverError(new copy.ConfigError("a", 1, "b"), "E_CONFIG"));
});

test("guards of another copy of the package are refused as such", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "holdover-copy-"));
  t.after(() => rm(folder, { recursive: true }));
  await cp(HOME, folder, { recursive: true });
  const copy = await import(pathToFileURL(join(folder, "dist/guards.js")).href);
  const guards = [copy.slowCalls({ openFor: "1s" })];
  const wrap = () => errors.createCache().wrap(async () => 1, { ttl: 1, guards });
  const expected = {
    name: "ConfigError",
    message: /"guards\[0\]" .* \(of another copy of this package\)/,
  };
  assert.throws(wrap, expected);
});

test("isHoldoverError is false for everything else, and never throws", () => {
  const lookalike = Object.assign(new Error("late"), { code: "E_TIMEOUT", name: "TimeoutError" });
  const others = [lookalike, new Error("x"), null, undefined, 1, "E_TIMEOUT", revoked.proxy];
  for (const other of [...others, throwing, {}, Object.create(null), Symbol("x")])
    assert.equal(isHoldoverError(other), false);
});
