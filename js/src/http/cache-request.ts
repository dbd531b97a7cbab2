/** A request, as far as the cache must know it. Nothing is read before it is needed. */

import {
  HANDLING_LOOKUP,
  MODE_DEFAULT,
  MODE_NAMES,
  REQUEST_GET,
  REQUEST_PERSONAL,
  REQUEST_WHOLE,
  type RequestNumbers,
  readRequestNumbers,
  writeRequestNumbers,
} from "../core/abi.js";
import { heads } from "../core/http.js";
import { inKind, ofThisRealm } from "./foreign.js";
import { headOf, linesOf } from "./head.js";
import { isNavigation, referrerOf } from "./navigation.js";

/** Fields about the response that the client has: never part of a load. */
const CONDITIONS = [
  "if-none-match",
  "if-modified-since",
  "if-match",
  "if-unmodified-since",
  "if-range",
  "range",
];
/** Fields that say something to a cache. */
const TELLING = /^(?:cache-control|pragma|if-|range|authorization|cookie)/im;
/** The lines with what clients ask of caches. */
const DIRECTIVES = /^(?:cache-control|pragma):.*\n/gim;

/** A request as the core reads it. */
interface RequestPlan extends Pick<RequestNumbers, "handling" | "flags" | "staleIfError"> {
  readonly numbers: Float64Array;
}

/** The cache that a request is for. */
interface ReadingCache {
  readonly shared: boolean;
  /** True if `Cache-Control` and `Pragma` of requests say nothing to it. */
  readonly ignoresDirectives: boolean;
}

function planOf(numbers: Float64Array): RequestPlan {
  const { handling, flags, staleIfError } = readRequestNumbers(numbers);
  return { handling, flags, staleIfError, numbers };
}

/** The plan of a GET that has none of these fields: it is made without the core. */
const SILENT: RequestPlan = planOf(
  writeRequestNumbers({
    handling: HANDLING_LOOKUP,
    flags: REQUEST_GET | REQUEST_WHOLE,
    mode: MODE_DEFAULT,
    maxAge: Number.NaN,
    minFresh: Number.NaN,
    maxStale: Number.NaN,
    staleIfError: Number.NaN,
  }),
);

/** A request, as the cache reads it. */
export class CacheRequest {
  /** Without fragment, as it was given or as the host resolved it. */
  readonly url: string;
  readonly method: string;
  /** True if the request was given as a URL and nothing else. */
  readonly isUrl: boolean;
  #request: Request | undefined;
  #head: string | undefined;
  #plan: RequestPlan | undefined;
  cache: ReadingCache = { shared: true, ignoresDirectives: false };
  /** Arguments of a worker's handler after the request. */
  readonly extras: readonly unknown[];
  /** A `Vary` that its answer has without saying so, as a line of a head; empty for none. */
  impliedVary = "";

  /** A GET of `url` when there is no request. */
  constructor(url: string, request?: Request, extras: readonly unknown[] = []) {
    this.url = url;
    this.method = request?.method ?? "GET";
    this.#request = request;
    if (request === undefined) {
      this.#head = "";
      this.#plan = SILENT;
    }
    this.isUrl = request === undefined;
    this.extras = extras;
  }

  /** @throws TypeError for what `fetch` would throw it for */
  static of(input: RequestInfo | URL, init: RequestInit | undefined): CacheRequest {
    const given = ofThisRealm(input);
    const isRequest = given instanceof Request && init === undefined;
    const request = isRequest ? given : new Request(given, init);
    return new CacheRequest(withoutFragment(request.url), request);
  }

  /** A request that a handler was given. */
  static handled(
    given: Request,
    extras: readonly unknown[],
    impliedVary?: (asked: CacheRequest) => string,
  ): CacheRequest {
    const known = ofThisRealm(given) as Request;
    const url = withoutFragment(known.url);
    // What follows a "#" is in no key, so that the handler must not see it.
    const request = url === known.url ? known : inKind(new Request(url, known), known);
    const asked = new CacheRequest(url, request, extras);
    asked.impliedVary = impliedVary?.(asked) ?? "";
    return asked;
  }

  /** A GET of another URL with the same fields. */
  at(url: string): CacheRequest {
    const request = new Request(url, { headers: this.request.headers });
    const asked = new CacheRequest(url, request, this.extras);
    asked.cache = this.cache;
    asked.impliedVary = this.impliedVary;
    return asked;
  }

  get request(): Request {
    this.#request ??= new Request(this.url);
    return this.#request;
  }

  /** Undefined for a plain URL, whose request has none of its own. */
  get signal(): AbortSignal | undefined {
    return this.isUrl ? undefined : (this.request.signal ?? undefined);
  }

  /** The request's cache mode; workerd has it only behind a compatibility flag. */
  get mode(): RequestCache {
    if (this.isUrl) return "default";
    try {
      return this.request.cache ?? "default";
    } catch {
      return "default"; // a host that does not implement it may throw
    }
  }

  /** The request's handling of redirections. */
  get redirect(): RequestRedirect {
    return this.isUrl ? "follow" : (this.request.redirect ?? "follow");
  }

  /** The hashes that its answer must have one of; empty without any, or where hosts have none. */
  get integrity(): string {
    if (this.isUrl) return "";
    try {
      return this.request.integrity ?? "";
    } catch {
      return "";
    }
  }

  /**
   * True if an error it fails with is its own: it may concern its user, or come of a `redirect` or
   * an `integrity` that others need not have.
   */
  get failsAlone(): boolean {
    if (this.isUrl) return false;
    const isStrict = this.redirect === "error" || this.integrity !== "";
    return isStrict || (this.plan.flags & REQUEST_PERSONAL) !== 0;
  }

  get head(): string {
    this.#head ??= headOf(this.request.headers) + credentialsOf(this.url);
    return this.#head;
  }

  /** The part of the head that the cache heeds. */
  get heeded(): string {
    return this.cache.ignoresDirectives ? this.head.replace(DIRECTIVES, "") : this.head;
  }

  /** The request as the core reads it. */
  get plan(): RequestPlan {
    this.#plan ??= this.#read();
    return this.#plan;
  }

  #read(): RequestPlan {
    const { method, heeded, mode } = this;
    if (method === "GET" && mode === "default" && !TELLING.test(heeded)) return SILENT;
    const number = Math.max(MODE_DEFAULT, MODE_NAMES.indexOf(mode as (typeof MODE_NAMES)[number]));
    return planOf(heads.http_request(method, heeded, number, this.cache.shared));
  }

  /** True if there is nothing to decide before the entry is looked up. */
  get isPlain(): boolean {
    return this.plan === SILENT;
  }

  /** True if the whole response is the answer, whatever it is. */
  get takesWhole(): boolean {
    return (this.plan.flags & REQUEST_WHOLE) !== 0;
  }

  /** The request as it is, ended by `signal` as well as by its own. */
  endedBy(signal: AbortSignal): Request {
    const { request } = this;
    // A navigation that is made anew is none; its answer is waited for no longer, and that is all.
    if (typeof AbortSignal.any !== "function" || request.mode === "navigate") return request;
    const both = AbortSignal.any([request.signal, signal]);
    return inKind(new Request(request, { signal: both }), request);
  }

  /**
   * The request that fills the cache: for the whole response, whatever this caller has of it.
   * @param added the fields that validate what is stored
   */
  filling(added: string, signal: AbortSignal): Request {
    const init = { signal, ...(added !== "" && this.mode === "default" && validating()) };
    if (this.#request === undefined)
      return new Request(this.url, { ...init, headers: own(linesOf(added)) });
    const { request } = this;
    const isConditional = CONDITIONS.some((name) => request.headers.has(name));
    if (added === "" && !isConditional && isNavigation(request)) return request;
    const headers = new Headers(request.headers);
    for (const name of CONDITIONS) headers.delete(name);
    for (const [name, value] of linesOf(added)) headers.set(name, value);
    const changed = { ...init, ...referrerOf(request), headers };
    const method = this.method === "GET" ? {} : { method: "GET" };
    return inKind(new Request(request, { ...changed, ...method }), request);
  }
}

/**
 * The cache mode of a request with conditions. Fetch makes it "no-store" by default and adds
 * `Cache-Control: no-cache`, which keeps origins from answering 304; Node's does as it says. Mode
 * "no-cache" adds `max-age=0`. Browsers and workerd add neither, and not all know all modes.
 */
function validating(): { readonly cache?: "no-cache" } {
  const { process } = globalThis as { process?: { versions?: { undici?: string } } };
  return process?.versions?.undici === undefined ? {} : { cache: "no-cache" };
}

const own = (lines: readonly (readonly [string, string])[]): [string, string][] =>
  lines.map(([name, value]) => [name, value]);

function withoutFragment(url: string): string {
  const hash = url.indexOf("#");
  return hash < 0 ? url : url.slice(0, hash);
}

/** A host that takes credentials in a URL sends them as `Authorization`. */
function credentialsOf(url: string): string {
  return /^[a-z]+:\/\/[^/?#]*@/i.test(url) ? "authorization: in the URL\n" : "";
}
