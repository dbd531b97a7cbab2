import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError } from "holdover";
import { compileIgnore, derivedKey, withoutQuery } from "../../internal.mjs";

const key = (...args) => derivedKey("f", args);
const ignoring = (ignore, ...args) => derivedKey("f", args, compileIgnore(ignore));

test("ignored arguments are like undefined, at the end like nothing", () => {
  assert.equal(ignoring([1], 1, "x"), ignoring([1], 1));
  assert.equal(
    ignoring([1], 1, () => "not even read"),
    ignoring([1], 1, "y"),
  );
  assert.equal(ignoring([1], 1, "x", 2), key(1, undefined, 2));
  assert.equal(ignoring([1], 1, "x", undefined), key(1));
  assert.equal(ignoring([0, 1, 2], 1, 2, 3), key());
  assert.notEqual(ignoring([1], 1), ignoring([1], 2));
});

test("ignored members are as if absent", () => {
  const trace = (traceId, id = 7) => ["a", "b", { id, traceId }];
  assert.equal(ignoring(["2.traceId"], ...trace("x")), key("a", "b", { id: 7 }));
  assert.equal(ignoring(["2.traceId"], ...trace("x")), ignoring(["2.traceId"], ...trace("y")));
  assert.notEqual(ignoring(["2.traceId"], ...trace(1, 1)), ignoring(["2.traceId"], ...trace(1, 2)));
  assert.equal(ignoring(["0.a.b"], { a: { b: 1, c: 2 } }), key({ a: { c: 2 } }));
  assert.notEqual(ignoring(["0.b"], { a: { b: 1 } }), ignoring(["0.b"], { a: { b: 2 } }));
  assert.equal(ignoring(["0.a.b", "0.a"], { a: { b: 1, c: 2 }, d: 1 }), key({ d: 1 }));
  assert.equal(ignoring(["0.a", "0.a.b"], { a: { b: 1, c: 2 }, d: 1 }), key({ d: 1 }));
  assert.equal(ignoring(["0.1.id"], [{ id: 1 }, { id: 2 }]), key([{ id: 1 }, {}]));
  assert.equal(ignoring(["0.__proto__"], JSON.parse('{"__proto__":1,"a":2}')), key({ a: 2 }));
  assert.equal(ignoring(["0.length"], "abc"), key("abc"));
  assert.equal(ignoring(["0.skip"], { skip: () => 1 }), key({}));
});

test("an empty list ignores nothing", () => assert.equal(compileIgnore([]), undefined));

for (const bad of [
  "traceId",
  "_dc",
  "",
  "1",
  "1.",
  ".a",
  "1..a",
  "01.a",
  "-1.a",
  "1.5.",
  -1,
  1.5,
]) {
  test(`ignore: [0, ${JSON.stringify(bad)}] is refused`, () => {
    assert.throws(() => compileIgnore([0, bad]), { name: "ConfigError", option: "ignore[1]" });
  });
}

for (const bad of [Number.NaN, 2 ** 53, null, undefined, true, {}, ["a"], Symbol("x"), 1n]) {
  test(`ignore: [${String(bad)}] is refused`, () => {
    assert.throws(() => compileIgnore([bad]), { name: "ConfigError", option: "ignore[0]" });
  });
}

test("for fetch, ignore names query parameters", () => {
  assert.deepEqual(compileIgnore(["_dc", "2.traceId"], "query").query, ["_dc", "2.traceId"]);
  for (const bad of [1, "", null]) assert.throws(() => compileIgnore([bad], "query"), ConfigError);
  for (const bad of ["_dc", {}, null, 1]) assert.throws(() => compileIgnore(bad), ConfigError);
});

const QUERY = [
  ["http://x/?a=1&data=2&ab=3", ["a"], "http://x/?data=2&ab=3"],
  ["http://x/?a=1", ["a"], "http://x/"],
  ["http://x/?a", ["a"], "http://x/"],
  ["http://x/?b=1&a=2&a=3", ["a"], "http://x/?b=1"],
  ["http://x/?a=1#a=1?a=1", ["a"], "http://x/#a=1?a=1"],
  ["http://x/#?a=1", ["a"], "http://x/#?a=1"],
  ["http://x/?%61=1&b=%2f+%zz", ["a"], "http://x/?b=%2f+%zz"],
  ["http://x/?my+name=1&my%20name=2&c", ["my name"], "http://x/?c"],
  ["http://x/?A=1", ["a"], "http://x/?A=1"],
  ["http://x/?%zz=1&b", ["%zz"], "http://x/?b"],
  ["http://x/?&&b=1&", ["a"], "http://x/?&&b=1&"],
  ["http://x/", ["a"], "http://x/"],
  ["http://x/?", [""], "http://x/?"],
  ["/p?a=1&__proto__=2", ["__proto__"], "/p?a=1"],
];

for (const [url, names, expected] of QUERY) {
  test(`${url} without ${names}`, () => assert.equal(withoutQuery(url, names), expected));
}
