// Derived keys against an oracle: two lists of arguments have the same key if, and only if, a naive
// structural comparison calls them the same. HOLDOVER_SEED repeats a run.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { derivedKey } from "../../internal.mjs";
import { seedOf } from "./support/seed.mjs";

const seed = seedOf(20_261_128);

const own = (value, name) => Object.prototype.propertyIsEnumerable.call(value, name);

function sameMembers(a, b) {
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => own(b, name) && same(a[name], b[name]))
  );
}

function sameInAnyOrder(a, b) {
  const left = [...b];
  return (
    a.length === b.length &&
    a.every((item) => {
      const at = left.findIndex((other) => same(item, other));
      if (at >= 0) left.splice(at, 1);
      return at >= 0;
    })
  );
}

function sameBytes(a, b) {
  const bytes = (value) =>
    value instanceof ArrayBuffer
      ? new Uint8Array(value)
      : new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  const [one, other] = [bytes(a), bytes(b)];
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

const prototype = (value) => Object.getPrototypeOf(value) ?? Object.prototype;

function same(a, b) {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null)
    return a === b || (Number.isNaN(a) && Number.isNaN(b));
  if (prototype(a) !== prototype(b)) return false;
  if (a instanceof Date) return same(a.getTime(), b.getTime());
  if (a instanceof RegExp) return a.source === b.source && a.flags === b.flags;
  if (a instanceof URL || a instanceof URLSearchParams) return String(a) === String(b);
  if (a instanceof Map) return sameInAnyOrder([...a], [...b]);
  if (a instanceof Set) return sameInAnyOrder([...a], [...b]);
  if (a instanceof ArrayBuffer || ArrayBuffer.isView(a)) return sameBytes(a, b);
  return a.length === b.length && sameMembers(a, b); // holes are members that are not there
}

function sameArguments(a, b) {
  const trimmed = (args) => args.slice(0, args.findLastIndex((arg) => arg !== undefined) + 1);
  const [one, other] = [trimmed(a), trimmed(b)];
  return one.length === other.length && one.every((arg, index) => same(arg, other[index]));
}

/** Rebuilds a value with every order that must not count reversed. */
function reordered(value) {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const copy = new Array(value.length);
    for (const name of Object.keys(value)) copy[name] = reordered(value[name]);
    return copy;
  }
  if (value instanceof Map)
    return new Map(
      [...value].reverse().map(([key, member]) => [reordered(key), reordered(member)]),
    );
  if (value instanceof Set) return new Set([...value].reverse().map(reordered));
  if (value instanceof Date) return new Date(value.getTime());
  if (value instanceof RegExp) return new RegExp(value.source, value.flags);
  if (value instanceof URL) return new URL(value.href);
  if (value instanceof URLSearchParams) return new URLSearchParams(value);
  if (Buffer.isBuffer(value)) return Buffer.from(value);
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return structuredClone(value);
  const entries = Object.entries(value).reverse();
  return Object.fromEntries(entries.map(([name, member]) => [name, reordered(member)]));
}

const hostile = fc.constantFrom(
  ...["", "a", "b", ",", "a,b", "s1:a", "$a", "1", "1,$a", "null", "undefined", "true", "NaN"],
  ...["\u0000", "\ud800", "\udc00", "\ufffd", "__proto__", "constructor", "toString", "_", "i1"],
  ...["[1]", "{1:a=1}", "m(1=1)", "e(1)", "d0", "]", "}", ")", "=", ":", "0:", "1:a=", "%", "%2C"],
);
const units = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 3 })
  .map((list) => String.fromCharCode(...list));
const text = fc.oneof(
  { weight: 4, arbitrary: hostile },
  { weight: 1, arbitrary: units },
  { weight: 1, arbitrary: fc.tuple(hostile, hostile).map((parts) => parts.join("")) },
);
const bytes = fc.uint8Array({ maxLength: 3, max: 2 });
const whole = fc.integer({ min: -2, max: 12 });
const leaf = fc.oneof(
  { weight: 6, arbitrary: text },
  { weight: 3, arbitrary: whole },
  { weight: 1, arbitrary: fc.double() },
  fc.constantFrom(true, false, null, undefined, 0, -0, Number.NaN, 1e21, 1e-7, 0.1),
  whole.map(BigInt),
  fc.bigInt(),
  whole.map((time) => new Date(time)),
  fc.constantFrom(new Date(Number.NaN), /a/, /a/g, /a/gi, /,/, /s1:a/, /[/]\/"/u),
  hostile.map((name) => new URL(`http://h/${encodeURIComponent(name.toWellFormed())}`)),
  fc.tuple(hostile, hostile).map((pair) => new URLSearchParams([pair])),
  bytes,
  bytes.map((list) => Uint8ClampedArray.from(list)),
  bytes.map((list) => Int8Array.from(list)),
  bytes.map((list) => Buffer.from(list)),
  bytes.map((list) => new Uint8Array(list).buffer),
  bytes.map((list) => new DataView(new Uint8Array(list).buffer)),
  fc
    .array(fc.constantFrom(0, -0, 1, Number.NaN), { maxLength: 2 })
    .map((l) => Float32Array.from(l)),
  fc.array(whole, { maxLength: 2 }).map((list) => BigInt64Array.from(list.map(BigInt))),
);

function withHoles(list) {
  const array = [...list];
  for (const [index, item] of list.entries()) if (item === "_") delete array[index];
  return array;
}

const { value: anything } = fc.letrec((tie) => {
  const value = tie("value");
  const entries = fc.array(fc.tuple(text, value), { maxLength: 3 });
  const list = fc.array(value, { maxLength: 3 });
  return {
    value: fc.oneof(
      { maxDepth: 3, depthSize: "small" },
      { weight: 3, arbitrary: leaf },
      list,
      list.map(withHoles),
      entries.map((pairs) => Object.fromEntries(pairs)),
      entries.map((pairs) => Object.setPrototypeOf(Object.fromEntries(pairs), null)),
      fc.array(fc.tuple(value, value), { maxLength: 3 }).map((pairs) => new Map(pairs)),
      list.map((members) => new Set(members)),
    ),
  };
});
const args = fc.array(anything, { maxLength: 3 });
const key = (list) => derivedKey("f", list);

test("150 000 pairs: same key if and only if same arguments", () => {
  let equal = 0;
  const property = fc.property(args, args, (a, b) => {
    const expected = sameArguments(a, b);
    if (expected) equal += 1;
    assert.equal(key(a) === key(b), expected);
  });
  fc.assert(property, { seed, numRuns: 150_000 });
  assert.ok(equal > 1000, `only ${equal} pairs were equal; the generator has become too wide`);
});

test("50 000 lists among themselves: no key is met again for other arguments", () => {
  const seen = new Map();
  const property = fc.property(args, (list) => {
    const made = key(list);
    const before = seen.get(made);
    if (before === undefined) seen.set(made, list);
    else assert.ok(sameArguments(before, list), `one key for two: ${made}`);
  });
  fc.assert(property, { seed, numRuns: 50_000 });
});

test("50 000 rebuilt lists: order and identity do not count", () => {
  const property = fc.property(args, (list) => {
    assert.equal(key(list.map(reordered)), key(list));
    assert.equal(key([...list, undefined]), key(list));
  });
  fc.assert(property, { seed, numRuns: 50_000 });
});

test("20 000 forgeries: no string reads like two values, no name like a member", () => {
  const inner = (container) => key([container]).slice("f:[".length, -1);
  const property = fc.property(text, anything, text, (one, other, name) => {
    const [first, second] = [inner([one]), inner([other])];
    const member = inner({ [name]: one });
    for (const mark of [",", "=", "],[", "},{", ""]) {
      assert.notEqual(key([[one, other]]), key([[`${one}${mark}${second}`]]));
      assert.notEqual(key([one, other]), key([`${one}${mark}${second}`]));
      assert.notEqual(key([one, other, 1]), key([`${one}${mark}${second}`, 1]));
      assert.notEqual(key([new Set([one, [other]])]), key([new Set([`${one}${mark}[${second}]`])]));
      assert.notEqual(
        key([new Map([[one, other]])]),
        key([new Map([[`${first}${mark}${second}`, ""]])]),
      );
      const names = { [name]: one, [`${name}!`]: one };
      assert.notEqual(key([names]), key([{ [`${member}${mark}${name}!`]: one }]));
      assert.notEqual(
        key([names]),
        key([{ [name]: `${one}${mark}${inner({ [`${name}!`]: one })}` }]),
      );
    }
  });
  fc.assert(property, { seed, numRuns: 20_000 });
});

test("20 000 pairs of prefix and arguments", () => {
  const call = fc.tuple(text, fc.array(text, { maxLength: 2 }));
  const property = fc.property(call, call, ([one, a], [other, b]) => {
    const expected = one === other && sameArguments(a, b);
    assert.equal(derivedKey(one, a) === derivedKey(other, b), expected);
  });
  fc.assert(property, { seed, numRuns: 20_000 });
});
