/** Results of requests, and the policy as the driver sees it. */

import { tagsFor } from "../keys/tags.js";
import type { Source } from "../model/answer.js";
import type { CompiledPolicy } from "../policy/policy.js";
import { tagged } from "./live.js";
import { cacheStatus, type Happened } from "./status.js";
import { decodeResponse, StoredResponse, UncacheableResponse, Variants } from "./stored.js";

/** A response and what happened. */
export interface CacheResult {
  /** The response that `fetch` would have returned, with a `Cache-Status` field. */
  readonly response: Response;
  /** Source of the response. */
  readonly source: Source;
  /** Milliseconds since it was made, other caches included; 0 for what has just come. */
  readonly age: number;
  /** Milliseconds it stays fresh; negative when it is stale. */
  readonly ttl: number;
  /** True if it is in the cache now, or will be once its body is complete. */
  readonly stored: boolean;
  /** Reason for asking the origin, or for not storing its response. */
  readonly reason: string | undefined;
  /** Error of the origin, if it failed. */
  readonly error?: unknown;
}

/** Puts what happened into the response, and beside it. */
export function withCacheStatus(
  response: Response,
  happened: Happened,
  more: {
    readonly age?: number;
    readonly reason?: string | undefined;
    readonly error?: unknown;
  } = {},
): CacheResult {
  const { source, ttl, stored } = happened;
  const { age = 0, reason, error } = more;
  const all = {
    response: tagged(response, cacheStatus(happened)),
    source,
    age,
    ttl,
    stored,
    reason,
  };
  return error === undefined ? all : { ...all, error };
}

/** The policy with its functions over what loads of HTTP bring. */
export function overResponses(rules: CompiledPolicy): CompiledPolicy {
  const { cacheIf, tags } = rules;
  return {
    ...rules,
    responses: decodeResponse,
    tags: {
      ofArgs: undefined,
      ofValue: (value, args) => {
        if (!(value instanceof StoredResponse)) return [];
        const own = tags?.ofValue
          ? tagsFor(tags, value.toResponse(), args)
          : tagsFor(tags, value, args);
        return [...own, ...(value.terms.groups ?? [])];
      },
    },
    failIf: (value) =>
      (value instanceof StoredResponse || value instanceof UncacheableResponse) && value.failed,
    cacheIf: (value, args) => {
      if (value instanceof Variants) return true;
      if (!(value instanceof StoredResponse) || value.refusal !== undefined) return false;
      return value.wanted || (cacheIf?.(value.toResponse(), args) ?? true);
    },
  };
}
