import assert from "node:assert/strict";
import { test } from "node:test";
import vm from "node:vm";
import { ConfigError } from "holdover";
import { derivedKey, keyFunction } from "../../internal.mjs";

const key = (...args) => derivedKey("f", args);
const signal = new AbortController().signal;

const PAIRWISE_DIFFERENT = [
  [],
  [1],
  ["1"],
  [1n],
  [true],
  ["true"],
  [false],
  [null],
  ["null"],
  [""],
  [undefined, 1],
  [null, 1],
  ["a,b"],
  ["a", "b"],
  [["a", "b"]],
  [["a,b"]],
  [["a"], "b"],
  [[["a", "b"]]],
  ["1,$2"],
  ["1", "2"],
  [1, 2],
  [1.5],
  [-1],
  [Number.NaN],
  ["NaN"],
  [Number.POSITIVE_INFINITY],
  [Number.NEGATIVE_INFINITY],
  [{}],
  [[]],
  [[undefined]],
  // biome-ignore lint/suspicious/noSparseArray: holes are the subject
  [[,]],
  // biome-ignore lint/suspicious/noSparseArray: holes are the subject
  [[, 1]],
  [[null]],
  [{ a: undefined }],
  [{ a: 1 }],
  [{ a: "1" }],
  [{ a: 1, b: 2 }],
  [{ "a=1,1:b": 2 }],
  [{ a: { b: 2 } }],
  [{ A: 1 }],
  [{ "a ": 1 }],
  [JSON.parse('{"__proto__":1}')],
  [JSON.parse('{"__proto__":{}}')],
  [{ constructor: 1 }],
  [new Map()],
  [new Map([["a", 1]])],
  [new Map([[1, "a"]])],
  [new Set()],
  [new Set(["a", 1])],
  [new Set(["a", "1"])],
  [new Date(0)],
  [new Date(1)],
  [new Date(Number.NaN)],
  ["1970-01-01T00:00:00.000Z"],
  [/a/],
  [/a/g],
  [/a/i],
  [/b/],
  [/ag/],
  ["/a/"],
  [new URL("http://a/")],
  ["http://a/"],
  [new URL("http://a/#f")],
  [new URLSearchParams("a=1&b=2")],
  [new URLSearchParams("b=2&a=1")],
  ["a=1&b=2"],
  [new Uint8Array([1, 0])],
  [new Uint8Array([1])],
  [new Uint8ClampedArray([1, 0])],
  [new Int8Array([1, 0])],
  [new Uint16Array([1])],
  [Buffer.from([1, 0])],
  [new Uint8Array([1, 0]).buffer],
  [new DataView(new Uint8Array([1, 0]).buffer)],
  [new BigInt64Array([1n])],
  [new Float64Array([1])],
  ["\u0000"],
  ["\u0000\u0000"],
  ["\ud800"],
  ["\udc00"],
  ["\ufffd"],
  ["é"],
  ["e\u0301"],
  ["A"],
  ["a"],
  [" a"],
  ["__proto__"],
  ["constructor"],
];

test("arguments that differ have keys that differ", () => {
  const seen = new Map();
  PAIRWISE_DIFFERENT.forEach((args, index) => {
    const made = key(...args);
    assert.ok(!seen.has(made), `${made} is the key of both ${seen.get(made)} and ${index}`);
    seen.set(made, index);
  });
});

const SAME = {
  "-0 and 0": [[-0], [0]],
  "NaN and NaN": [[Number.NaN], [0 / 0]],
  "-0 and 0 inside": [[[{ a: -0 }]], [[{ a: 0 }]]],
  "no argument and undefined": [[], [undefined]],
  "trailing undefined": [[1, undefined, undefined], [1]],
  "trailing signal": [[1, signal], [1]],
  "a signal in the middle and undefined": [
    [1, signal, 2],
    [1, undefined, 2],
  ],
  "a signal as a member": [[{ a: 1, signal }], [{ a: 1 }]],
  "a signal as an inner member": [[{ a: { signal } }], [{ a: {} }]],
  "key order": [[{ a: 1, b: { c: 2, d: 3 } }], [{ b: { d: 3, c: 2 }, a: 1 }]],
  "null-prototype objects": [[Object.assign(Object.create(null), { a: 1 })], [{ a: 1 }]],
  "Map order": [
    [
      new Map([
        [1, 2],
        [3, 4],
      ]),
    ],
    [
      new Map([
        [3, 4],
        [1, 2],
      ]),
    ],
  ],
  "Set order": [[new Set([1, "b", {}])], [new Set([{}, "b", 1])]],
  lastIndex: [[Object.assign(/a/g, { lastIndex: 3 })], [/a/g]],
  "a view and its copy": [[new Uint8Array([9, 1, 2]).subarray(1)], [new Uint8Array([1, 2])]],
  "objects of another realm": [
    [vm.runInNewContext("({a: [new Date(5), new Map([[1, /x/]])]})")],
    [{ a: [new Date(5), new Map([[1, /x/]])] }],
  ],
};

for (const [name, [one, other]] of Object.entries(SAME)) {
  test(`${name}: same key`, () => assert.equal(key(...one), key(...other)));
}

test("keys read well", () => {
  assert.equal(derivedKey("getUser", [42]), "getUser:42");
  assert.equal(derivedKey("getUser", ["alice"]), "getUser:$alice");
  assert.equal(derivedKey("find", ["shoes", { page: 2 }]), "find:s5:shoes,{4:page=2}");
});

test("the prefix cannot run into the arguments", () => {
  assert.notEqual(derivedKey("f", ["a"]), derivedKey("f:$a", []));
  assert.notEqual(derivedKey("f:", []), derivedKey("f", [""]));
  assert.notEqual(derivedKey("f%3A", []), derivedKey("f:", []));
  assert.notEqual(derivedKey("getUser", [1]), derivedKey("deleteUser", [1]));
});

test("a key function gives the same key each time", () => {
  const make = keyFunction("f");
  const args = [1, { a: new Set(["x"]) }];
  assert.equal(make(args), make(structuredClone(args)));
  assert.equal(make(args), derivedKey("f", args));
});

test("a megabyte is only long", () => {
  const text = "\u0000x".repeat(500_000);
  assert.equal(key(text), `f:$${text}`);
  assert.notEqual(key(`${text}a`, 1), key(`${text}b`, 1));
  const bytes = new Uint8Array(3_000_001).fill(7);
  const other = bytes.slice();
  other[3_000_000] = 8;
  assert.notEqual(key(bytes), key(other));
  assert.equal(key(bytes), key(bytes.slice()));
  const decoded = Buffer.from(key(bytes).split(":").at(-1), "base64");
  assert.ok(decoded.equals(Buffer.from(bytes)));
});

const cycle = { list: [] };
cycle.list.push(cycle);
let deep = {};
for (let level = 0; level < 10_000; level += 1) deep = { deep };
let wide = [1];
for (let level = 0; level < 60; level += 1) wide = [wide, wide];
class Money {
  #amount = 1;
  amount = () => this.#amount;
}
const impostor = (tag) =>
  new (class {
    source = "a";
    flags = "";
    byteLength = 0;
    get [Symbol.toStringTag]() {
      return tag;
    }
  })();
const boom = new Error("boom");
const REFUSED = {
  "argument 0": [
    [() => 1],
    [Symbol("s")],
    [Symbol.for("s")],
    [new Money()],
    [Promise.resolve(1)],
    [new Number(1)],
    [new String("a")],
    [new Boolean(true)],
    [Object(1n)],
    [Object(Symbol("x"))],
    [new Error("x")],
    [new WeakMap()],
    [new (class extends Map {})()],
    [new (class extends Date {})()],
    [new (class extends Uint8Array {})(1)],
    [class extends Array {}.from([1])],
    [Object.create({ inherited: 1 })],
    [Object.assign(new Date(0), { zone: "x" })],
    [new Response("x")],
    [new Array(2 ** 32 - 1)],
    ...["Date", "Map", "Set", "RegExp", "ArrayBuffer", "URL"].map((tag) => [impostor(tag)]),
    [Object.create(Date.prototype)],
    [Object.create(URL.prototype)],
  ],
  "argument 1": [
    [1, () => 1],
    [1, Symbol("s"), 2],
    [undefined, new Money()],
  ],
  "argument 2.filter.fn": [["a", "b", { filter: { fn: () => 1 } }]],
  "argument 0.list.0": [[cycle]],
  "argument 0.a.1.b": [[{ a: [1, { b: Symbol("x") }] }]],
  'argument 0["a b"]["x.y"]': [[{ "a b": { "x.y": () => 1 } }]],
  "argument 0[the symbol s]": [[{ [Symbol("s")]: 1 }]],
  "argument 0.0[the symbol s]": [[[{ [Symbol("s")]: 1 }]]],
  "argument 0<map key>": [[new Map([[() => 1, 1]])]],
  "argument 0<map value>.a": [[new Map([[1, { a: () => 1 }]])]],
  "argument 0<set member>": [[new Set([() => 1])]],
  "argument 0.__proto__.fn": [[Object.fromEntries([["__proto__", { fn: () => 1 }]])]],
};

for (const [place, list] of Object.entries(REFUSED)) {
  list.forEach((args, index) => {
    test(`refused at ${place} (${index})`, () => {
      assert.throws(
        () => key(...args),
        (error) => {
          assert.ok(error instanceof ConfigError);
          assert.equal(error.option, place);
          assert.ok(error.message.startsWith(`holdover: ${place} is `), error.message);
          assert.match(error.allowed, /^strings, numbers, .+ plain objects of these$/);
          return true;
        },
      );
    });
  });
}

test("an AbortSignal is only left out as an argument or a member", () => {
  assert.throws(() => key([signal]), /argument 0\.0 is an instance of AbortSignal/);
});

test("reasons are given", () => {
  assert.throws(() => key(cycle), /it contains itself/);
  assert.throws(() => key(deep), /nested more than 400 levels deep/);
  assert.throws(() => key(wide), /too many values/);
  assert.throws(() => key(Promise.resolve(1)), /await it first/);
  assert.throws(() => key(new Money()), /an instance of Money \(its class may hide state/);
});

test("an object that throws when it is read is refused, with the cause", () => {
  const getter = {
    get inner() {
      throw boom;
    },
  };
  const traps = new Proxy(
    {},
    {
      ownKeys: () => {
        throw boom;
      },
    },
  );
  for (const [value, place] of [
    [getter, "argument 0.a.inner"],
    [traps, "argument 0.a"],
  ]) {
    assert.throws(() => key({ a: value }), { name: "ConfigError", option: place, cause: boom });
  }
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  assert.throws(() => key(revoked.proxy), ConfigError);
});

test("a nested depth below the limit is fine", () => {
  let nested = [];
  for (let level = 0; level < 390; level += 1) nested = [nested];
  assert.ok(key(nested).length > 700);
});

test("polluting Object.prototype is refused or harmless, never a collision", () => {
  const one = key({ a: 1 });
  try {
    Object.prototype.polluted = 1;
    assert.equal(key({ a: 1 }), one);
  } finally {
    delete Object.prototype.polluted;
  }
});
