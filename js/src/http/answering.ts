/** Responses made of stored ones: whole, in part, without a body, or none at all (304). */

import { REQUEST_CONDITIONAL, REQUEST_RANGE } from "../core/abi.js";
import * as core from "../core/core.js";
import { concatenated } from "../util/bytes.js";
import { utf8 } from "../util/utf8.js";
import type { Asked } from "./asked.js";
import { linesOf } from "./head.js";
import type { StoredResponse } from "./stored.js";

const NOT_MODIFIED = 304;
const OK = 200;

/**
 * The response to a request.
 * @param age milliseconds since it was stored; undefined when it has just come from the origin
 */
export function answerOf(asked: Asked, stored: StoredResponse, age: number | undefined): Response {
  const response = asked.isPlain ? stored.toResponse() : chosen(asked, stored);
  if (age !== undefined) {
    const seconds = Math.floor((stored.terms.initialAge + age) / 1000);
    response.headers.set("age", `${Math.max(0, seconds)}`);
  }
  return response;
}

function chosen(asked: Asked, stored: StoredResponse): Response {
  const { flags, method, head } = asked;
  const { status } = stored.head;
  const { text, terms } = stored;
  if (flags & REQUEST_CONDITIONAL) {
    const said = core.http_precondition(method, head, status, text, terms.requestedAt);
    if (said === NOT_MODIFIED) {
      const headers = linesOf(core.http_head_of_304(text)) as [string, string][];
      return new Response(null, { status: NOT_MODIFIED, headers });
    }
  }
  if (method === "HEAD") return withoutBody(stored);
  const isPart = flags & REQUEST_RANGE && status === OK && !terms.decoded;
  return (isPart ? partOf(head, stored) : undefined) ?? stored.toResponse();
}

function withoutBody(stored: StoredResponse): Response {
  const { status, statusText } = stored.head;
  const headers = stored.headers();
  const length = stored.body?.length;
  // What a GET would say (RFC 9110 §8.6).
  if (length !== undefined && !stored.terms.decoded) headers.set("content-length", `${length}`);
  return new Response(null, { status, statusText, headers });
}

/** The ranges that a request asks for; undefined when it gets the whole. */
function partOf(requestHead: string, stored: StoredResponse): Response | undefined {
  const body = stored.body ?? new Uint8Array();
  const [total, , ...ends] = core.http_range(requestHead, OK, stored.text, body.length);
  if (total === undefined) return undefined;
  const headers = stored.headers();
  headers.delete("content-length");
  if (ends.length === 0) {
    for (const name of [...headers.keys()]) if (name.startsWith("content-")) headers.delete(name);
    headers.set("content-range", `bytes */${total}`);
    return new Response(null, { status: 416, statusText: "Range Not Satisfiable", headers });
  }
  const ranges = pairs(ends);
  const [only] = ranges;
  const bytes =
    ranges.length === 1 && only !== undefined
      ? single(body, only, total, headers)
      : several(body, ranges, total, headers);
  headers.set("content-length", `${bytes.length}`);
  return new Response(bytes as Uint8Array<ArrayBuffer>, {
    status: 206,
    statusText: "Partial Content",
    headers,
  });
}

type Range = readonly [first: number, last: number];

function pairs(ends: readonly number[]): Range[] {
  const ranges: Range[] = [];
  for (let at = 0; at + 1 < ends.length; at += 2) ranges.push([ends[at] ?? 0, ends[at + 1] ?? 0]);
  return ranges;
}

const contentRange = ([first, last]: Range, total: number): string =>
  `bytes ${first}-${last}/${total}`;

function single(body: Uint8Array, range: Range, total: number, headers: Headers): Uint8Array {
  headers.set("content-range", contentRange(range, total));
  return body.subarray(range[0], range[1] + 1);
}

/** `multipart/byteranges` (RFC 9110 §14.6). */
function several(
  body: Uint8Array,
  ranges: readonly Range[],
  total: number,
  headers: Headers,
): Uint8Array {
  const boundary = boundaryFor(body);
  const type = headers.get("content-type");
  const typed = type === null ? "" : `content-type: ${type}\r\n`;
  const parts: Uint8Array[] = [];
  for (const range of ranges) {
    const line = `content-range: ${contentRange(range, total)}\r\n`;
    parts.push(utf8(`\r\n--${boundary}\r\n${typed}${line}\r\n`));
    parts.push(body.subarray(range[0], range[1] + 1));
  }
  parts.push(utf8(`\r\n--${boundary}--\r\n`));
  headers.set("content-type", `multipart/byteranges; boundary=${boundary}`);
  return concatenated(parts);
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
