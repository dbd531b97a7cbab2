/**
 * Copies of a call's arguments for its loader: later changes by the caller do not reach it, and the
 * callers' signals are replaced by the load's.
 *
 * Both apply to plain data: arrays and plain objects at any depth. Instances of classes, and
 * objects with functions in them, are passed on as they are.
 */

import { tagOf } from "../util/realms.js";
import { isAbortSignal } from "./key-encode.js";

/** Deeper than any sensible argument, and far less deep than any stack. */
const DEEPEST = 400;

type Members = Record<PropertyKey, unknown>;

const NONE: readonly AbortSignal[] = [];

function isPlainObject(value: object): boolean {
  const proto = Object.getPrototypeOf(value);
  if (proto === null || proto === Object.prototype) return true;
  // The Object.prototype of another realm.
  return Object.getPrototypeOf(proto) === null && Object.hasOwn(proto, "isPrototypeOf");
}

function isContainer(value: unknown): value is Members {
  if (typeof value !== "object" || value === null) return false;
  return Array.isArray(value) || isPlainObject(value);
}

/** True if a value obviously has no signal in it, as most arguments. */
function isFlat(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (isAbortSignal(value)) return false;
  if (!isContainer(value)) return true;
  for (const name in value) {
    const member = value[name];
    if (typeof member === "object" && member !== null) return false;
  }
  return true;
}

/** Returns every signal within the arguments. */
export function signalsIn(args: readonly unknown[]): readonly AbortSignal[] {
  if (isFixed(args)) return NONE;
  let found: AbortSignal[] | undefined;
  const seen = new Set<object>();
  const look = (value: unknown, depth: number): void => {
    if (typeof value !== "object" || value === null) return;
    if (isAbortSignal(value)) {
      found ??= [];
      found.push(value as AbortSignal);
    } else if (depth < DEEPEST && isContainer(value) && !seen.has(value)) {
      seen.add(value);
      for (const member of Object.values(value)) look(member, depth + 1);
    }
  };
  try {
    if (!args.every(isFlat)) for (const arg of args) look(arg, 0);
  } catch {
    // A revoked proxy or a throwing getter: the loader may meet it itself.
  }
  return found ?? NONE;
}

/** Returns the arguments with each signal replaced by `signal`. */
export function withSignal(args: readonly unknown[], signal: AbortSignal): readonly unknown[] {
  const made = new Map<object, unknown>();
  const exchange = (value: unknown, depth: number): unknown => {
    if (typeof value !== "object" || value === null) return value;
    if (isAbortSignal(value)) return signal;
    if (depth >= DEEPEST || !isContainer(value)) return value;
    return made.has(value) ? made.get(value) : exchangeIn(value, depth);
  };
  const exchangeIn = (value: Members, depth: number): unknown => {
    made.set(value, value); // placeholder while it is built: it may contain itself
    let copy: Members | undefined;
    for (const name of Object.keys(value)) {
      const member = value[name];
      const other = exchange(member, depth + 1);
      if (other === member) continue;
      copy ??= shallow(value);
      put(copy, name, other);
    }
    made.set(value, copy ?? value);
    return copy ?? value;
  };
  return args.map((arg) => exchange(arg, 0));
}

/** Returns a shallow copy of an array or plain object. */
function shallow(value: Members): Members {
  if (Array.isArray(value)) return Object.assign([], value) as unknown as Members;
  const copy = { ...value };
  return Object.getPrototypeOf(value) === null ? Object.setPrototypeOf(copy, null) : copy;
}

/** Sets a member, also one called `__proto__`. */
function put(copy: Members, name: string, value: unknown): void {
  if (name !== "__proto__") copy[name] = value;
  else Object.defineProperty(copy, name, { value, enumerable: true, writable: true });
}

/** True if none of the arguments can be changed. */
function isFixed(args: readonly unknown[]): boolean {
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at];
    if (typeof arg === "object" && arg !== null) return false;
  }
  return true;
}

/** Copies by original, so that an object in several places stays one object. */
class Copies {
  // Most calls have one object in their arguments and need no map.
  #of: object | undefined;
  #copy: unknown;
  #others: Map<object, unknown> | undefined;

  get(value: object): unknown {
    return value === this.#of ? this.#copy : this.#others?.get(value);
  }

  set(value: object, copy: unknown): void {
    if (this.#of === undefined || this.#of === value) {
      this.#of = value;
      this.#copy = copy;
    } else {
      this.#others ??= new Map();
      this.#others.set(value, copy);
    }
  }
}

/** Returns the arguments as they are now; later changes do not show in them. */
export function snapshot<Args extends readonly unknown[]>(args: Args): Args {
  if (isFixed(args)) return args;
  const made = new Copies();
  return args.map((arg) => copyOf(arg, made, 0)) as unknown as Args;
}

function copyOf(value: unknown, made: Copies, depth: number): unknown {
  if (typeof value !== "object" || value === null || depth >= DEEPEST) return value;
  const known = made.get(value);
  if (known !== undefined) return known;
  try {
    const copy = isContainer(value)
      ? copyMembers(value, made, depth)
      : copyBuiltIn(value, made, depth);
    made.set(value, copy);
    return copy;
  } catch {
    return value; // a revoked proxy, a getter that throws
  }
}

function copyMembers(value: Members, made: Copies, depth: number): unknown {
  const names = Object.keys(value);
  // An object with methods is no data: it acts, and may change itself.
  for (const name of names) if (typeof value[name] === "function") return value;
  const copy = shallow(value);
  made.set(value, copy);
  for (const name of names) {
    const member = copy[name];
    if (typeof member === "object") put(copy, name, copyOf(member, made, depth + 1));
  }
  return copy;
}

/** Copies a built-in object that keys can be made of; returns any other as it is. */
function copyBuiltIn(value: object, made: Copies, depth: number): unknown {
  const inner = (member: unknown) => copyOf(member, made, depth + 1);
  if (ArrayBuffer.isView(value)) return copyView(value);
  switch (tagOf(value)) {
    case "Date":
      return isOf(value, Date) ? new Date(value.getTime()) : value;
    case "Map":
      return isOf(value, Map)
        ? new Map(Array.from(value, (pair) => pair.map(inner) as [unknown, unknown]))
        : value;
    case "Set":
      return isOf(value, Set) ? new Set(Array.from(value, inner)) : value;
    case "ArrayBuffer":
      return isOf(value, ArrayBuffer) ? (value as ArrayBuffer).slice(0) : value;
    case "URL":
      return isOf(value, URL) ? new URL(value.href) : value;
    case "URLSearchParams":
      return isOf(value, URLSearchParams) ? new URLSearchParams(value) : value;
    default:
      return value;
  }
}

function copyView(value: ArrayBufferView): unknown {
  if (tagOf(value) !== "DataView") return Uint8Array.prototype.slice.call(value as Uint8Array);
  const { buffer, byteOffset, byteLength } = value;
  return new DataView(buffer.slice(byteOffset, byteOffset + byteLength));
}

/** True for an instance of exactly this class. */
function isOf<Class extends { readonly prototype: object }>(
  value: object,
  { prototype }: Class,
): value is Class["prototype"] {
  return Object.getPrototypeOf(value) === prototype;
}
