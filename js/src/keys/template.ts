/**
 * Key templates: `"user:{0}:{1.name}"`, where `{0}` is the first argument and `{1.name}` a member
 * of the second. `{{` and `}}` stand for the braces themselves. An inserted value must not be
 * undefined, or all such calls would share a key; `{1?}` is for a value that may be left out.
 *
 * Strings, numbers and bigints are written as they read (`user:42` for `42`, `"42"` and `42n`
 * alike). Characters that could be taken for a separator, a wildcard or the end of the value are
 * written as `%` and two upper-case hexadecimal digits: everything in ASCII but letters, digits and
 * `_-.~@+`, and of these any that the template has next to a placeholder. Every other value becomes
 * a token that starts with `%` and a character that no escaped string has there: `%null`,
 * `%undefined`, `%true`, `%false`, `%o…%.` with the encoding of derived keys, `%x` for a lone
 * surrogate.
 */

import { ConfigError } from "../util/errors.js";
import type { KeyFunction } from "./key.js";
import { encodeValue, isAbortSignal } from "./key-encode.js";

/** A placeholder and the text after it. */
interface Slot {
  readonly index: number;
  readonly members: readonly string[];
  /** `argument 1.name`, for errors. */
  readonly place: string;
  /** The placeholder as written. */
  readonly written: string;
  /** True if the value may be left out. */
  readonly isOptional: boolean;
  after: string;
}

interface Parsed {
  before: string;
  readonly slots: Slot[];
}

const ALLOWED =
  'literal text with placeholders like {0} for an argument, {1.name} for a member of one or {2?} for one that may be left out, and {{ and }} for braces, e.g. "user:{0}"';
const TOKEN = /\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+/g;
const PLACEHOLDER = /^\{(0|[1-9]\d{0,3})((?:\.[^.{}\s?]+)*)(\??)\}$/;

function slotOf(token: string, template: string, option: string): Slot {
  const [, index, path = "", mark] = PLACEHOLDER.exec(token) ?? [];
  if (index === undefined) {
    const note = token.length > 1 ? `unknown placeholder ${token}` : `unbalanced ${token}`;
    throw new ConfigError(option, template, ALLOWED, { note });
  }
  const members = path === "" ? [] : path.slice(1).split(".");
  const place = `argument ${index}${path}`;
  return {
    index: Number(index),
    members,
    place,
    written: token,
    isOptional: mark === "?",
    after: "",
  };
}

function parse(template: string, option: string): Parsed {
  const parsed: Parsed = { before: "", slots: [] };
  for (const [token] of template.matchAll(TOKEN)) {
    const literal = token === "{{" ? "{" : token === "}}" ? "}" : token;
    const last = parsed.slots.at(-1);
    if (literal === token && /^[{}]/.test(token)) {
      parsed.slots.push(slotOf(token, template, option));
    } else if (last === undefined) {
      parsed.before += literal;
    } else {
      last.after += literal;
    }
  }
  return parsed;
}

/**
 * Makes the end of every value unambiguous: adjacent placeholders get a separator, and a `%` after
 * a placeholder is doubled, since a single one could begin an escape of the value.
 */
function separate({ slots }: Parsed): void {
  for (const [index, slot] of slots.entries()) {
    if (slot.after === "" && index < slots.length - 1) slot.after = "%|";
    else if (slot.after.startsWith("%")) slot.after = `%${slot.after}`;
  }
}

/**
 * Returns the characters that values must escape in this template: the first one after a
 * placeholder, which ends the value, and punctuation before one (`user.{0}` and `user.{0}.{1}` stay
 * apart).
 */
function delimiters({ before, slots }: Parsed): string {
  const starts = slots.map(({ after }) => [...after].at(0) ?? "");
  const ends = [before, ...slots.map(({ after }) => after)].map((text) => [...text].at(-1) ?? "");
  return [...starts, ...ends.filter((character) => !/\w/.test(character))].join("");
}

function escapeUnit(unit: number): string {
  const hex = unit.toString(16).toUpperCase();
  return unit < 0x100 ? `%${hex.padStart(2, "0")}` : `%x${hex.padStart(4, "0")}`;
}

function escapeCharacter(character: string): string {
  const rest = character.length > 1 ? escapeUnit(character.charCodeAt(1)) : "";
  return escapeUnit(character.charCodeAt(0)) + rest;
}

const PUNCTUATION_LEFT_AS_IT_IS = "-.~@+";

/** The escaping of text in a template with these delimiters. */
interface Writer {
  /** Matches text that needs no escaping. */
  readonly plain: RegExp;
  /** Matches each character to escape. */
  readonly special: RegExp;
}

function writerFor(found: string): Writer {
  const isFree = (character: string): boolean => !found.includes(character);
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
  const free = [...letters, ...PUNCTUATION_LEFT_AS_IT_IS].filter(isFree).join("");
  const list = free.replace("-", "\\-");
  // From U+00A1 on only line separators, lone surrogates and delimiters are escaped.
  const others = [...found].filter((character) => character > "\x7f").join("");
  return {
    plain: new RegExp(`^[${list}]*$`),
    special: new RegExp(
      `[^${list}\\u{a1}-\\u{10ffff}]|[\\u2028\\u2029\\p{Surrogate}${others}]`,
      "gu",
    ),
  };
}

function written(text: string, { plain, special }: Writer): string {
  return plain.test(text) ? text : text.replace(special, escapeCharacter);
}

function token(value: unknown, slot: Slot, writer: Writer): string {
  if (typeof value === "string") return written(value, writer);
  if (typeof value === "number" || typeof value === "bigint") return written(`${value}`, writer);
  if (value === undefined || isAbortSignal(value)) {
    if (slot.isOptional) return "%undefined";
    throw missing(value, slot);
  }
  if (value === null || typeof value === "boolean") return `%${value}`;
  return `%o${written(encodeValue(value, slot.place), writer)}%.`;
}

function missing(value: unknown, { place, written }: Slot): ConfigError {
  const note = `the template inserts it with ${written}`;
  const allowed = `a value; or ${written.slice(0, -1)}?} in the template, if it may be left out`;
  return new ConfigError(place, value, allowed, { subject: place, note });
}

function memberOf(args: readonly unknown[], { index, members, place }: Slot): unknown {
  let value = args[index];
  for (const name of members) {
    if (value === undefined || value === null) return undefined;
    try {
      value = (value as Record<string, unknown>)[name];
    } catch (cause) {
      const note = "it throws when it is read";
      throw new ConfigError(place, value, "a readable member", { subject: place, note, cause });
    }
  }
  return value;
}

/** Compiles the common template: text around one whole argument. */
function oneArgument(before: string, slot: Slot, writer: Writer): KeyFunction {
  const { index, after } = slot;
  const { plain } = writer;
  const digitsArePlain = plain.test("0123456789");
  return (args) => {
    const value = args[index];
    const isCount = typeof value === "number" && digitsArePlain && value >>> 0 === value;
    if (isCount || (typeof value === "string" && plain.test(value))) return before + value + after;
    return before + token(value, slot, writer) + after;
  };
}

/**
 * Compiles a template into a function from arguments to keys.
 *
 * Within one template, keys are equal only for equal values; strings, numbers and bigints that read
 * the same are equal. The returned function throws a ConfigError that names the argument for a
 * missing value and for one that cannot be part of a key.
 * @throws ConfigError for an empty template, an unknown placeholder or an unbalanced brace
 */
export function compileTemplate(template: unknown, option = "key"): KeyFunction {
  if (typeof template !== "string" || template === "")
    throw new ConfigError(option, template, ALLOWED);
  const parsed = parse(template, option);
  separate(parsed);
  const { before, slots } = parsed;
  const writer = writerFor(delimiters(parsed));
  const [first] = slots;
  if (first === undefined) return () => before;
  if (slots.length === 1 && first.members.length === 0) return oneArgument(before, first, writer);
  return (args) => {
    let key = before;
    for (const slot of slots) key += token(memberOf(args, slot), slot, writer) + slot.after;
    return key;
  };
}
