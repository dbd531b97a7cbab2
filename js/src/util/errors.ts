/**
 * Every error that holdover itself raises. A loader's own error is rethrown unchanged and is never
 * one of these.
 *
 * Each class has a stable `code`. Code that may meet two copies of the package (one bundled, one in
 * a dependency) tells the classes apart with {@link isHoldoverError} rather than `instanceof`.
 */

import { describe, quote } from "./describe.js";

/** The stable codes, one per class. */
export type ErrorCode = keyof ErrorByCode;

/** The class of each code. */
export interface ErrorByCode {
  E_CONFIG: ConfigError;
  E_TIMEOUT: TimeoutError;
  E_REENTRANCE: ReentranceError;
  E_CIRCUIT_OPEN: CircuitOpenError;
  E_RATE_LIMITED: RateLimitedError;
  E_SLOW_CALLS: SlowCallsError;
  E_BULKHEAD_FULL: BulkheadFullError;
  E_LOCK_TIMEOUT: LockTimeoutError;
  E_LOCK_LOST: LockLostError;
  E_STORE: StoreError;
  E_CODEC: CodecError;
  E_SIGNATURE: SignatureError;
  E_CLOSED: ClosedError;
  E_HOOK: HookError;
  E_REFUSED: RefusedError;
}

/** The members that any holdover error may have besides its message. */
export interface ErrorDetails {
  /** The reason for this error; kept as `error.cause`. */
  readonly cause?: unknown;
  /** Milliseconds after which another attempt makes sense. */
  readonly retryAfter?: number | undefined;
}

// A registered symbol is the same one in every copy of the package and in every realm.
const BRAND = Symbol.for("holdover.error");

function hidden(target: object, key: PropertyKey, value: unknown): void {
  Object.defineProperty(target, key, { value, configurable: true, writable: true });
}

/** Names and brands an error; a literal name survives minifiers, which rename classes. */
function brand(error: Error, name: string): void {
  hidden(error, "name", name);
  hidden(error, BRAND, true);
  // V8 writes the name into the stack when the error is constructed, before the name is set above.
  const { captureStackTrace } = Error as {
    captureStackTrace?: (at: object, above: unknown) => void;
  };
  captureStackTrace?.(error, error.constructor);
}

/** The base of every holdover error but {@link ConfigError}, which is a `TypeError`. */
export abstract class HoldoverError extends Error {
  /** The stable code of the class. */
  abstract readonly code: ErrorCode;
  /** Milliseconds after which another attempt makes sense; absent where that is not known. */
  declare readonly retryAfter?: number;

  protected constructor(name: string, message: string, details: ErrorDetails = {}) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
    brand(this, name);
    if (details.retryAfter !== undefined) this.retryAfter = details.retryAfter;
  }
}

/** The loader took longer than the policy's `timeout`. */
export class TimeoutError extends HoldoverError {
  readonly code = "E_TIMEOUT";
  constructor(message: string, details?: ErrorDetails) {
    super("TimeoutError", message, details);
  }
}

/** A loader asked for its own key, and that load again, without an end. */
export class ReentranceError extends HoldoverError {
  readonly code = "E_REENTRANCE";
  constructor(message: string, details?: ErrorDetails) {
    super("ReentranceError", message, details);
  }
}

/** The circuit breaker is open: the origin failed too often recently. Carries `retryAfter`. */
export class CircuitOpenError extends HoldoverError {
  readonly code = "E_CIRCUIT_OPEN";
  constructor(message: string, details?: ErrorDetails) {
    super("CircuitOpenError", message, details);
  }
}

/** The limit that a {@link RateLimitedError} reports. */
export interface RateLimitDetails extends ErrorDetails {
  /** Loads allowed per period. */
  readonly limit: number;
  /** Loads still allowed now. */
  readonly remaining: number;
  /** The time when loads are allowed again, in milliseconds since the epoch. */
  readonly resetAt: number;
}

/** The rate limit is used up. Carries `limit`, `remaining`, `resetAt` and `retryAfter`. */
export class RateLimitedError extends HoldoverError {
  readonly code = "E_RATE_LIMITED";
  /** Loads allowed per period. */
  readonly limit: number;
  /** Loads still allowed now. */
  readonly remaining: number;
  /** The time when loads are allowed again, in milliseconds since the epoch. */
  readonly resetAt: number;
  constructor(message: string, details: RateLimitDetails) {
    super("RateLimitedError", message, details);
    this.limit = details.limit;
    this.remaining = details.remaining;
    this.resetAt = details.resetAt;
  }
}

/** Loads became too slow and are refused for a while. Carries `retryAfter`. */
export class SlowCallsError extends HoldoverError {
  readonly code = "E_SLOW_CALLS";
  constructor(message: string, details?: ErrorDetails) {
    super("SlowCallsError", message, details);
  }
}

/** As many loads run as may at once, and as many wait, or a load has waited for too long. */
export class BulkheadFullError extends HoldoverError {
  readonly code = "E_BULKHEAD_FULL";
  constructor(message: string, details?: ErrorDetails) {
    super("BulkheadFullError", message, details);
  }
}

/** A lock held by another instance was not released in time. */
export class LockTimeoutError extends HoldoverError {
  readonly code = "E_LOCK_TIMEOUT";
  constructor(message: string, details?: ErrorDetails) {
    super("LockTimeoutError", message, details);
  }
}

/** A lock that the application held is lost: its `ttl` ended, or another holder has it. */
export class LockLostError extends HoldoverError {
  readonly code = "E_LOCK_LOST";
  constructor(message: string, details?: ErrorDetails) {
    super("LockLostError", message, details);
  }
}

/**
 * A store failed. Calls do not reject with it, they go on to the origin; events and the basic API
 * report it.
 */
export class StoreError extends HoldoverError {
  readonly code = "E_STORE";
  constructor(message: string, details?: ErrorDetails) {
    super("StoreError", message, details);
  }
}

/** A value could not be turned into bytes, or bytes into a value. */
export class CodecError extends HoldoverError {
  readonly code = "E_CODEC";
  constructor(message: string, details?: ErrorDetails) {
    super("CodecError", message, details);
  }
}

/** A stored entry's signature does not match its contents. */
export class SignatureError extends HoldoverError {
  readonly code = "E_SIGNATURE";
  constructor(message: string, details?: ErrorDetails) {
    super("SignatureError", message, details);
  }
}

/** The cache has been closed. */
export class ClosedError extends HoldoverError {
  readonly code = "E_CLOSED";
  constructor(message: string, details?: ErrorDetails) {
    super("ClosedError", message, details);
  }
}

/** The details of a {@link HookError}. */
export interface HookErrorDetails extends ErrorDetails {
  /** True if the operation was performed all the same. */
  readonly performed: boolean;
}

/** A hook threw, was late or returned what it may not. Its own error is the `cause`. */
export class HookError extends HoldoverError {
  readonly code = "E_HOOK";
  /** True if the operation was performed all the same. */
  readonly performed: boolean;
  constructor(message: string, details: HookErrorDetails) {
    super("HookError", message, details);
    this.performed = details.performed;
  }
}

/** A hook refused the operation. The reason that it gave is the `cause`. */
export class RefusedError extends HoldoverError {
  readonly code = "E_REFUSED";
  constructor(message: string, details?: ErrorDetails) {
    super("RefusedError", message, details);
  }
}

/** The parts of a {@link ConfigError}'s message besides option, value and allowed values. */
export interface ConfigErrorDetails {
  /** A remark after the value: `did you mean "ttl"?`. */
  readonly note?: string;
  /** The name of the value in the message; `option "ttl"` when absent. */
  readonly subject?: string;
  /** The reason for this error; kept as `error.cause`. */
  readonly cause?: unknown;
}

/**
 * An unusable option, argument or key, raised before any loader or store runs.
 *
 * The message names option, value and allowed values: `holdover: option "ttl" is "10m5"; allowed: a
 * number of milliseconds or …`.
 */
export class ConfigError extends TypeError {
  /** The stable code of the class. */
  readonly code = "E_CONFIG";
  /** The option at fault (`"ttl"`, `"clock.now"`), or the argument (`"argument 2.filter.fn"`). */
  readonly option: string;
  /** The value that was given. */
  declare readonly value: unknown;
  /** The values that would have been accepted, in words. */
  readonly allowed: string;

  constructor(option: string, value: unknown, allowed: string, details: ConfigErrorDetails = {}) {
    const subject = details.subject ?? `option ${quote(option)}`;
    const note = details.note === undefined ? "" : ` (${details.note})`;
    super(
      `holdover: ${subject} is ${describe(value)}${note}; allowed: ${allowed}`,
      "cause" in details ? { cause: details.cause } : undefined,
    );
    brand(this, "ConfigError");
    this.option = option;
    // Not enumerable: a printed error should not carry a whole argument or a secret along.
    hidden(this, "value", value);
    this.allowed = allowed;
  }
}

/** Any error that holdover raises. */
export type AnyHoldoverError = ErrorByCode[ErrorCode];

/**
 * True if `error` is one of holdover's, and has the given code if one is given. Works across copies
 * of the package and across realms, and never throws.
 */
export function isHoldoverError<Code extends ErrorCode = ErrorCode>(
  error: unknown,
  code?: Code,
): error is ErrorByCode[Code] {
  try {
    if (typeof error !== "object" || error === null) return false;
    const found = error as { [BRAND]?: unknown; code?: unknown };
    return found[BRAND] === true && (code === undefined || found.code === code);
  } catch {
    return false; // a revoked proxy, or one whose traps throw
  }
}
