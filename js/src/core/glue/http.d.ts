// Generated from crates/wasm/ by `cargo xtask build`: change those files, not this one. Only
// `http.ts` may import it.

/** Instantiates the module anew, forgetting an instance that trapped. */
export declare function __reinit(module: WebAssembly.Module): void;

/**
 * Decides what of a stored response answers a request (RFC 9110 §13.2, §14.2): one of
 * `abi::part`; of ranges also the length of the whole (−1 unknown), where the stored body
 * begins, and first and last positions in turn. `decoded` if the bytes are not those that the
 * origin counts.
 */
export declare function http_answer(requestFlags: number, requestHead: string, status: number, storedHead: string, requestedAt: number, length: number, decoded: boolean): Float64Array;

/**
 * Tells if a body is what its head says: one of `abi::body_state`. `decodes` for a host that
 * undoes content codings, and goes on telling of them; `start` is the first four bytes, the first
 * of all highest.
 */
export declare function http_body(responseHead: string, decodes: boolean, length: number, start: number): number;

/**
 * RFC 9110 §15.4.5: the head of a 304 made from a stored one.
 */
export declare function http_head_of_304(storedHead: string): string;

/**
 * RFC 9111 §4.4, RFC 9875 §3: what an answer makes out of date besides the request's own URL, a
 * line each: references, and behind an empty line groups. Undefined when it makes nothing so.
 */
export declare function http_invalidation(method: string, status: number, responseHead: string): string | undefined;

/**
 * True if a response may not answer a request with these flags, however fresh it is.
 */
export declare function http_is_barred(requestFlags: number, authorized: boolean, redirectsOthers: boolean): boolean;

/**
 * RFC 9111 §4.1, RFC 9875 §2: the names that `Vary` lists, in one form (`*` matches nothing), and
 * from the next line on groups.
 */
export declare function http_names(rules: Float64Array | number[], responseHead: string): string;

/**
 * Decides on a response by the numbers of `http_response`, `elapsed` milliseconds after its head,
 * where some of `abi::arrival` hold: `PlanNumbers`. Empty for numbers that are none.
 */
export declare function http_plan(rules: Float64Array | number[], numbers: Float64Array | number[], arrival: number, elapsed: number): Float64Array;

/**
 * RFC 9111 §4.3.4, §4.3.5: the head of a stored response after an answer to HEAD, or to a request
 * with conditions. Undefined when that says nothing of it, empty when the origin has another one.
 */
export declare function http_renewed(status: number, storedHead: string, newStatus: number, newHead: string, byHead: boolean): string | undefined;

/**
 * Reads a request: `RequestNumbers`. Its mode is one of `abi::mode`.
 */
export declare function http_request(method: string, requestHead: string, mode: number, shared: boolean): Float64Array;

/**
 * Reads a response that has begun: `ResponseNumbers`. All methods but POST are loads by GET.
 */
export declare function http_response(rules: Float64Array | number[], method: string, requestHead: string, status: number, responseHead: string, requestedAt: number, receivedAt: number, redirected: boolean, hidesCoding: boolean, maxBody: number): Float64Array;

/**
 * Returns the state of an entry with this lifetime that a store has: one of `abi::state`.
 */
export declare function http_state(age: number, ttl: number, staleWhileRevalidate: number, staleIfError: number): number;

/**
 * RFC 9111 §3.1: the head to store. `decoded` if its bytes were, `encodes_again` if the host
 * encodes them when it sends them; `date` for one that has none.
 */
export declare function http_stored_head(rules: Float64Array | number[], responseHead: string, decoded: boolean, encodesAgain: boolean, date: string): string;

/**
 * True if a stored response answers a request otherwise than in a call: a part, or the whole
 * `instead` of an origin that has failed.
 */
export declare function http_takes(request: Float64Array | number[], stored: Float64Array | number[], instead: boolean): boolean;

/**
 * RFC 9111 §4.3.1: the fields that ask whether a stored response is still good.
 */
export declare function http_validators(storedHead: string): string;

/**
 * The part of a variant's key that a request decides; undefined for `*`.
 */
export declare function http_vary_key(vary: string, requestHead: string): string | undefined;

/**
 * RFC 9111 §4: decides how a request is answered: one of `abi::way`. `stored` is empty where
 * nothing is stored.
 */
export declare function http_way(request: Float64Array | number[], stored: Float64Array | number[], fills: boolean, keepsParts: boolean): number;
