/** A cache before what answers requests of Node. */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Cache } from "../../api/cache.js";
import { cachedHandler } from "../../http/handler.js";
import type { HandlerOptions } from "../../policy/fetch-options.js";
import type { FetchPolicyOptions } from "../../policy/policy-options.js";
import { isHoldoverError } from "../../util/errors.js";
import { changedBy, endChanged, isRead, mayChange } from "../changed.js";
import { connectionLike, goesBy, incoming, requestOf, urlOf } from "./asking.js";
import { type Capture, capture } from "./capture.js";
import { send } from "./sending.js";
import type { KnownRequest, NodeNext, NodeRequest, NodeResponse } from "./types.js";

/** A request of a client, and what its own load brought. */
export interface Exchange {
  readonly request: KnownRequest;
  readonly response: NodeResponse;
  /** True if the listener is given a way to pass requests on. */
  readonly passesOn: boolean;
  load?: Capture;
}

/** What a listener was asked for in a load. */
export interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly exchange: Exchange;
  readonly next: NodeNext | undefined;
}

/** Who answers what is not stored, and how its requests are made. */
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
  const cached = cachedHandler<Extras>(cache, listener, policy, options);

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
      await send(told.response, response, () => (isOwn && exchange.load?.trailers()) || []);
    } catch (error) {
      if (!leaving.aborted) failed(error, response, next);
    }
  }

  function change(exchange: Exchange, url: string): Promise<void> {
    const { request, response } = exchange;
    const status = response.statusCode;
    return endChanged(cached, url, status, () => {
      const told = changedBy(status, headersOf(response));
      return cached(new Request(url, { method: request.method as string }), exchange, told);
    });
  }

  function take(request: NodeRequest, response: NodeResponse, next?: NodeNext): boolean {
    const { method = "GET" } = request;
    const url = urlOf(request);
    if (url === undefined) return false;
    const exchange: Exchange = { request, response, passesOn: next !== undefined };
    if (mayChange(method)) endAfter(response, () => change(exchange, url));
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
  const { response } = captured;
  asked.signal.addEventListener("abort", () => {
    request.destroy();
    response.destroy();
  });
  const passed = new Promise<never>((_resolve, reject) => {
    const next = (error?: unknown) => reject(new PassedOn(error));
    const given = exchange.passesOn ? next : undefined;
    // Its own promise tells of errors only: it may end before what it began.
    Promise.resolve()
      .then(() => origin.answer({ request, response, exchange, next: given }))
      .catch(reject);
  });
  try {
    return await Promise.race([captured.captured, passed]);
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

/** Holds the end of a response back until what it changed is no longer stored. */
function endAfter(response: NodeResponse, change: () => Promise<void>): void {
  const { end } = response;
  response.end = (...given: unknown[]) => {
    response.end = end;
    const finish = () => void end.apply(response, given);
    // What fails to be invalidated is told as an event: the answer goes out all the same.
    change().then(finish, finish);
    return response;
  };
}

function headersOf(response: NodeResponse): [string, string][] {
  const names = ["location", "content-location", "cache-group-invalidation"];
  return names.flatMap((name): [string, string][] => {
    const value: unknown = response.getHeader(name);
    return value === undefined ? [] : [[name, String(value)]];
  });
}
