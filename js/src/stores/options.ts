/** Checks of store options and of the clients given to stores. */

import { deadlineOf } from "../tiers/attempts.js";
import type { Duration } from "../util/duration.js";
import { ConfigError } from "../util/errors.js";
import { type GivenOptions, readOptions } from "../util/options.js";

/** Options of every store. */
export interface StoreOptions {
  /** Shown in events and as `tier`. Default: the kind of store, like `"redis"`. */
  readonly name?: string | undefined;
  /**
   * The time an operation may take before the call goes on without the store: milliseconds or like
   * `"200ms"`. Default 500 ms.
   */
  readonly deadline?: Duration | undefined;
}

/** A store's name and deadline. */
export interface NameAndDeadline {
  readonly name: string;
  readonly deadline?: number;
}

/**
 * Reads the options of a store.
 * @param of the function that takes them, for messages
 * @param kind the default name
 * @param more the names of further options
 * @throws ConfigError for an unknown option, a wrong name or a wrong deadline
 */
export function storeOptions<Name extends string = never>(
  options: unknown,
  of: string,
  kind: string,
  more: readonly Name[] = [],
): { readonly own: NameAndDeadline; readonly given: GivenOptions<Name> } {
  const known = ["name", "deadline", ...more] as const;
  const given = readOptions(options, { of, known });
  const { deadline } = given;
  const own = { name: text(given.name, "name", kind) };
  if (deadline === undefined) return { own, given };
  return { own: { ...own, deadline: deadlineOf(deadline, "deadline") }, given };
}

/**
 * Returns a string, or `otherwise` if none was given.
 * @throws ConfigError
 */
export function text(value: unknown, option: string, otherwise: string): string {
  if (value === undefined) return otherwise;
  if (typeof value === "string" && value !== "") return value;
  throw new ConfigError(option, value, "a string that is not empty");
}

/**
 * Returns a whole number, or `otherwise` if none was given.
 * @throws ConfigError
 */
export function wholeNumber(
  value: unknown,
  option: string,
  otherwise: number,
  least: number,
): number {
  if (value === undefined) return otherwise;
  if (Number.isSafeInteger(value) && (value as number) >= least) return value as number;
  throw new ConfigError(option, value, `a whole number, ${least} or more`);
}

/**
 * Returns a client that has these methods.
 * @param allowed the known clients, for the message
 * @throws ConfigError
 */
export function clientWith<Client>(
  client: Client,
  option: string,
  methods: readonly string[],
  allowed: string,
): Client {
  const isObject = typeof client === "object" && client !== null;
  const given = (isObject ? client : {}) as Record<string, unknown>;
  if (methods.every((method) => typeof given[method] === "function")) return client;
  throw new ConfigError(option, client, allowed);
}
