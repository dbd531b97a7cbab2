// Counts what a module does: adds to each stretch of instructions without a branch the count of
// itself. Exact, the same on every machine, and of the very bytes that ship; a virtual machine with
// fuel counts likewise, but takes minutes to compile, and valgrind counts other code than this.
//
// As in wasmtime's fuel an instruction counts 1, and what only gives structure counts nothing.

import { Reader, uleb } from "./reader.mjs";

/** The export that holds the count, a mutable global of 64 bits. */
export const METER = "$work";

const SECTION = { import: 2, function: 3, global: 6, export: 7, code: 10 };
const GLOBAL = 3;
const I64 = 0x7e;
const CODE = {
  unreachable: 0x00,
  nop: 0x01,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  drop: 0x1a,
  globalGet: 0x23,
  globalSet: 0x24,
  i64Const: 0x42,
  i64Add: 0x7c,
};
/** What gives structure. */
const FREE = new Set([
  CODE.unreachable,
  CODE.nop,
  CODE.block,
  CODE.loop,
  CODE.else,
  CODE.end,
  CODE.return,
  CODE.drop,
]);
/** After these the code may go on somewhere else, or come from there. */
const ENDS = new Set([
  CODE.unreachable,
  CODE.block,
  CODE.loop,
  CODE.if,
  CODE.else,
  CODE.end,
  CODE.br,
  CODE.brIf,
  CODE.brTable,
  CODE.return,
]);

/**
 * Returns the module of `bytes` with a meter: all that it runs is counted in the export
 * {@link METER}.
 */
export function metered(bytes) {
  const module = new Reader(bytes);
  const sections = [];
  module.skip(8);
  while (!module.isAtEnd) {
    const id = module.byte();
    const size = module.uleb();
    sections.push({ id, content: module.take(size) });
  }
  const meter = globalsIn(sections);
  const changed = {
    [SECTION.global]: (content) => oneMore(content, [I64, 1, CODE.i64Const, 0, CODE.end]),
    [SECTION.export]: (content) => oneMore(content, [...named(METER), GLOBAL, ...uleb(meter)]),
    [SECTION.code]: (content) => withMeters(content, meter),
  };
  const written = sections.flatMap(({ id, content }) => {
    const made = changed[id]?.(content) ?? content;
    return [Uint8Array.of(id, ...uleb(made.length)), made];
  });
  return joined([bytes.subarray(0, 8), ...written]);
}

/** Returns the count of globals, which is the number of the next one. */
function globalsIn(sections) {
  for (const needed of [SECTION.global, SECTION.export, SECTION.code])
    if (!sections.some(({ id }) => id === needed)) throw new Error(`no section ${needed}`);
  const own = sections.find(({ id }) => id === SECTION.global).content;
  const imports = sections.find(({ id }) => id === SECTION.import)?.content;
  return new Reader(own).uleb() + (imports === undefined ? 0 : importedGlobals(imports));
}

function importedGlobals(content) {
  const reader = new Reader(content);
  let globals = 0;
  for (let left = reader.uleb(); left > 0; left -= 1) {
    reader.skip(reader.uleb());
    reader.skip(reader.uleb());
    if (reader.importDescription() === GLOBAL) globals += 1;
  }
  return globals;
}

/** Returns a vector of items with one more at its end. */
function oneMore(content, item) {
  const reader = new Reader(content);
  const count = reader.uleb();
  return joined([Uint8Array.from(uleb(count + 1)), reader.rest(), Uint8Array.from(item)]);
}

const named = (name) => [...uleb(name.length), ...new TextEncoder().encode(name)];

function withMeters(content, meter) {
  const reader = new Reader(content);
  const count = reader.uleb();
  const parts = [Uint8Array.from(uleb(count))];
  for (let nth = 0; nth < count; nth += 1) {
    const body = withMeter(reader.take(reader.uleb()), meter);
    parts.push(Uint8Array.from(uleb(body.length)), body);
  }
  return joined(parts);
}

/** Returns the body of a function with a meter at the beginning of each stretch. */
function withMeter(body, meter) {
  const reader = new Reader(body);
  reader.locals();
  const parts = [body.subarray(0, reader.at)];
  let stretch = reader.at;
  let counted = 0;
  while (!reader.isAtEnd) {
    const code = reader.instruction();
    if (!FREE.has(code)) counted += 1;
    if (!ENDS.has(code)) continue;
    if (counted > 0) parts.push(add(counted, meter));
    parts.push(body.subarray(stretch, reader.at));
    stretch = reader.at;
    counted = 0;
  }
  return joined(parts);
}

/** Returns the instructions that add to the meter. */
function add(count, meter) {
  const global = uleb(meter);
  const read = [CODE.globalGet, ...global];
  const sum = [CODE.i64Const, ...sleb(count), CODE.i64Add];
  return Uint8Array.from([...read, ...sum, CODE.globalSet, ...global]);
}

/** Returns a positive number as signed LEB128. */
function sleb(value) {
  const bytes = uleb(value);
  const last = bytes.at(-1);
  if ((last & 0x40) === 0) return bytes;
  return [...bytes.slice(0, -1), last | 0x80, 0];
}

function joined(parts) {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
