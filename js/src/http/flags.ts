/** What `http_response` and `http_request` tell in numbers, by name: `src/wasm/http.rs`. */

/** Of a response. */
export const VALIDATE = 1;
export const IMMUTABLE = 4;
export const SET_COOKIE = 32;
export const VARIES = 64;
export const GROUPS = 512;

/** Of a request. */
export const NO_CACHE = 1;
export const NO_STORE = 2;
export const ONLY_IF_CACHED = 4;
export const CONDITIONAL = 8;
export const PRECONDITION = 16;
export const RANGE = 32;
export const AUTHORIZATION = 128;
export const UNSAFE = 512;
export const CACHEABLE = 1024;
/** It shows who asks: what it fails with may concern its user alone. */
export const PERSONAL = 2048;

/** Why a response is not stored, by its number. */
export const REFUSALS = [
  undefined,
  "method",
  "status",
  "no-store",
  "request-no-store",
  "private",
  "authorization",
  "vary",
  "silent",
  "set-cookie",
  "cookie",
  "partial",
  "event-stream",
] as const;
