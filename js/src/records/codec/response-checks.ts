/**
 * Checks a stored response before anything reads it: a writer to the store may have written
 * anything.
 */

import type { Line, ResponseHead, Terms } from "../../model/http-head.js";

/** Lists a URL may have: each costs a look at every request. */
export const MOST_LISTS = 4;
/** The most of each thing in a head. */
const MOST_LINES = 4096;
const MOST_GROUPS = 1024;

/** Characters that no line of a head contains: they would begin another line. */
const BREAKS = /[\r\n\0]/;

/** True for text that stays on its line. */
function isLine(value: unknown): value is string {
  return typeof value === "string" && !BREAKS.test(value);
}

const isText = (value: unknown): value is string => typeof value === "string";

/** True for a list of no more than `most` things that pass. */
function isListOf(value: unknown, most: number, passes: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length <= most && Array.from(value).every(passes);
}

function isHeaderLine(value: unknown): value is Line {
  return Array.isArray(value) && value.length === 2 && value.every(isLine);
}

/** True for the head of a response that can be given: final, and with headers of names and values. */
export function isHead(value: unknown): value is ResponseHead {
  const { status, statusText, url, headers } = Object(value) as Partial<ResponseHead>;
  return (
    Number.isInteger(status) &&
    (status as number) >= 200 &&
    (status as number) <= 599 &&
    isLine(statusText) &&
    isText(url) &&
    isListOf(headers, MOST_LINES, isHeaderLine)
  );
}

/** True for a count, or a time, in whole or broken milliseconds. */
function isAmount(value: unknown): boolean {
  return Number.isFinite(value) && (value as number) >= 0;
}

/** True for everything that is kept of how a response came to be stored. */
export function isTerms(value: unknown): value is Terms {
  const terms = Object(value) as Partial<Terms>;
  const { flags, initialAge, overdue = 0, requestedAt, vary, selection } = terms;
  const { authorized, groups, decoded, redirect = "follow" } = terms;
  return (
    isAmount(flags) &&
    Number.isSafeInteger(flags) &&
    isAmount(initialAge) &&
    isAmount(overdue) &&
    isAmount(requestedAt) &&
    isLine(vary) &&
    isText(selection) &&
    ["follow", "error", "manual"].includes(redirect) &&
    typeof authorized === "boolean" &&
    (groups === undefined || isListOf(groups, MOST_GROUPS, isText)) &&
    (decoded === undefined || typeof decoded === "boolean")
  );
}

/** True for the name of a URL's variants, which begins keys, and their lists. */
export function isVariants(id: unknown, lists: unknown): boolean {
  const isName = typeof id === "string" && /^[0-9a-z.-]{1,64}$/i.test(id);
  return isName && isListOf(lists, MOST_LISTS, isLine);
}
