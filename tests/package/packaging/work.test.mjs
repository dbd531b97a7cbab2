import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { METER, metered } from "./work/meter.mjs";
import { UPDATE, verdictOn, worked } from "./work.mjs";

/**
 * (global (mut i32) (i32.const 0))
 * (func (export "f") (param i32)
 *   (if (local.get 0) (then (drop (i32.const 200))) (else return))
 *   (loop (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if 0 (local.get 0))))
 */
const COUNTED = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x05, 0x01, 0x60, 0x01, 0x7f, 0x00], // types
  ...[0x03, 0x02, 0x01, 0x00], // functions
  ...[0x06, 0x06, 0x01, 0x7f, 0x01, 0x41, 0x00, 0x0b], // globals
  ...[0x07, 0x05, 0x01, 0x01, 0x66, 0x00, 0x00], // exports
  ...[0x0a, 0x1d, 0x01, 0x1b, 0x00], // code
  ...[0x20, 0x00, 0x04, 0x40, 0x41, 0xc8, 0x01, 0x1a, 0x05, 0x0f, 0x0b],
  ...[0x03, 0x40, 0x20, 0x00, 0x41, 0x01, 0x6b, 0x21, 0x00, 0x20, 0x00, 0x0d, 0x00, 0x0b, 0x0b],
]);

test("a meter counts what runs, and that alone", () => {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(metered(COUNTED)));
  const countOf = (given) => {
    const before = exports[METER].value;
    exports.f(given);
    return Number(exports[METER].value - before);
  };
  assert.equal(countOf(0), 2);
  assert.equal(countOf(1), 3 + 6);
  assert.equal(countOf(100), 3 + 600);
});

test("a count is wrong beyond 5 % more, and beyond 20 % less", () => {
  assert.deepEqual([verdictOn(105, 100), verdictOn(80, 100)], [undefined, undefined]);
  assert.match(verdictOn(106, 100), /more than 100/);
  assert.match(verdictOn(79, 100), /less than 100/);
  assert.match(verdictOn(1, undefined), /not kept/);
});

const counts = await worked();

test("what is kept are the paths that there are", async () => {
  const kept = JSON.parse(await readFile(new URL("work-budget.json", import.meta.url), "utf8"));
  assert.deepEqual(Object.keys(kept), [...new Set(counts.map(({ path }) => path))]);
});

for (const { path, measure, count, verdict } of counts) {
  test(`${path}: ${measure}`, () => {
    assert.ok(count > 0, "nothing was counted");
    assert.equal(verdict, undefined, `${count} ${verdict}; ${UPDATE}`);
  });
}
