import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError } from "holdover";
import { duration } from "../../internal.mjs";

const anything = { option: "ttl", zero: true, infinite: true };

const GOOD = [
  [0, 0],
  [-0, 0],
  [1, 1],
  [1.4, 1],
  [1.5, 2],
  [0.2, 0],
  [2 ** 53, 2 ** 53],
  [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  ["0s", 0],
  ["0ms", 0],
  ["5ms", 5],
  ["1s", 1000],
  ["5m", 300_000],
  ["1h", 3_600_000],
  ["1d", 86_400_000],
  ["2w", 1_209_600_000],
  ["1.5s", 1500],
  ["0.1s", 100],
  ["1.1s", 1100],
  ["0.5ms", 1],
  ["1h30m", 5_400_000],
  ["1h1ms", 3_600_001],
  ["1m1ms", 60_001],
  ["1w2d3h4m5s6ms", 788_645_006],
  ["1.5h0.5m", 5_430_000],
  ["007s", 7000],
  ["90m", 5_400_000],
];

for (const [given, expected] of GOOD) {
  test(`${JSON.stringify(given) ?? given} is ${expected} ms`, () => {
    assert.ok(Object.is(duration(given, anything), expected));
  });
}

const BAD = [
  "",
  " ",
  "10",
  "10m5",
  "5 parsecs",
  "5 m",
  " 5m",
  "5m ",
  "5M",
  "5MS",
  "1m1h",
  "1s1s",
  "1h1h",
  "1ms1s",
  "-5m",
  "+5m",
  ".5s",
  "5.s",
  "1e3s",
  "1,5s",
  "1_000ms",
  "0x10ms",
  "٣s",
  "Infinity",
  "infinity",
  "NaN",
  "5y",
  "m",
  "ms",
  "5m\n",
  "5m\u0000",
  "5µs",
  `${"9".repeat(400)}w`,
  `${"9".repeat(1_000_000)}s`,
  `${2 ** 53}s`,
  Number.NaN,
  -1,
  -0.6,
  Number.NEGATIVE_INFINITY,
  2 ** 53 + 2,
  Number.MAX_VALUE,
  null,
  undefined,
  true,
  5n,
  {},
  [],
  [5],
  new Number(5),
  new String("5m"),
  Symbol("5m"),
  () => 5,
  new Date(5),
  { valueOf: () => 5 },
];

for (const given of BAD) {
  test(`${String(typeof given === "string" ? JSON.stringify(given.slice(0, 20)) : typeof given)} is refused`, () => {
    assert.throws(
      () => duration(given, anything),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.equal(error.option, "ttl");
        assert.ok(Object.is(error.value, given));
        assert.match(error.message, /^holdover: option "ttl" is .+; allowed: a number of milli/);
        assert.match(error.allowed, /units ms s m h d w/);
        return true;
      },
    );
  });
}

test("0 and Infinity only where the option takes them", () => {
  for (const zero of [0, -0, "0s", 0.4, "0.4ms"])
    assert.throws(() => duration(zero, { option: "timeout" }), /more than 0/);
  assert.equal(duration(1, { option: "timeout" }), 1);
  assert.throws(() => duration(Number.POSITIVE_INFINITY, { option: "x", zero: true }), ConfigError);
});

test("max is a limit for finite durations", () => {
  const range = { option: "timeout", max: 1000, infinite: true };
  assert.equal(duration("1s", range), 1000);
  assert.throws(() => duration(1001, range), /at most 1000 ms, or Infinity/);
  assert.equal(duration(Number.POSITIVE_INFINITY, range), Number.POSITIVE_INFINITY);
});

test("a missing duration is called required", () => {
  assert.throws(() => duration(undefined, anything), /"ttl" is undefined \(it is required\)/);
});
