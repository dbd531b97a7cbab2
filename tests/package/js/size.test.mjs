import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError } from "holdover";
import { byteSize, sizeOf } from "../../internal.mjs";

const GOOD = [
  [1, 1],
  [1.9, 1],
  [1024, 1024],
  [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  ["100b", 100],
  ["512kb", 524_288],
  ["32mb", 33_554_432],
  ["32MB", 33_554_432],
  ["32Mb", 33_554_432],
  ["1gb", 1_073_741_824],
  ["1.5kb", 1536],
  ["0.5kb", 512],
];

for (const [given, expected] of GOOD) {
  test(`${given} is ${expected} bytes`, () => {
    assert.equal(byteSize(given, { option: "maxBytes" }), expected);
  });
}

const BAD = [
  "",
  "32",
  "32 mb",
  "mb",
  "-1b",
  "1tb",
  "1e3b",
  "1kb1b",
  "0b",
  "0.1b",
  " 1b",
  "1b\n",
  "Infinity",
];
const WORSE = [
  `${"9".repeat(30)}gb`,
  0,
  0.5,
  -1,
  Number.NaN,
  2 ** 53,
  null,
  undefined,
  true,
  5n,
  {},
  [],
  () => 1,
];

for (const given of [...BAD, ...WORSE]) {
  test(`${typeof given} ${String(given)} is no size`, () => {
    assert.throws(
      () => byteSize(given, { option: "maxBytes" }),
      (error) =>
        error instanceof ConfigError &&
        error.option === "maxBytes" &&
        /a number of bytes, at least 1, a string like "32mb"/.test(error.allowed),
    );
  });
}

test("known sizes are exact", () => {
  assert.equal(sizeOf("hello"), 10);
  assert.equal(sizeOf(""), 0);
  assert.equal(sizeOf(new ArrayBuffer(1000)), 1000);
  assert.equal(sizeOf(new SharedArrayBuffer(1000)), 1000);
  assert.equal(sizeOf(new Uint8Array(1000)), 1000);
  assert.equal(sizeOf(new Float64Array(1000)), 8000);
  assert.equal(sizeOf(new Uint8Array(1000).subarray(10, 20)), 10);
  assert.equal(sizeOf(new DataView(new ArrayBuffer(8))), 8);
  assert.equal(sizeOf(new Blob(["hello"])), 5);
  for (const scalar of [null, undefined, 0, 1.5, Number.NaN, true, false])
    assert.equal(sizeOf(scalar), 8);
});

test("objects count their members and names", () => {
  assert.ok(sizeOf({}) > 0);
  assert.ok(sizeOf({ a: "x".repeat(1000) }) >= 2000);
  assert.ok(sizeOf({ ["k".repeat(1000)]: 1 }) >= 2000);
  assert.ok(sizeOf([1, 2, 3]) > sizeOf([]));
  assert.ok(sizeOf(new Map([["x".repeat(1000), "y".repeat(1000)]])) >= 4000);
  assert.ok(sizeOf(new Set(["x".repeat(1000)])) >= 2000);
  assert.ok(sizeOf({ body: new Uint8Array(5000), head: [["a", "b"]] }) >= 5000);
  assert.ok(sizeOf(new Error("x".repeat(1000))) >= 2000);
  assert.ok(sizeOf(new URL(`https://example.org/${"x".repeat(1000)}`)) >= 2000);
});

test("cycles, shared parts and deep nesting end", () => {
  const cycle = { name: "a" };
  cycle.self = cycle;
  assert.ok(sizeOf(cycle) < 200);
  const shared = "x".repeat(100);
  const part = { shared };
  assert.ok(sizeOf([part, part, part]) < 2 * sizeOf([part]));
  let deep = {};
  for (let level = 0; level < 100_000; level += 1) deep = { deep };
  assert.ok(sizeOf(deep) > 0);
  let wide = [];
  for (let level = 0; level < 200; level += 1) wide = [wide, wide];
  assert.ok(sizeOf(wide) > 0);
});

test("big containers are sampled, to about the right size and with a bounded number of reads", () => {
  let reads = 0;
  const read = () => {
    reads += 1;
    return "somebody";
  };
  const row = (id) => Object.defineProperty({ id }, "name", { get: read, enumerable: true });
  const rows = Array.from({ length: 200_000 }, (_, id) => row(id));
  const estimate = sizeOf(rows);
  assert.ok(reads > 100 && reads < 5000, `${reads} reads`);
  const one = sizeOf([rows[0]]) - sizeOf([]);
  assert.ok(Math.abs(estimate / (one * rows.length) - 1) < 0.1);
  const entries = new Map(rows.map((row) => [row.id, row]));
  assert.ok(sizeOf(entries) > rows.length * 20);
  assert.ok(Number.isFinite(sizeOf(new Array(2 ** 32 - 1))));
});

test("sizeOf never throws", () => {
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const getter = {
    get boom() {
      throw new Error("boom");
    },
  };
  for (const odd of [revoked.proxy, getter, Symbol("x"), () => 1, 5n, Object.create(null)])
    assert.ok(sizeOf(odd) > 0);
});
