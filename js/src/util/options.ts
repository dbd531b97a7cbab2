/**
 * Strict reading of option objects: unknown names are refused, with the nearest known one in the
 * message.
 */

import { ConfigError } from "./errors.js";

/** The names that an object of options may have. */
export interface OptionNames<Name extends string = string> {
  /** The function that takes the options, for messages: `wrap`, `memory`. */
  readonly of: string;
  readonly known: readonly Name[];
  /** Hints for names that are options elsewhere. */
  readonly elsewhere?: Readonly<Record<string, string>>;
  /** True if values may be secrets, which no message may show. */
  readonly secret?: boolean;
}

/** The given options, each read once; `undefined` counts as not given. */
export type GivenOptions<Name extends string> = { readonly [Key in Name]?: unknown };

/** Returns the edit distance between two short strings; a swap of neighbours counts as one edit. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const differ = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = swapped ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      const edit = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + differ);
      next.push(Math.min(edit, swap));
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}

/** Returns the name that was probably meant, if one is near enough. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  if (name.length > 40) return undefined;
  const ranked = names
    .map((candidate) => ({
      candidate,
      away: distance(name.toLowerCase(), candidate.toLowerCase()),
    }))
    .sort((a, b) => a.away - b.away);
  const best = ranked[0];
  if (best === undefined || best.away > Math.max(1, Math.floor(name.length / 3))) return undefined;
  return best.candidate;
}

function unknownOption(name: string, given: unknown, names: OptionNames): ConfigError {
  const value = names.secret === true ? typeof given : given;
  const allowed = names.known.join(", ");
  const why = Object.hasOwn(names.elsewhere ?? {}, name) ? names.elsewhere?.[name] : undefined;
  if (why !== undefined) return new ConfigError(name, value, allowed, { note: why });
  const meant = nearest(name, names.known);
  const hint = meant === undefined ? "" : `; did you mean "${meant}"?`;
  return new ConfigError(name, value, allowed, { note: `not an option of ${names.of}${hint}` });
}

/**
 * Inherited members count, as in `Object.create(defaults)`, but not those of `Object.prototype`.
 */
function isGiven(options: object, name: string): boolean {
  return Object.hasOwn(options, name) || !(name in Object.prototype);
}

/**
 * Returns the given options.
 * @throws ConfigError if `value` is no object of options, or for an unknown name: the message has
 *   the name that was probably meant and the allowed ones
 */
export function readOptions<Name extends string>(
  options: unknown,
  names: OptionNames<Name>,
): GivenOptions<Name> {
  const known: readonly string[] = names.known;
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    const value = names.secret === true ? typeof options : options;
    throw new ConfigError("options", value, `an object with ${known.join(", ")}`, {
      subject: `the options object of ${names.of}`,
    });
  }
  const given: Record<string, unknown> = {};
  for (const name in options) {
    if (!isGiven(options, name)) continue;
    const value = (options as Record<string, unknown>)[name];
    if (!known.includes(name)) throw unknownOption(name, value, names);
    given[name] = value;
  }
  return given as GivenOptions<Name>;
}

/** Returns a boolean; `otherwise` if `value` is undefined. */
export function flag(value: unknown, option: string, otherwise: boolean): boolean {
  if (value === undefined) return otherwise;
  if (typeof value === "boolean") return value;
  throw new ConfigError(option, value, "true or false");
}

/** Returns a function or undefined; `like` shows its shape in the message. */
export function optionalFunction<F extends (...args: never[]) => unknown>(
  value: unknown,
  option: string,
  like: string,
): F | undefined {
  if (value === undefined || typeof value === "function") return value as F | undefined;
  throw new ConfigError(option, value, `a function ${like}`);
}
