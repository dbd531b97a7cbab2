// docs/semantics.md and docs/reported.md say what holds each rule; here it is made sure that this is there.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

const ROOT = new URL("../../../", import.meta.url);
const TABLE = await readFile(new URL("docs/semantics.md", ROOT), "utf8");

/** The two cells of each row, without heads and rules of tables. */
function rows(markdown) {
  return markdown
    .split("\n")
    .map((line) => /^\| (.+?) \| (.+) \|$/.exec(line))
    .filter((row) => row !== null && row[1] !== "Rule")
    .map(([, rule, heldBy]) => ({ rule, heldBy }));
}

/** What a cell names: `file` “name”, “another name”. Other words are for readers. */
function references(cell) {
  const found = [];
  let file;
  for (const [, name, code] of cell.matchAll(/“([^”]+)”|`([^`]+)`/g)) {
    if (name !== undefined) found.push({ file, name });
    else if (/^(?:tests|src)\//.test(code)) file = code;
  }
  return found;
}

/** Whether a file has a test or vector of that very name. */
function has(file, text, name) {
  if (file.endsWith(".json")) return JSON.parse(text).some((vector) => vector.name === name);
  if (file.endsWith(".rs")) return text.includes(`fn ${name}(`);
  return [`"${name}"`, `\`${name}\``].some((quoted) => text.includes(quoted));
}

const texts = new Map();

function read(file) {
  if (!texts.has(file)) texts.set(file, readFile(new URL(file, ROOT), "utf8"));
  return texts.get(file);
}

const RULES = rows(TABLE).map((row) => ({ ...row, references: references(row.heldBy) }));

for (const { rule, heldBy, references: named } of RULES) {
  test(`docs/semantics.md: ${rule}`, async () => {
    assert.ok(
      named.length > 0 || /\bnot yet\b/.test(heldBy),
      "neither held nor said to be missing",
    );
    for (const { file, name } of named) {
      assert.ok(file !== undefined, `“${name}” is in no file`);
      assert.ok(has(file, await read(file), name), `${file} has no “${name}”`);
    }
  });
}

test("docs/semantics.md: each rule once, and how many nothing holds", (t) => {
  const sections = TABLE.split(/^#+ /m).map((section) => rows(section).map(({ rule }) => rule));
  for (const rules of sections) assert.equal(new Set(rules).size, rules.length);
  const missing = RULES.filter(({ heldBy }) => /\bnot yet\b/.test(heldBy));
  const untested = missing.filter(({ heldBy }) => heldBy.includes("not yet: untested"));
  assert.ok(RULES.length >= 100, `only ${RULES.length} rules: has the table changed its form?`);
  assert.equal(TABLE.match(/^\| (?!Rule)/gm).length, RULES.length, "a row that cannot be read");
  t.diagnostic(
    `${RULES.length} rules: ${missing.length} not yet, ${untested.length} of them untested`,
  );
});

const REPORTED = await readFile(new URL("docs/reported.md", ROOT), "utf8");

test("docs/reported.md: what a row names is there, and its other rows say why", async () => {
  const lines = REPORTED.split("\n").filter((line) => /^\| (?!Report )/.test(line));
  assert.ok(lines.length > 150, `${lines.length} rows`);
  const wrong = [];
  for (const line of lines) {
    const cells = line.split("|").slice(1, -1);
    if (cells.length !== 4) wrong.push(`${cells.length} cells: ${line.slice(0, 90)}`);
    // Headings of pages are in quotes, too.
    const heldBy = (cells.at(-1) ?? "").replaceAll(/docs\/[\w-]+\.md`? “[^”]+”/g, "");
    for (const { file, name } of references(heldBy)) {
      if (file === undefined || !/\.\w+$/.test(file)) continue;
      const text = await read(file).catch(() => "");
      const parts = (name ?? "").split("…").map((part) => part.trim());
      if (text === "" || !parts.every((part) => text.includes(part)))
        wrong.push(`${file} “${name}”`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("a name that is not there is found out", async () => {
  const [{ file, name }] = references("`tests/vectors/states.json` “a vector that nobody wrote”");
  assert.equal(has(file, await read(file), name), false);
  assert.equal(has("src/time.rs", await read("src/time.rs"), "no_such_test"), false);
  await assert.rejects(read("tests/package/js/no-such.test.mjs"), { code: "ENOENT" });
});
