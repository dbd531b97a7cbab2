/** Reading objects of options strictly: no unknown name passes, however nearly right it is. */

import { ConfigError } from "./errors.js";

/** Which names an object of options may hold. */
export interface OptionNames<Name extends string = string> {
  /** What takes the options, for messages: `wrap`, `memory`. */
  readonly of: string;
  readonly known: readonly Name[];
  /** Why a name that exists elsewhere is not an option here. */
  readonly elsewhere?: Readonly<Record<string, string>>;
  /** True if values may be secrets, which no message may show. */
  readonly secret?: boolean;
}

/** The options that were given, each read once; `undefined` counts as not given. */
export type GivenOptions<Name extends string> = { readonly [Key in Name]?: unknown };

/** The edit distance between two short strings, swapped neighbours counting as one edit. */
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

/** The name that was probably meant, if any is near enough. */
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

/** Inherited members count, as in `Object.create(defaults)`, but not those of every object. */
function isGiven(options: object, name: string): boolean {
  return Object.hasOwn(options, name) || !(name in Object.prototype);
}

/**
 * The options that were given.
 * @throws ConfigError for something that is no object of options, and for an unknown name: it says
 *   which name was probably meant and which are allowed
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

/** Checks a yes or no. */
export function flag(value: unknown, option: string, otherwise: boolean): boolean {
  if (value === undefined) return otherwise;
  if (typeof value === "boolean") return value;
  throw new ConfigError(option, value, "true or false");
}

/** Checks a function; `like` shows its shape in the message. */
export function optionalFunction<F extends (...args: never[]) => unknown>(
  value: unknown,
  option: string,
  like: string,
): F | undefined {
  if (value === undefined || typeof value === "function") return value as F | undefined;
  throw new ConfigError(option, value, `a function ${like}`);
}
