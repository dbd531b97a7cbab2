/** The options of `cachedFetch` and `cachedHandler`, besides a policy. */

import { type ByteSize, byteSize } from "../memory/size.js";
import { ConfigError } from "../util/errors.js";
import {
  flag,
  type GivenOptions,
  type OptionNames,
  optionalFunction,
  readOptions,
} from "../util/options.js";

/** The options of `cachedFetch` besides a policy. */
export interface FetchOptions {
  /** True if many users share the cache, as RFC 9111 says. Default true. */
  readonly shared?: boolean | undefined;
  /** The function that asks the origin. Default: the global `fetch`, looked up at each call. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /**
   * True to apply the policy's `ttl` and windows even if the response states its own freshness. A
   * response that must not be stored still is not. Default false.
   */
  readonly override?: boolean | undefined;
  /** The most bytes of a body that is stored; a longer one passes through. Default `"10mb"`. */
  readonly maxBody?: ByteSize | undefined;
  /**
   * True if a shared cache keeps `Set-Cookie` with the responses it stores, as RFC 9111 §7.3
   * permits: then everybody who is answered with one gets the cookie of the request that brought
   * it. Default false: a cookie is for the caller whose request was answered with it.
   */
  readonly storeSetCookie?: boolean | undefined;
  /**
   * True if URLs that differ only in the order of their query parameters are one. Default false:
   * the order may mean something to the origin (RFC 9111 §2 takes the URL as it is).
   */
  readonly sortQuery?: boolean | undefined;
  /**
   * The treatment of `Cache-Control` and `Pragma` of a request (RFC 9111 §5.2.1 calls them
   * advisory): `"follow"`, or `"ignore"`, so that no visitor has a server ask its origin, or keep
   * nothing. Cache modes, which are the calling code's own, count either way. Default `"follow"`
   * for `cachedFetch` and `"ignore"` for `cachedHandler`.
   */
  readonly requestDirectives?: "follow" | "ignore" | undefined;
  /**
   * Keeps its responses apart from those of other fetches and handlers of the cache; those of one
   * kind with one name share them. Needed for a second one that asks an origin in another way where
   * the cache has stores below `memory()`. Default: none for the first, a number for others.
   */
  readonly name?: string | undefined;
}

/** The options of `cachedHandler` besides a policy. */
export type HandlerOptions = Omit<FetchOptions, "fetch">;

/** Fetch options, checked. */
export interface CompiledFetchOptions {
  readonly shared: boolean;
  readonly override: boolean;
  /** Whole bytes or `Infinity`. */
  readonly maxBody: number;
  readonly storeSetCookie: boolean;
  readonly sortQuery: boolean;
  readonly ignoresDirectives: boolean;
  readonly name: string | undefined;
  /** Undefined for the global one. */
  readonly fetch: typeof globalThis.fetch | undefined;
}

const HTTP_NAMES = [
  "shared",
  "override",
  "maxBody",
  "storeSetCookie",
  "sortQuery",
  "requestDirectives",
  "name",
] as const;
const FETCH_NAMES: OptionNames<keyof FetchOptions> = {
  of: "cachedFetch",
  known: [...HTTP_NAMES, "fetch"],
};
const HANDLER_NAMES: OptionNames<keyof HandlerOptions> = {
  of: "cachedHandler",
  known: HTTP_NAMES,
};
const MAX_BODY = 10 * 1024 * 1024;

/**
 * Checks the options of `cachedFetch`.
 * @throws ConfigError naming the option at fault
 */
export function compileFetchOptions(options: FetchOptions | undefined): CompiledFetchOptions {
  const given = readOptions(options === undefined ? {} : options, FETCH_NAMES);
  return Object.freeze({
    ...httpOptions(given, "follow"),
    fetch: optionalFunction<typeof globalThis.fetch>(given.fetch, "fetch", "like the global fetch"),
  });
}

/**
 * Checks the options of `cachedHandler`.
 * @throws ConfigError naming the option at fault
 */
export function compileHandlerOptions(
  options: HandlerOptions | undefined,
): Omit<CompiledFetchOptions, "fetch"> {
  return httpOptions(readOptions(options === undefined ? {} : options, HANDLER_NAMES), "ignore");
}

function directives(value: unknown): "follow" | "ignore" | undefined {
  if (value === undefined || value === "follow" || value === "ignore") return value;
  throw new ConfigError("requestDirectives", value, '"follow" or "ignore"');
}

function checkedName(value: unknown): string | undefined {
  if (value === undefined || (typeof value === "string" && value !== "")) return value;
  throw new ConfigError("name", value, "a text that is not empty");
}

function httpOptions(
  given: GivenOptions<keyof HandlerOptions>,
  otherwise: "follow" | "ignore",
): Omit<CompiledFetchOptions, "fetch"> {
  const { maxBody } = given;
  return {
    shared: flag(given.shared, "shared", true),
    override: flag(given.override, "override", false),
    maxBody: maxBody === undefined ? MAX_BODY : byteSize(maxBody, { option: "maxBody" }),
    storeSetCookie: flag(given.storeSetCookie, "storeSetCookie", false),
    sortQuery: flag(given.sortQuery, "sortQuery", false),
    ignoresDirectives: (directives(given.requestDirectives) ?? otherwise) === "ignore",
    name: checkedName(given.name),
  };
}
