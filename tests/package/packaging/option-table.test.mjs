import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import ts from "typescript-5.9";
import { optionTable as table } from "../../internal.mjs";

/** The declarations of options, as one file. */
const text = ["policy-options", "guard-option-types"]
  .map((name) => `../../node_modules/holdover/dist/policy/${name}.d.ts`)
  .map((path) => readFileSync(new URL(path, import.meta.url), "utf8"))
  .join("\n");
const file = ts.createSourceFile("options.d.ts", text, ts.ScriptTarget.ESNext, true);

const find = (name) =>
  file.statements.find((node) => ts.isInterfaceDeclaration(node) && node.name.text === name);

/** The names in object types anywhere within a type, those of other interfaces included. */
function namesWithin(type) {
  const names = new Set();
  const visit = (node) => {
    if (ts.isTypeLiteralNode(node)) {
      for (const member of node.members) names.add(member.name.getText());
      return;
    }
    if (ts.isFunctionTypeNode(node)) return;
    if (ts.isTypeReferenceNode(node)) {
      const other = find(node.typeName.getText());
      for (const member of other?.members ?? []) names.add(member.name.getText());
      return;
    }
    node.forEachChild(visit);
  };
  visit(type);
  return [...names].sort();
}

const members = find("PolicyOptions").members;
function membersOf(name) {
  const { members, heritageClauses = [] } = find(name);
  const inherited = heritageClauses.flatMap(({ types }) =>
    types.flatMap(({ expression }) => membersOf(expression.getText())),
  );
  return [...members.map((member) => member.name.getText()), ...inherited].sort();
}
/** Options whose values are made by a function, and the type of what that takes. */
const MADE = {
  lock: "LoadLockOptions",
  circuitBreaker: "CircuitBreakerOptions",
  rateLimit: "RateLimitOptions",
  slowCalls: "SlowCallsOptions",
  bulkhead: "BulkheadOptions",
};
/** The values that are made for a list, and are no options by themselves. */
const LISTED = ["circuitBreaker", "rateLimit", "slowCalls", "bulkhead"];
const specs = Object.values(table).filter((spec) => spec.option !== undefined);
const within = (parent) =>
  specs
    .filter(({ option }) => option.startsWith(`${parent}.`))
    .map(({ option }) => option.slice(parent.length + 1))
    .sort();

test("the types of a policy have the options of the table, and no others", () => {
  const typed = members.map((member) => member.name.getText());
  typed.push("passContext"); // in a type of its own, since it changes that of the function
  typed.sort();
  assert.deepEqual(typed, [...table.WRAP_OPTIONS].sort());
  const top = specs.map(({ option }) => option).filter((option) => !option.includes("."));
  assert.deepEqual(top.sort(), [...typed, ...LISTED].sort());
});

for (const parent of [
  "lock",
  "early",
  "hits",
  "circuitBreaker",
  "rateLimit",
  "slowCalls",
  "bulkhead",
]) {
  test(`the type of ${parent} has the options of the table, and no others`, () => {
    const expected = within(parent);
    assert.ok(expected.length > 1);
    const { type } = members.find((member) => member.name.getText() === parent) ?? {};
    assert.deepEqual(parent in MADE ? membersOf(MADE[parent]) : namesWithin(type), expected);
  });
}

test("what getOrLoad and fetch take is less", () => {
  const taken = new Set(table.WRAP_OPTIONS);
  for (const names of [table.GET_OR_LOAD_OPTIONS, table.FETCH_OPTIONS]) {
    assert.ok(names.every((name) => taken.has(name)));
    assert.ok(names.length < taken.size);
  }
});

test("options that are words have the type of these words", () => {
  const texts = new Map(
    specs.filter(({ choices }) => choices).map(({ option, choices }) => [option, choices]),
  );
  assert.ok(texts.size > 4);
  for (const [option, choices] of texts) {
    const declared = text.includes(choices.map((word) => `"${word}"`).join(" | "));
    assert.ok(declared, `${option}: ${choices.join(", ")}`);
  }
});
