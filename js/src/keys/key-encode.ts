/**
 * Encodes a value as text, injectively: two values have the same text only if their contents are
 * the same.
 *
 * Every encoding starts with a character for its kind and ends where its own grammar says (texts
 * carry their length), so nothing is escaped and no string can imitate another value:
 *
 * ```text
 * string  s5:hello         object  {1:a=42,1:b=s1:x}   (names sorted)
 * number  42 -0.5 NaN      array   [1,_,3]             (_ is a hole)
 * bigint  i42              Map     m(1=s3:one)         (sorted)
 * words   true false       Set     e(1,2)              (sorted)
 *         null undefined   RegExp  r3:a+bgi
 * URL     l20:https://example.org/
 * Date    d1700000000000   bytes   bUint8Array:4:AQI=
 *                          URLSearchParams  q3:a=1
 * ```
 */

import { describe } from "../util/describe.js";
import { ConfigError } from "../util/errors.js";

/** Members to leave out: a name maps to `true` (left out) or to members further inside. */
export type IgnoredMembers = ReadonlyMap<string, IgnoredMembers | true>;

/** Deeper than any sensible argument, far less deep than any stack. */
const DEEPEST = 400;
/** Bounds the exponential growth that shared references could cause. */
const MOST_VALUES = 4_000_000;

const TOO_MANY = "too many values for a key";
const ALLOWED =
  "strings, numbers, bigints, booleans, null, undefined, Date, URL, URLSearchParams, RegExp, typed arrays, ArrayBuffer, DataView, and arrays, Map, Set and plain objects of these";

/** One step on the way to a value: a member's name, an element's index, or a place in words. */
type Step = string | number | { readonly words: string };

const MAP_KEY: Step = { words: "<map key>" };
const MAP_VALUE: Step = { words: "<map value>" };
const SET_MEMBER: Step = { words: "<set member>" };

/** The current place of the encoder, for error messages. */
interface Walk {
  readonly start: string;
  readonly path: Step[];
  readonly above: object[];
  values: number;
}

const PLAIN_NAME = /^[\w$]{1,60}$/;

function stepText(step: Step): string {
  if (typeof step === "object") return step.words;
  return PLAIN_NAME.test(`${step}`) ? `.${step}` : `[${describe(step)}]`;
}

function placeText({ start, path }: Walk): string {
  return start + path.map(stepText).join("").slice(0, 300);
}

function refuse(walk: Walk, value: unknown, note: string, ...cause: unknown[]): never {
  const place = placeText(walk);
  const details = { note, subject: place, ...(cause.length > 0 ? { cause: cause[0] } : {}) };
  throw new ConfigError(place, value, ALLOWED, details);
}

/** Encodes a value one step below the current place. */
function inside(walk: Walk, step: Step, value: unknown, ignored?: IgnoredMembers): string {
  walk.path.push(step);
  const text = encodeAny(walk, value, ignored);
  walk.path.pop();
  return text;
}

function isPlain(proto: object | null): boolean {
  if (proto === Object.prototype || proto === null) return true;
  // The Object.prototype of another realm (an iframe, a vm context).
  return Object.getPrototypeOf(proto) === null && Object.hasOwn(proto, "isPrototypeOf");
}

function refuseSymbolKeys(walk: Walk, value: object): void {
  for (const symbol of Object.getOwnPropertySymbols(value)) {
    if (!Object.prototype.propertyIsEnumerable.call(value, symbol)) continue;
    walk.path.push({ words: `[${describe(symbol)}]` });
    refuse(walk, symbol, "a symbol is never equal to another process's");
  }
}

function encodeMembers(
  walk: Walk,
  value: object,
  names: readonly string[],
  ignored: IgnoredMembers | undefined,
): string {
  let text = "";
  for (const name of names) {
    const inner = ignored?.get(name);
    if (inner === true) continue;
    walk.path.push(name); // before the read: a getter may throw
    const member = (value as Record<string, unknown>)[name];
    if (!isAbortSignal(member)) {
      text += `${text === "" ? "" : ","}${name.length}:${name}=${encodeAny(walk, member, inner)}`;
    }
    walk.path.pop();
  }
  return `{${text}}`;
}

function encodePlain(walk: Walk, value: object, ignored: IgnoredMembers | undefined): string {
  refuseSymbolKeys(walk, value);
  return encodeMembers(walk, value, Object.keys(value).sort(), ignored);
}

function encodeArray(
  walk: Walk,
  value: readonly unknown[],
  ignored: IgnoredMembers | undefined,
): string {
  const { length } = value;
  walk.values += length;
  if (walk.values > MOST_VALUES) return refuse(walk, value, TOO_MANY);
  refuseSymbolKeys(walk, value);
  const names = Object.keys(value);
  let text = "";
  let present = 0;
  for (let index = 0; index < length; index += 1) {
    if (index > 0) text += ",";
    const there = Object.hasOwn(value, index);
    if (there) present += 1;
    const inner = ignored?.get(`${index}`);
    text += there && inner !== true ? inside(walk, index, value[index], inner) : "_";
  }
  // Members besides the elements, like those of a RegExp match, come last in Object.keys.
  const others = names.length > present ? names.slice(present).sort() : [];
  return `[${text}]${others.length > 0 ? encodeMembers(walk, value, others, ignored) : ""}`;
}

function encodeMap(walk: Walk, value: ReadonlyMap<unknown, unknown>): string {
  const pairs: string[] = [];
  Map.prototype.forEach.call(value, (member: unknown, key: unknown) => {
    pairs.push(`${inside(walk, MAP_KEY, key)}=${inside(walk, MAP_VALUE, member)}`);
  });
  return `m(${pairs.sort().join(",")})`;
}

function encodeSet(walk: Walk, value: ReadonlySet<unknown>): string {
  const members: string[] = [];
  Set.prototype.forEach.call(value, (member: unknown) => {
    members.push(inside(walk, SET_MEMBER, member));
  });
  return `e(${members.sort().join(",")})`;
}

// A multiple of three, so that no part's base64 ends in padding; small enough for an argument list.
const BYTES_AT_ONCE = 8190;

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += BYTES_AT_ONCE) {
    const part = bytes.subarray(start, start + BYTES_AT_ONCE);
    text += btoa(String.fromCharCode.apply(null, part as unknown as number[]));
  }
  return text;
}

function encodeBytes(name: string, buffer: ArrayBufferLike, offset: number, size: number): string {
  const text = base64(new Uint8Array(buffer, offset, size));
  return `b${name}:${text.length}:${text}`;
}

function encodeBuffer(value: ArrayBuffer): string {
  ArrayBuffer.prototype.slice.call(value, 0, 0); // throws unless it is one
  return encodeBytes("ArrayBuffer", value, 0, value.byteLength);
}

/**
 * Encodes a typed array or DataView. Node's Buffer is the one subclass known to have no private
 * state.
 */
function encodeView(value: ArrayBufferView, tag: string, depth: number): string | undefined {
  const { Buffer } = globalThis as { Buffer?: { prototype: object } };
  const isBuffer = Buffer !== undefined && Object.getPrototypeOf(value) === Buffer.prototype;
  if (!isBuffer && depth !== (tag === "DataView" ? 2 : 3)) return undefined;
  const name = isBuffer ? "Buffer" : tag;
  return encodeBytes(name, value.buffer, value.byteOffset, value.byteLength);
}

/**
 * Returns the number of prototypes between a value and null; a subclass has one more than its
 * parent.
 */
function prototypes(value: object): number {
  let count = 0;
  for (let at = Object.getPrototypeOf(value); at !== null && count < 9; count += 1)
    at = Object.getPrototypeOf(at);
  return count;
}

function encodeRegExp(value: RegExp): string {
  const { source, flags } = value;
  return `r${source.length}:${source}${flags}`;
}

/**
 * Encodes a built-in object of exactly its own class, from any realm; undefined for others. A
 * subclass may have private state in which two equal-looking instances differ. The intrinsic
 * methods throw on impostors.
 */
function encodeBuiltIn(walk: Walk, value: object): string | undefined {
  const depth = prototypes(value);
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (ArrayBuffer.isView(value)) return encodeView(value, tag, depth);
  if (depth !== 2 || Object.keys(value).length > 0) return undefined;
  if (tag === "Map") return encodeMap(walk, value as ReadonlyMap<unknown, unknown>);
  if (tag === "Set") return encodeSet(walk, value as ReadonlySet<unknown>);
  if (tag === "ArrayBuffer") return encodeBuffer(value as ArrayBuffer);
  if (Symbol.toStringTag in value) return undefined; // the classes below have no such member
  if (tag === "Date") return `d${Date.prototype.getTime.call(value)}`;
  return tag === "RegExp" ? encodeRegExp(value as RegExp) : undefined;
}

/** Encodes a URL or URLSearchParams, to which hosts add hidden members; undefined for others. */
function encodeUrl(value: object, proto: object | null): string | undefined {
  const isUrl = typeof URL !== "undefined" && proto === URL.prototype;
  if (!isUrl && !(typeof URLSearchParams !== "undefined" && proto === URLSearchParams.prototype))
    return undefined;
  const text = String(value);
  return `${isUrl ? "l" : "q"}${text.length}:${text}`;
}

function encodeObject(
  walk: Walk,
  value: object,
  ignored: IgnoredMembers | undefined,
): string | undefined {
  const proto: object | null = Object.getPrototypeOf(value);
  if (proto === Array.prototype && Array.isArray(value)) return encodeArray(walk, value, ignored);
  if (isPlain(proto)) return encodePlain(walk, value, ignored);
  if (Array.isArray(value))
    return prototypes(value) === 2 ? encodeArray(walk, value, ignored) : undefined;
  return encodeUrl(value, proto) ?? encodeBuiltIn(walk, value);
}

function whyNot(value: object): string {
  if (typeof (value as { then?: unknown }).then === "function") return "await it first";
  return "its class may hide state; pass its data, leave it out with `ignore`, or give a `key`";
}

function guarded(walk: Walk, value: object, ignored: IgnoredMembers | undefined): string {
  if (walk.above.includes(value)) return refuse(walk, value, "it contains itself");
  if (walk.above.length >= DEEPEST)
    return refuse(walk, value, `nested more than ${DEEPEST} levels deep`);
  walk.values += 1;
  if (walk.values > MOST_VALUES) return refuse(walk, value, TOO_MANY);
  walk.above.push(value);
  const text = encodeObject(walk, value, ignored);
  walk.above.pop();
  return text ?? refuse(walk, value, whyNot(value));
}

function encodeAny(walk: Walk, value: unknown, ignored?: IgnoredMembers | true): string {
  switch (typeof value) {
    case "string":
      return `s${value.length}:${value}`;
    case "bigint":
      return `i${value}`;
    case "object":
      if (value === null) return "null";
      return guarded(walk, value, ignored === true ? undefined : ignored);
    case "function":
      return refuse(walk, value, "a function cannot be part of a key");
    case "symbol":
      return refuse(walk, value, "a symbol cannot be part of a key");
    default:
      return `${value}`; // a number, true, false or undefined; -0 prints as 0
  }
}

/**
 * True for an AbortSignal, which is no part of the question that a call asks. Recognised by shape:
 * signals of other realms and polyfills count.
 */
export function isAbortSignal(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  try {
    const { aborted, addEventListener } = value as Partial<AbortSignal>;
    return typeof aborted === "boolean" && typeof addEventListener === "function";
  } catch {
    return false; // a revoked proxy: the encoder refuses it, with the argument's name
  }
}

/**
 * Encodes a value.
 * @param place the name of the value in an error: `argument 2`
 * @throws ConfigError naming the place of a value that cannot be encoded: functions, symbols,
 *   cycles, instances of classes, very deep nesting, and objects that throw when read
 */
export function encodeValue(value: unknown, place: string, ignored?: IgnoredMembers): string {
  const walk: Walk = { start: place, path: [], above: [], values: 0 };
  try {
    return encodeAny(walk, value, ignored);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    return refuse(walk, value, "it throws when it is read", error);
  }
}
