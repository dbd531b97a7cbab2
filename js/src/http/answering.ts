/** Responses made of stored ones: whole, in part, without a body, or none at all (304). */

import { PART_HEAD, PART_NOT_MODIFIED, PART_RANGES, PART_UNSATISFIABLE } from "../core/abi.js";
import { heads } from "../core/http.js";
import { concatenated } from "../util/bytes.js";
import { utf8 } from "../util/utf8.js";
import type { CacheRequest } from "./cache-request.js";
import { linesOf } from "./head.js";
import type { StoredResponse } from "./stored.js";

/**
 * The response to a request.
 * @param age milliseconds since it was stored; undefined when it has just come from the origin
 */
export function answerOf(
  asked: CacheRequest,
  stored: StoredResponse,
  age: number | undefined,
): Response {
  const response = asked.isPlain ? stored.toResponse() : chosen(asked, stored);
  return age === undefined ? response : aged(response, stored.terms.initialAge + age);
}

/** Tells a response's age, which is in milliseconds. */
export function aged(response: Response, age: number): Response {
  response.headers.set("age", `${Math.max(0, Math.floor(age / 1000))}`);
  return response;
}

function chosen(asked: CacheRequest, stored: StoredResponse): Response {
  const { kind, ranges, ...whole } = rangesOf(asked, stored);
  const [first] = ranges;
  switch (kind) {
    case PART_NOT_MODIFIED:
      return notModified(stored);
    case PART_HEAD:
      return withoutBody(stored);
    case PART_UNSATISFIABLE:
      return unsatisfiable(stored, whole);
    case PART_RANGES:
      if (first === undefined) break;
      return ranges.length === 1 ? partOf(stored, whole, first) : partsOf(stored, whole, ranges);
  }
  return stored.toResponse();
}

type Range = readonly [first: number, last: number];

/** The whole of which a stored response may be a part. */
interface Extent {
  /** Its length; negative when nobody knows. */
  readonly total: number;
  /** The position of the first byte that is stored. */
  readonly offset: number;
}

/** Asks the core what of a stored response answers a request. */
export function rangesOf(
  asked: CacheRequest,
  { head, text, terms, body }: StoredResponse,
): Extent & { readonly kind: number; readonly ranges: readonly Range[] } {
  const { requestedAt, decoded = false } = terms;
  const [kind = 0, total = 0, offset = 0, ...ends] = heads.http_answer(
    asked.plan.flags,
    asked.head,
    head.status,
    text,
    requestedAt,
    body?.length ?? 0,
    decoded,
  );
  const ranges: Range[] = [];
  for (let at = 0; at + 1 < ends.length; at += 2) ranges.push([ends[at] ?? 0, ends[at + 1] ?? 0]);
  return { kind, total, offset, ranges };
}

function notModified({ text }: StoredResponse): Response {
  const headers = linesOf(heads.http_head_of_304(text)) as [string, string][];
  return new Response(null, { status: 304, headers });
}

function withoutBody(stored: StoredResponse): Response {
  const { status, statusText } = stored.head;
  const headers = stored.headers();
  const length = stored.body?.length;
  // What a GET would say (RFC 9110 §8.6).
  if (length !== undefined && !stored.terms.decoded) headers.set("content-length", `${length}`);
  return new Response(null, { status, statusText, headers });
}

function unsatisfiable(stored: StoredResponse, { total }: Extent): Response {
  const headers = stored.headers();
  for (const name of [...headers.keys()]) if (name.startsWith("content-")) headers.delete(name);
  headers.set("content-range", `bytes */${total}`);
  return new Response(null, { status: 416, statusText: "Range Not Satisfiable", headers });
}

const contentRange = ([first, last]: Range, { total }: Extent): string =>
  `bytes ${first}-${last}/${total < 0 ? "*" : total}`;

const bytesOf = ({ body }: StoredResponse, [first, last]: Range, { offset }: Extent): Uint8Array =>
  (body ?? new Uint8Array()).subarray(first - offset, last + 1 - offset);

/** The response with one of its ranges. */
export function partOf(stored: StoredResponse, whole: Extent, range: Range): Response {
  const headers = stored.headers();
  headers.set("content-range", contentRange(range, whole));
  return partial(bytesOf(stored, range, whole), headers);
}

function partial(bytes: Uint8Array, headers: Headers): Response {
  headers.set("content-length", `${bytes.length}`);
  return new Response(bytes as Uint8Array<ArrayBuffer>, {
    status: 206,
    statusText: "Partial Content",
    headers,
  });
}

/** `multipart/byteranges` (RFC 9110 §14.6). */
function partsOf(stored: StoredResponse, whole: Extent, ranges: readonly Range[]): Response {
  const headers = stored.headers();
  const boundary = boundaryFor(stored.body ?? new Uint8Array());
  const type = headers.get("content-type");
  const typed = type === null ? "" : `content-type: ${type}\r\n`;
  const parts: Uint8Array[] = [];
  for (const range of ranges) {
    const line = `content-range: ${contentRange(range, whole)}\r\n`;
    parts.push(utf8(`\r\n--${boundary}\r\n${typed}${line}\r\n`));
    parts.push(bytesOf(stored, range, whole));
  }
  parts.push(utf8(`\r\n--${boundary}--\r\n`));
  headers.set("content-type", `multipart/byteranges; boundary=${boundary}`);
  return partial(concatenated(parts), headers);
}

/** A boundary that the body does not have in it, which is looked up. */
function boundaryFor(body: Uint8Array): string {
  for (let nth = 0; ; nth += 1) {
    const boundary = `holdover-${body.length.toString(36)}-${nth}`;
    if (!includes(body, utf8(boundary))) return boundary;
  }
}

function includes(body: Uint8Array, wanted: Uint8Array): boolean {
  const [first = 0] = wanted;
  for (let at = body.indexOf(first); at >= 0; at = body.indexOf(first, at + 1)) {
    if (wanted.every((byte, index) => body[at + index] === byte)) return true;
  }
  return false;
}
