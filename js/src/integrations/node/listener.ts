/** A cache before what answers requests of Node. */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Cache } from "../../api/cache.js";
import { handlerOver } from "../../http/handler.js";
import type { HandlerOptions } from "../../policy/fetch-options.js";
import type { FetchPolicyOptions } from "../../policy/policy-options.js";
import { isHoldoverError } from "../../util/errors.js";
import { changedBy, endChanged, isRead, mayChange } from "../changed.js";
import { connectionLike, goesBy, impliedVary, incoming, requestOf, urlOf } from "./asking.js";
import { type Capture, capture } from "./capture.js";
import { endAfter } from "./ending.js";
import { send } from "./sending.js";
import type { KnownRequest, NodeNext, NodeRequest, NodeResponse } from "./types.js";

/** A request of a client, and what its own load brought. */
export interface Exchange {
  readonly request: KnownRequest;
  readonly response: NodeResponse;
  /** True if the listener is given a way to pass requests on. */
  readonly passesOn: boolean;
  load?: Capture;
  /** Set if the listener of its own load passed the request on, or says that it is at fault. */
  passed?: { readonly error: unknown } | undefined;
}

/** The request that a load passes to a listener. */
export interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly exchange: Exchange;
  readonly next: NodeNext | undefined;
}

/**
 * The listener that answers requests the cache has no response for, and the form of its requests.
 */
export interface Origin {
  /** The path that it sees. */
  pathOf(request: KnownRequest): string;
  answer(asked: Asked): unknown;
}

/** The listener passed a request on: so does whoever asked for it. */
class PassedOn {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** Values with which `next` in Express reports no error. */
const NO_ERRORS = [undefined, null, "route", "router"] as unknown[];

/**
 * Returns the status of what is about a request and nobody else's: it was passed on, or is at fault
 * itself. Undefined for a failure, which entries may stand in for.
 */
function statusOfOwn(thrown: unknown): number | undefined {
  const error = thrown instanceof PassedOn ? thrown.error : thrown;
  if (thrown instanceof PassedOn && NO_ERRORS.includes(error)) return 404;
  const { status, statusCode } = Object(error) as { status?: unknown; statusCode?: unknown };
  const said = status ?? statusCode;
  return typeof said === "number" && said >= 400 && said < 500 ? Math.floor(said) : undefined;
}

type Extras = readonly [exchange: Exchange, changed?: Response];

/** A cache that takes the requests which it answers. */
export interface CachedOrigin {
  /**
   * Answers a read; false for all else, which is to go by. Of a request that may change what is
   * stored it waits for the end.
   */
  take(request: NodeRequest, response: NodeResponse, next?: NodeNext): boolean;
  invalidate(url: string | URL): Promise<void>;
}

/** Puts a cache before an origin. */
export function cacheBefore(
  cache: Cache,
  origin: Origin,
  policy: FetchPolicyOptions | undefined,
  options: HandlerOptions | undefined,
): CachedOrigin {
  const listener = (request: Request, exchange: Exchange, changed?: Response) =>
    changed ?? load(request, exchange, origin);
  const cached = handlerOver<Extras>(cache, listener, policy, options, impliedVary);

  async function answer(
    exchange: Exchange,
    asked: Request,
    leaving: AbortSignal,
    next: NodeNext | undefined,
  ): Promise<void> {
    const { response } = exchange;
    try {
      const told = await cached.explain(asked, exchange);
      const isOwn = told.source === "load" || told.source === "bypass";
      if (isOwn && exchange.passed !== undefined) {
        return failed(exchange.passed.error, response, next);
      }
      await send(told.response, response, () => (isOwn && exchange.load?.trailers()) || []);
    } catch (error) {
      if (!leaving.aborted) failed(error, response, next);
    }
  }

  function change(
    exchange: Exchange,
    url: string,
    fields: ReadonlyMap<string, readonly string[]>,
  ): Promise<void> {
    const { request, response } = exchange;
    const status = response.statusCode;
    return endChanged(cached, url, status, () => {
      const told = changedBy(status, headersOf(response, fields));
      return cached(new Request(url, { method: request.method as string }), exchange, told);
    });
  }

  function take(request: NodeRequest, response: NodeResponse, next?: NodeNext): boolean {
    const { method = "GET" } = request;
    const url = urlOf(request);
    if (url === undefined) return false;
    const exchange: Exchange = { request, response, passesOn: next !== undefined };
    if (mayChange(method)) {
      endAfter(response, (fields) => change(exchange, url, fields));
    }
    if (!isRead(method) || goesBy(request)) return false;
    const leaving = leavingOf(response);
    const asked = requestOf(request, url, leaving);
    if (asked === undefined) return false;
    void answer(exchange, asked, leaving, next);
    return true;
  }

  return { take, invalidate: (url) => cached.invalidate(new Request(url)) };
}

/** Returns a signal that is aborted when a client leaves before its response has ended. */
function leavingOf(response: NodeResponse): AbortSignal {
  const leaving = new AbortController();
  response.on("close", () => {
    if (response.writableFinished !== true) leaving.abort();
  });
  return leaving.signal;
}

/** Has a listener answer a request of the cache's. */
async function load(asked: Request, exchange: Exchange, origin: Origin): Promise<Response> {
  const connection = connectionLike(exchange.request);
  const path = origin.pathOf(exchange.request);
  const request = incoming(asked, exchange.request, path, connection);
  const captured = capture(request, connection, asked.method);
  exchange.load = captured;
  exchange.passed = undefined;
  const { response } = captured;
  asked.signal.addEventListener("abort", () => {
    request.destroy();
    response.destroy();
  });
  const passed = new Promise<never>((_resolve, fail) => {
    const reject = (error: unknown) => {
      fail(error);
      // Nobody goes on with it: what has begun breaks off.
      if (!response.writableEnded) response.destroy();
    };
    const next = (error?: unknown) => reject(new PassedOn(error));
    const given = exchange.passesOn ? next : undefined;
    // Its own promise tells of errors only: it may end before what it began.
    Promise.resolve()
      .then(() => origin.answer({ request, response, exchange, next: given }))
      .catch(reject);
  });
  try {
    return await Promise.race([captured.captured, passed]);
  } catch (error) {
    const status = exchange.passesOn ? statusOfOwn(error) : undefined;
    if (status === undefined) throw error;
    exchange.passed = { error };
    return new Response(null, { status, headers: { "cache-control": "no-store" } });
  } finally {
    captured.captured.catch(() => {});
    passed.catch(() => {});
  }
}

/** Ends a request that no response was found for. */
function failed(error: unknown, response: NodeResponse, next: NodeNext | undefined): void {
  if (next !== undefined) {
    if (!(error instanceof PassedOn)) next(error);
    else if (error.error === undefined) next();
    else next(error.error);
    return;
  }
  if (response.headersSent) return;
  response.statusCode = isHoldoverError(error) ? 503 : 500;
  response.end();
}

function headersOf(
  response: NodeResponse,
  fields: ReadonlyMap<string, readonly string[]>,
): [string, string][] {
  const names = ["location", "content-location", "cache-group-invalidation"];
  return names.flatMap((name): [string, string][] => {
    const value: unknown = fields.get(name) ?? response.getHeader(name);
    return value === undefined ? [] : [[name, String(value)]];
  });
}
