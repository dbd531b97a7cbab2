/** Results of HTTP loads, as plain data that requests can share. */

import type { Lifetime } from "../model/entry.js";
import type { ResponseHead, Terms } from "../model/http-head.js";
import { HttpValue } from "../model/http-value.js";
import { joinHead, splitHead } from "../records/codec/response.js";
import { isHead, isTerms, isVariants, MOST_LISTS } from "../records/codec/response-checks.js";
import { CodecError } from "../util/errors.js";
import { headOf } from "./head.js";

/** A complete response with its body. */
export class StoredResponse extends HttpValue {
  readonly head: ResponseHead;
  readonly terms: Terms;
  /** Null for a response without a body. */
  readonly body: Uint8Array | null;
  /** Its lifetime; undefined when it was read from a store. */
  readonly lifetime: Lifetime | undefined;
  /** Reason not to store it; undefined if it is storable. */
  readonly refusal: string | undefined;
  /** True if waiting requests may have it, too; always so for one read from a store. */
  readonly shareable: boolean;
  /** True if it counts as a failure of the origin. */
  readonly failed: boolean;
  /** True if `cacheIf` was asked about its head, and wants it. */
  readonly wanted: boolean;

  constructor(
    head: ResponseHead,
    terms: Terms,
    body: Uint8Array | null,
    fate: {
      readonly lifetime?: Lifetime | undefined;
      readonly refusal?: string | undefined;
      readonly shareable?: boolean;
      readonly failed?: boolean;
      readonly wanted?: boolean;
    } = {},
  ) {
    super();
    this.head = head;
    this.terms = terms;
    this.body = body;
    this.lifetime = fate.lifetime;
    this.refusal = fate.refusal;
    this.shareable = fate.shareable ?? true;
    this.failed = fate.failed ?? false;
    this.wanted = fate.wanted ?? false;
  }

  /** The head as the core reads it. */
  get text(): string {
    return headOf(this.head.headers);
  }

  /** A new response with these bytes, which the caller may read and change. */
  toResponse(): Response {
    const { status, statusText } = this.head;
    const body = this.body as Uint8Array<ArrayBuffer> | null;
    return new Response(body, { status, statusText, headers: this.#fields() });
  }

  /** Headers of the caller's own. */
  headers(): Headers {
    return new Headers(this.#fields());
  }

  /** The fields as a record, which workerd reads in half the time; as lines if a name repeats. */
  #fields(): HeadersInit {
    const lines = this.head.headers as [string, string][];
    const record = Object.fromEntries(lines);
    return Object.keys(record).length === lines.length ? record : lines;
  }

  encoded(): Uint8Array {
    const { head, terms, body } = this;
    return joinHead({ head, terms, hasBody: body !== null }, body);
  }
}

/** The record under a URL whose responses depend on the request: it leads to their keys. */
export class Variants extends HttpValue {
  /** Begins the keys of this URL's variants: dropping this record drops them all. */
  readonly id: string;
  /** The names of `http_names` for the responses so far, the latest first, each once. */
  readonly lists: readonly string[];
  /** Its lifetime. */
  readonly lifetime: Lifetime | undefined;

  constructor(id: string, lists: readonly string[], lifetime?: Lifetime) {
    super();
    this.id = id;
    this.lists = lists;
    this.lifetime = lifetime;
  }

  /** The record with a list at its head; this one when it is there. */
  with(list: string, lifetime: Lifetime): Variants {
    if (this.lists[0] === list) return this;
    const others = this.lists.filter((known) => known !== list);
    const lists = [list, ...others].slice(0, MOST_LISTS);
    return new Variants(this.id, lists, lifetime);
  }

  encoded(): Uint8Array {
    return joinHead({ variants: this.id, lists: this.lists }, null);
  }
}

/**
 * Returns the value whose `encoded` these bytes are.
 * @throws CodecError, RangeError, SyntaxError or TypeError when they are of none
 */
export function decodeResponse(bytes: Uint8Array): StoredResponse | Variants {
  const { head: encoded, body } = splitHead(bytes);
  const { variants, lists } = Object(encoded) as { variants?: string; lists?: readonly string[] };
  if (variants !== undefined) {
    if (!isVariants(variants, lists) || body.length > 0)
      throw new CodecError("a record of variants is damaged");
    return new Variants(variants, [...(lists as readonly string[])]);
  }
  const { head, terms, hasBody } = Object(encoded) as Record<"head" | "terms" | "hasBody", unknown>;
  if (!isHead(head) || !isTerms(terms) || typeof hasBody !== "boolean")
    throw new CodecError("the head of a response is damaged");
  const response = new StoredResponse(head, terms, hasBody ? body.slice() : null);
  response.toResponse(); // throws when the head is none, while that is still a miss
  return response;
}

/** A load brought something that only the request that led it can have. */
export class UncacheableResponse {
  /** Reason why no other request can have it. */
  readonly reason: string;
  readonly failed: boolean;

  constructor(reason: string, failed: boolean) {
    this.reason = reason;
    this.failed = failed;
  }
}
