/**
 * Prints any value in a few words for an error message. Never throws and never takes long: it is
 * given values that nobody expected. Names objects and does not list their members, so that no
 * user's data reaches a log through a message.
 */

const LONGEST_STRING = 60;
const LONGEST_BIGINT = 10n ** 40n;

/** Returns a string in double quotes, escaped and cut to a readable length. */
export function quote(text: string): string {
  if (text.length <= LONGEST_STRING) return JSON.stringify(text);
  return `${JSON.stringify(text.slice(0, LONGEST_STRING))}… (${text.length} characters)`;
}

function describeBigint(value: bigint): string {
  const small = value < LONGEST_BIGINT && value > -LONGEST_BIGINT;
  return small ? `${value}n` : "a huge bigint"; // printing one takes quadratic time
}

function named(kind: string, name: unknown, nameless: string): string {
  const usable = typeof name === "string" && name !== "";
  return usable ? `${kind} ${name.slice(0, LONGEST_STRING)}` : nameless;
}

function describeObject(value: object): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (value instanceof Date) return `the Date ${String(value.getTime())}`;
  const proto: unknown = Object.getPrototypeOf(value);
  if (proto === null || proto === Object.prototype) return "an object";
  const maker: unknown = value.constructor;
  return typeof maker === "function"
    ? named("an instance of", ownName(maker.name), "an instance of an unnamed class")
    : "an object";
}

/** A name that somebody gave: minifiers give shorter ones, which tell nobody anything. */
const ownName = (name: unknown): string | undefined =>
  typeof name === "string" && name.length > 2 ? name : undefined;

/** Prints any value in a few words. */
export function describe(value: unknown): string {
  try {
    if (typeof value === "string") return quote(value);
    if (typeof value === "bigint") return describeBigint(value);
    if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
    if (typeof value === "symbol") return named("the symbol", value.description, "a symbol");
    if (typeof value === "function") {
      return named("the function", ownName(value.name), "a function");
    }
    return typeof value === "object" && value !== null ? describeObject(value) : String(value);
  } catch {
    return `an unreadable ${typeof value}`; // a revoked proxy, a getter that throws
  }
}

/** Returns a key on one line, for messages: keys of HTTP contain line feeds. */
export const oneLine = (text: string): string => text.replace(/[\r\n]+/g, " ");
