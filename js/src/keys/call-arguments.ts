/**
 * The arguments of a call on their way to the loader: what the caller changes later does not reach
 * it, and the caller's signals are exchanged for the load's.
 *
 * Both concern plain data: arrays and plain objects, at whatever depth. Instances of classes, and
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

/** True for what has no signal in it at a glance, as most arguments do not. */
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

/** Every signal among arguments. */
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
    // A revoked proxy or a getter that throws: the loader may meet it itself.
  }
  return found ?? NONE;
}

/** The arguments with one signal in the place of each of theirs. */
export function withSignal(args: readonly unknown[], signal: AbortSignal): readonly unknown[] {
  const made = new Map<object, unknown>();
  const exchange = (value: unknown, depth: number): unknown => {
    if (typeof value !== "object" || value === null) return value;
    if (isAbortSignal(value)) return signal;
    if (depth >= DEEPEST || !isContainer(value)) return value;
    return made.has(value) ? made.get(value) : exchangeIn(value, depth);
  };
  const exchangeIn = (value: Members, depth: number): unknown => {
    made.set(value, value); // until it is known: it may contain itself
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

/** A copy of one array or plain object, with its members as they are. */
function shallow(value: Members): Members {
  if (Array.isArray(value)) return Object.assign([], value) as unknown as Members;
  const copy = { ...value };
  return Object.getPrototypeOf(value) === null ? Object.setPrototypeOf(copy, null) : copy;
}

/** Sets a member; one that is called `__proto__` is a member like others. */
function put(copy: Members, name: string, value: unknown): void {
  if (name !== "__proto__") copy[name] = value;
  else Object.defineProperty(copy, name, { value, enumerable: true, writable: true });
}

/** True if nobody can change any of the arguments. */
function isFixed(args: readonly unknown[]): boolean {
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at];
    if (typeof arg === "object" && arg !== null) return false;
  }
  return true;
}

/** The copies of objects: what was one object in several places is one again. */
class Copies {
  // Most arguments have one object in them, and need no map.
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

/** The arguments as they are now, whatever the caller does with them later. */
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
  // Something that acts, and may well change itself: no data.
  for (const name of names) if (typeof value[name] === "function") return value;
  const copy = shallow(value);
  made.set(value, copy);
  for (const name of names) {
    const member = copy[name];
    if (typeof member === "object") put(copy, name, copyOf(member, made, depth + 1));
  }
  return copy;
}

/** The built-in objects that keys can be made of; anything else as it is. */
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

/** True for an instance of exactly that class. */
function isOf<Class extends { readonly prototype: object }>(
  value: object,
  { prototype }: Class,
): value is Class["prototype"] {
  return Object.getPrototypeOf(value) === prototype;
}
