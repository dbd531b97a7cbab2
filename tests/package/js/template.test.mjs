import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ConfigError } from "holdover";
import { compileTemplate } from "../../internal.mjs";
import { seedOf } from "./support/seed.mjs";

const seed = seedOf(20_261_128);

const fill = (template, ...args) => compileTemplate(template)(args);

const FILLED = [
  ["user:{0}", [42], "user:42"],
  ["user:{0}", ["42"], "user:42"],
  ["user:{0}", [42n], "user:42"],
  ["user:{0}", [-1.5], "user:-1.5"],
  ["user:{0}", [-0], "user:0"],
  ["user:{0}", [4294967296], "user:4294967296"],
  [
    "user:{0}",
    ["3f2b8c1e-0000-4000-8000-00805f9b34fb"],
    "user:3f2b8c1e-0000-4000-8000-00805f9b34fb",
  ],
  ["user:{0}", ["a.b+c@example.org"], "user:a.b+c@example.org"],
  ["user:{0}", ["Zoë 日本 😀"], "user:Zoë%20日本%20😀"],
  ["user:{0}", [""], "user:"],
  ["user:{0}:{1.name}", [1, { name: "ann" }], "user:1:ann"],
  ["{0.a.b.c}", [{ a: { b: { c: 7 } } }], "7"],
  ["{1}/{0}/{1}", ["a", "b"], "b/a/b"],
  ["fixed", [1, 2], "fixed"],
  ["a:{0}", ["*"], "a:%2A"],
  ["a:{0}", ["?"], "a:%3F"],
  ["a:{0}", ["x:y"], "a:x%3Ay"],
  ["a:{0}", ["x%3Ay"], "a:x%253Ay"],
  ["a:{0}", ["{0}"], "a:%7B0%7D"],
  ["a:{0}", ["\u0000\n\u007f\u0080\u00a0"], "a:%00%0A%7F%80%A0"],
  ["a:{0}", ["\ud800\u2028"], "a:%xD800%x2028"],
  ["a:{0?}", [undefined], "a:%undefined"],
  ["a:{0?}", [], "a:%undefined"],
  ["a:{0}", [null], "a:%null"],
  ["a:{0}", ["null"], "a:null"],
  ["a:{0}", ["%null"], "a:%25null"],
  ["a:{0}", [true], "a:%true"],
  ["a:{0}", [false], "a:%false"],
  ["a:{0}", [new Date(5)], "a:%od5%."],
  ["a:{0}", [{ b: 1 }], "a:%o%7B1%3Ab%3D1%7D%."],
  ["a:{0?}", [new AbortController().signal], "a:%undefined"],
  ["a:{0.b?}", [undefined], "a:%undefined"],
  ["a:{0.b.c?}", [{ b: null }], "a:%undefined"],
  ["a:{0.b?}", [{}], "a:%undefined"],
  ["a:{0.length}", ["four"], "a:4"],
  ["a.{0}", ["x.y"], "a.x%2Ey"],
  ["{0}-{1}", ["a-b", "c"], "a%2Db-c"],
  ["{0}x{1}", ["axb", "c"], "a%78bxc"],
  ["{0}1{1}", [212, 3], "2%31213"],
  ["{0}{1}", ["a", "b"], "a%|b"],
  ["{0}%{1}", ["a%b", "c"], "a%25b%%c"],
  ["{0}→{1}", ["a→b", "é"], "a%x2192b→é"],
  ["{0}😀{1}", ["😀😁", ""], "%xD83D%xDE00😁😀"],
  ["{{{0}}}", [1], "{1}"],
  ["{{0}}", [1], "{0}"],
  ["a}}b{{", [], "a}b{"],
  ["*:{0}", ["a"], "*:a"],
];

for (const [template, args, expected] of FILLED) {
  test(`${template} gives ${expected}`, () => assert.equal(fill(template, ...args), expected));
}

const BAD = [
  "",
  "{",
  "}",
  "a{",
  "{0",
  "0}",
  "{}",
  "{name}",
  "{-1}",
  "{0.}",
  "{.a}",
  "{ 0 }",
  "{0..a}",
];
const WORSE = ["{01}", "{{0}", "{0}}", "{0 .a}", "{0.a b}", "{0[a]}", "{1e3}", "{99999}", "{0{1}}"];

for (const template of [...BAD, ...WORSE, undefined, null, 5, {}, ["{0}"]]) {
  test(`${JSON.stringify(template)} is no template`, () => {
    assert.throws(
      () => compileTemplate(template),
      (error) =>
        error instanceof ConfigError &&
        error.option === "key" &&
        Object.is(error.value, template) &&
        /placeholders like \{0\}/.test(error.allowed),
    );
  });
}

test("what is wrong with a template is said", () => {
  assert.throws(() => compileTemplate("user:{id}"), /"user:\{id\}" \(unknown placeholder \{id\}\)/);
  assert.throws(() => compileTemplate("user:{0"), /\(unbalanced \{\)/);
});

test("a value that is not there is an error that names its placeholder", () => {
  for (const [template, args, option] of [
    ["user:{0.id}", ["bob"], "argument 0.id"],
    ["user:{0.id}", [undefined], "argument 0.id"],
    ["user:{0.org.id}", [{ org: null }], "argument 0.org.id"],
    ["user:{2}", ["a", "b"], "argument 2"],
    ["user:{0}", [undefined], "argument 0"],
    ["user:{0}", [new AbortController().signal], "argument 0"],
    ["user:{0}:{1}", ["a"], "argument 1"],
  ]) {
    const placeholder = `{${option.slice("argument ".length)}`;
    assert.throws(
      () => fill(template, ...args),
      (error) =>
        error instanceof ConfigError &&
        error.option === option &&
        error.message.includes(`${placeholder}}`) &&
        error.message.includes(`${placeholder}?}`),
      template,
    );
  }
  assert.equal(fill("user:{0}", null), "user:%null", "null is a value");
});

test("values that cannot be part of a key name their argument", () => {
  assert.throws(() => fill("a:{1}", 1, () => 1), { name: "ConfigError", option: "argument 1" });
  assert.throws(() => fill("a:{0.fn}", { fn() {} }), { option: "argument 0.fn" });
  assert.throws(() => fill("a:{0}", { in: [Symbol("x")] }), { option: "argument 0.in.0" });
  assert.throws(() => fill("a:{0.constructor}", {}), { option: "argument 0.constructor" });
  const cause = new Error("boom");
  const getter = {
    get x() {
      throw cause;
    },
  };
  assert.throws(() => fill("a:{0.x}", getter), { option: "argument 0.x", cause });
});

test("members of class instances may be used", () => {
  class User {
    #id = 7;
    get id() {
      return this.#id;
    }
  }
  assert.equal(fill("user:{0.id}", new User()), "user:7");
});

const TEMPLATES = [
  "user:{0}:{1}",
  "{0}{1}",
  "{0}/{1}",
  "{0}-{1}",
  "{0}a{1}",
  "{0}1{1}",
  "{0}%{1}",
  "{0}%2A{1}",
  "{0}%null{1}",
  "{0}%|{1}",
  "{0}%%{1}",
  "{0}{{{1}}}",
  "x{0}::{1}x",
  "{0}.{1}.",
  "{0}é{1}",
  "{0}😀{1}",
  "{1.b}|{0}",
];

const part = fc.constantFrom(
  ...[
    "",
    "a",
    "1",
    ":",
    "/",
    "-",
    ".",
    "%",
    "|",
    "*",
    "?",
    "{",
    "}",
    "é",
    "😀",
    "\ud83d",
    "\ude00",
  ],
  ...[
    "%2A",
    "%null",
    "%|",
    "%.",
    "%o",
    "%x",
    "x",
    "2A",
    "null",
    "o",
    "\u0000",
    " ",
    "E9",
    "2",
    "n",
  ],
);
const text = fc.array(part, { maxLength: 4 }).map((parts) => parts.join(""));
const value = fc.oneof(
  { weight: 6, arbitrary: text },
  { weight: 2, arbitrary: fc.integer({ min: -2, max: 12 }) },
  fc.constantFrom(null, undefined, true, false, 1n, new Date(1), new Date(2), Number.NaN),
  fc.array(text, { maxLength: 2 }),
);

/** What a value is to a template: its reading for strings and numbers, else its contents. */
function reading(given) {
  if (["string", "number", "bigint"].includes(typeof given)) return `text ${given}`;
  if (given instanceof Date) return `date ${given.getTime()}`;
  return given === undefined ? "undefined" : JSON.stringify(given);
}

/** The same template, whose values need not be there. */
const optional = (template) => template.replace(/\{(\d[^{}]*)\}/g, "{$1?}");

for (const template of TEMPLATES) {
  test(`${template}: same key if and only if same values (20 000 pairs)`, () => {
    // Values that are not there have a key only where they may be left out.
    const make = compileTemplate(optional(template));
    const wrap = template.includes("{1.b}") ? (list) => [list[0], { b: list[1] }] : (list) => list;
    const seen = new Map();
    const property = fc.property(value, value, (...list) => {
      const key = make(wrap(list));
      const read = JSON.stringify(list.map(reading));
      assert.equal(seen.get(key) ?? read, read, `one key for two: ${key}`);
      seen.set(key, read);
    });
    fc.assert(property, { seed, numRuns: 20_000 });
  });
}

test("no value makes one template's key another's", () => {
  for (const mark of [":", "/", "-", ".", "|", ", ", "::", "~"]) {
    const one = compileTemplate(`user${mark}{0?}`);
    const two = compileTemplate(`user${mark}{0?}${mark}{1?}`);
    const property = fc.property(value, value, value, (a, b, c) => {
      assert.notEqual(one([a]), two([b, c]));
    });
    fc.assert(property, { seed, numRuns: 2000 });
    assert.notEqual(one([`a${mark}b`]), two(["a", "b"]));
  }
});

test("no wildcard and no brace comes from a value", () => {
  const property = fc.property(value, (given) => {
    assert.doesNotMatch(fill("user:{0?}", given), /[*?{}\s]|:.*:/);
  });
  fc.assert(property, { seed, numRuns: 5000 });
});
