/**
 * Keys derived from a function's arguments.
 *
 * A key is the prefix, a colon and the arguments' encodings (see key-encode.ts) joined by commas. A
 * string in the last place is written plainly after a `$`, since nothing follows it: `getUser:42`,
 * `getUser:$alice`, `search:s5:shoes,{4:page=2}`.
 */

import { encodeValue, isAbortSignal } from "./key-encode.js";
import type { CompiledIgnore } from "./key-ignore.js";

/** Builds the key for one list of arguments. */
export type KeyFunction = (args: readonly unknown[]) => string;

/** Escapes colons, so that the prefix ends at the first one. */
function escapePrefix(prefix: string): string {
  return prefix.replaceAll("%", "%25").replaceAll(":", "%3A");
}

/**
 * Returns the number of arguments that count: trailing undefined, signals and ignored ones do not.
 */
function significant(args: readonly unknown[], ignore: CompiledIgnore | undefined): number {
  let count = args.length;
  while (count > 0) {
    const last = args[count - 1];
    const counts = last !== undefined && !isAbortSignal(last);
    if (counts && ignore?.indexes.has(count - 1) !== true) break;
    count -= 1;
  }
  return count;
}

function encodeArgument(value: unknown, index: number, ignore: CompiledIgnore | undefined): string {
  if (typeof value === "object" && value !== null) {
    if (isAbortSignal(value)) return "undefined";
    return encodeValue(value, `argument ${index}`, ignore?.members.get(index));
  }
  return encodeValue(value, `argument ${index}`);
}

function encodeArguments(args: readonly unknown[], ignore: CompiledIgnore | undefined): string {
  const count = significant(args, ignore);
  let text = "";
  for (let index = 0; index < count; index += 1) {
    const value = ignore?.indexes.has(index) === true ? undefined : args[index];
    if (index > 0) text += ",";
    if (typeof value === "number") text += value;
    else if (typeof value !== "string") text += encodeArgument(value, index, ignore);
    else text += index === count - 1 ? `$${value}` : `s${value.length}:${value}`;
  }
  return text;
}

/**
 * Returns a function from arguments to keys. It is made once per wrapped function and called on
 * every hit. Injective over the prefix and the arguments that count.
 *
 * The returned function throws a ConfigError that names the argument, like `argument 2.filter.fn`,
 * for a value that cannot be part of a key.
 */
export function keyFunction(prefix: string, ignore?: CompiledIgnore): KeyFunction {
  const head = `${escapePrefix(prefix)}:`;
  if (ignore !== undefined) return (args) => head + encodeArguments(args, ignore);
  const headOfString = `${head}$`;
  return (args) => {
    if (args.length === 1) {
      const only = args[0];
      if (typeof only === "string") return headOfString + only;
      if (typeof only === "number") return head + only;
    }
    return head + encodeArguments(args, undefined);
  };
}

/** Returns the key of one call: `keyFunction(prefix, ignore)(args)`. */
export function derivedKey(
  prefix: string,
  args: readonly unknown[],
  ignore?: CompiledIgnore,
): string {
  return keyFunction(prefix, ignore)(args);
}
