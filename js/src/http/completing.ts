/** Complete responses: what is kept of their heads, and whether they are what they claim to be. */

import { KIND_FAILURE } from "../core/abi.js";
import { heads } from "../core/http.js";
import type { Line, Terms } from "../model/http-head.js";
import { fieldOf, linesOf } from "./head.js";
import { isWorkerd } from "./live.js";
import { type HttpRules, numbersOf, type Verdict } from "./rules.js";
import { StoredResponse } from "./stored.js";

/** What the exchange and the policy say of it. */
interface About {
  readonly requestedAt: number;
  readonly selection: string;
  /** When its last byte had come. */
  readonly now: number;
  /** The use that is made of it: one of `KIND_…`. */
  readonly kind: number;
  /** Whether the host may have decoded the body. */
  readonly decodes?: boolean;
  readonly decoded?: boolean | undefined;
  /** What its request does when it is redirected, where that makes a difference. */
  readonly redirect?: RequestRedirect | undefined;
  /** True if `cacheIf` has been asked. */
  readonly wanted?: boolean;
}

const REDIRECTIONS: readonly number[] = [301, 302, 303, 307, 308];

/** The parts of a live response, or of a stored one, that stay as they are. */
interface Origin {
  readonly status: number;
  readonly statusText: string;
  readonly url: string;
}

/** A response as it is kept. */
export function completed(
  origin: Origin,
  body: Uint8Array | null,
  verdict: Verdict,
  rules: HttpRules,
  about: About,
): StoredResponse {
  const { status, statusText, url } = origin;
  const { initialAge, overdue, lifetime, ...plan } = verdict.planAt(about.now, about.kind);
  const cleaned = linesOf(heads.http_stored_head(numbersOf(rules), verdict.head));
  const decoded = about.decoded ?? (about.decodes === true && isDecoded(cleaned, body));
  const headers = dated(decoded ? withoutCoding(cleaned) : cleaned, about.now - initialAge);
  const refusal = isCut(cleaned, body, decoded) ? "cut short" : plan.refusal;
  const terms: Terms = {
    flags: verdict.flags,
    initialAge,
    requestedAt: about.requestedAt,
    vary: verdict.vary,
    selection: about.selection,
    authorized: verdict.authorized,
    ...(overdue > 0 && { overdue }),
    ...(verdict.groups && { groups: verdict.groups }),
    ...(decoded && { decoded }),
    ...(about.redirect && REDIRECTIONS.includes(status) && { redirect: about.redirect }),
  };
  const head = { status, statusText, url, headers };
  return new StoredResponse(head, terms, body, {
    lifetime,
    refusal,
    shareable: refusal === undefined && plan.isShareable,
    failed: about.kind === KIND_FAILURE,
    wanted: about.wanted ?? false,
  });
}

/** A recipient with a clock dates what came without a date (RFC 9110 §6.6.1). */
function dated(lines: readonly Line[], time: number): readonly Line[] {
  if (fieldOf(lines, "date") !== undefined) return lines;
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? lines : [...lines, ["date", date.toUTCString()]];
}

/** Codings that hosts decode while the headers go on telling of them. */
const DECODED = new Set(["gzip", "x-gzip", "deflate", "br", "zstd"]);
/** How bytes begin that are encoded still. */
const MAGIC: Readonly<Record<string, readonly number[]>> = {
  gzip: [0x1f, 0x8b],
  "x-gzip": [0x1f, 0x8b],
  zstd: [0x28, 0xb5, 0x2f, 0xfd],
};

function isDecoded(lines: readonly Line[], body: Uint8Array | null): boolean {
  const coding = fieldOf(lines, "content-encoding")?.trim().toLowerCase();
  if (coding === undefined || body === null) return false;
  const codings = coding.split(",").map((one) => one.trim());
  if (!codings.every((one) => DECODED.has(one))) return false;
  const magic = MAGIC[codings.at(-1) ?? ""];
  const looksRaw = magic?.every((byte, at) => body[at] === byte) ?? false;
  // A fetch fails when less comes than was promised: another length is that of decoded bytes, which
  // are an archive themselves.
  return !looksRaw || isCut(lines, body, false);
}

/** The head of bytes that a host has decoded; workerd encodes them again when it sends them. */
function withoutCoding(lines: readonly Line[]): Line[] {
  const isEncodedAgain = isWorkerd();
  return lines.filter(([name]) => {
    const lower = name.toLowerCase();
    return lower !== "content-length" && (isEncodedAgain || lower !== "content-encoding");
  });
}

/** Whether a body is not as long as was promised, where that can be told. */
function isCut(lines: readonly Line[], body: Uint8Array | null, decoded: boolean): boolean {
  const promised = fieldOf(lines, "content-length");
  if (promised === undefined || body === null || decoded) return false;
  return Number(promised) !== body.length;
}
