/**
 * A body on its way: read once, kept for the cache, given to one caller as it comes.
 *
 * Up to `most` bytes, and while there is room, the origin is read as fast as it sends, whatever the caller does, since others
 * wait for the whole. Beyond that nothing is kept any more, and the caller sets the pace.
 */

import type { Timers } from "../runtime/clock.js";
import { concatenated } from "../util/bytes.js";
import { TimeoutError } from "../util/errors.js";
import type { Receiving, Share } from "./receiving.js";

/** Milliseconds without new bytes after which a body counts as stalled. */
const STALL = 1000;
/** The same for a body that nobody reads: then it ends. */
const UNREAD_STALL = 10_000;

/** A body that is being recorded. */
export class Recording {
  /**
   * The whole body; undefined when it is too long to keep. Rejects when the body breaks off, or
   * with what `fail` is given.
   */
  readonly whole: Promise<Uint8Array | undefined>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  /** Kept, as Node ends the body of a response that is collected. */
  readonly owner: unknown;
  readonly #most: number;
  readonly #room: Receiving;
  readonly #share: Share = { bytes: 0, at: 0 };
  readonly #chunks: (Uint8Array | undefined)[] = [];
  /** Number of chunks that the caller has read. */
  #read = 0;
  #length = 0;
  #state: "recording" | "passing" | "complete" | "failed" = "recording";
  #error: unknown;
  /** Tells the caller's stream that there is something new. */
  #wake: (() => void) | undefined;
  /** True if a caller reads the stream; undefined before a caller has asked for it. */
  #isRead: boolean | undefined;
  /** Time at which the last bytes came, in milliseconds. */
  #movedAt = 0;
  readonly #now: () => number;

  /** @param bounds how long it may be, and the room for all that is received */
  constructor(
    body: ReadableStream<Uint8Array>,
    bounds: { readonly most: number; readonly room: Receiving; readonly now: () => number },
    owner: unknown,
  ) {
    this.#reader = body.getReader();
    this.#most = bounds.most;
    this.#room = bounds.room;
    this.#now = bounds.now;
    this.owner = owner;
    this.whole = this.#record();
    this.whole.catch(() => {}); // Who needs it looks at it; nobody has to.
  }

  /**
   * A stream of the body for one caller, who may stop reading at any time.
   * @param signal the caller's own: it ends the stream, not the recording
   */
  stream(signal: AbortSignal | undefined): ReadableStream<Uint8Array> {
    this.#isRead = true;
    const source = this.#source(signal);
    const atItsPace = { highWaterMark: 0 };
    try {
      return new ReadableStream({ type: "bytes", ...source }, atItsPace);
    } catch {
      // WebKit has no streams of bytes.
      return new ReadableStream(source as UnderlyingDefaultSource<Uint8Array>, atItsPace);
    }
  }

  #source(signal: AbortSignal | undefined): Omit<UnderlyingByteSource, "type"> {
    let at = 0;
    let stop = () => {};
    return {
      start: (controller) => {
        if (signal === undefined) return;
        const onAbort = () => {
          controller.error(signal.reason);
          this.#leave(signal.reason);
        };
        if (signal.aborted) onAbort();
        signal.addEventListener("abort", onAbort, { once: true });
        stop = () => signal.removeEventListener("abort", onAbort);
      },
      pull: async (controller) => {
        try {
          const chunk = await this.#next(at);
          at += 1;
          if (chunk !== undefined) return controller.enqueue(chunk as Uint8Array<ArrayBuffer>);
          stop();
          controller.close();
          // A reader that brought its own buffer waits for its end apart.
          controller.byobRequest?.respond(0);
        } catch (error) {
          stop();
          throw error;
        }
      },
      cancel: (reason) => {
        stop();
        this.#leave(reason);
      },
    };
  }

  /** Nobody will read it. */
  #leave(reason: unknown): void {
    this.#isRead = false;
    if (this.#state === "passing") this.#drop(reason);
  }

  /** Ends the recording when `signal` says so. */
  endWith(signal: AbortSignal): void {
    const onAbort = () => this.#fail(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    const forget = () => signal.removeEventListener("abort", onAbort);
    this.whole.then(forget, forget);
  }

  /**
   * Calls `onStall`, once, when nothing has come for a second; ends the recording when nothing has
   * come for `timeout`, or for ten seconds while nobody reads: it might never end.
   */
  watch({ now, afterIfAlive }: Timers, timeout: number, onStall: () => void): void {
    this.#movedAt = now();
    let stalls = false;
    const look = () => {
      if (this.#state !== "recording") return;
      const silent = now() - this.#movedAt;
      if (silent >= STALL && !stalls) {
        stalls = true;
        onStall();
      }
      if (silent >= (this.#isRead === false ? Math.min(timeout, UNREAD_STALL) : timeout)) {
        return this.#fail(new TimeoutError(`nothing came of a body for ${silent} ms`));
      }
      const left = Math.min(STALL - (silent % STALL), timeout - silent);
      stop = afterIfAlive(Math.max(1, left), look);
    };
    let stop = afterIfAlive(Math.min(STALL, timeout), look);
    const end = () => stop();
    this.whole.then(end, end);
  }

  async #record(): Promise<Uint8Array | undefined> {
    while (this.#state === "recording") await this.#step();
    // What is too long to keep has its room until its caller, who may be slow, has taken it.
    if (this.#state !== "passing") this.#room.end(this.#share);
    if (this.#state === "failed") throw this.#error;
    return this.#state === "complete"
      ? concatenated(this.#chunks.filter((chunk) => chunk !== undefined))
      : undefined;
  }

  /** Reads one chunk and keeps it. */
  async #step(): Promise<void> {
    try {
      const { done, value } = await this.#reader.read();
      if (this.#state !== "recording") return;
      this.#movedAt = this.#now();
      if (done) this.#state = "complete";
      else if (checked(value).length > 0) this.#keep(value);
    } catch (error) {
      this.#fail(error);
    }
    this.#wake?.();
  }

  #keep(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    const isShort = this.#length <= this.#most;
    if (isShort && this.#room.take(this.#share, chunk.length, this.#movedAt)) return;
    this.#state = "passing";
    for (let at = 0; at < this.#read; at += 1) this.#forget(at);
    if (this.#isRead === false) this.#drop(undefined);
  }

  #forget(at: number): void {
    this.#room.give(this.#share, this.#chunks[at]?.length ?? 0);
    this.#chunks[at] = undefined;
  }

  /** Ends the transfer that nobody needs. */
  #drop(reason: unknown): void {
    this.#chunks.length = 0;
    this.#room.end(this.#share);
    this.#reader.cancel(reason).catch(() => {});
  }

  /** Nobody has asked for the stream, and nobody will. */
  abandon(): void {
    if (this.#isRead === undefined) this.#leave(undefined);
  }

  #fail(error: unknown): void {
    if (this.#state !== "recording") return;
    this.#state = "failed";
    this.#error = error;
    this.#reader.cancel(error).catch(() => {});
    this.#wake?.();
  }

  /** The chunk at `at`, as bytes of the caller's own; undefined at the end. */
  async #next(at: number): Promise<Uint8Array | undefined> {
    while (at >= this.#chunks.length && this.#state === "recording") {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const chunk = this.#chunks[at];
    if (chunk !== undefined) {
      this.#read = at + 1;
      if (this.#state === "passing") this.#forget(at);
      // Bytes that are kept, or lie in a buffer with others, are not the caller's to change.
      return new Uint8Array(chunk);
    }
    if (this.#state === "failed") throw this.#error;
    return this.#state === "passing" ? this.#pass() : undefined;
  }

  async #pass(): Promise<Uint8Array | undefined> {
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      try {
        if (checked(value).length > 0) return new Uint8Array(value);
      } catch (error) {
        this.#drop(error);
        throw error;
      }
    }
  }
}

/**
 * Bodies are bytes, as `Response` reads them itself.
 * @throws TypeError for any other chunk
 */
function checked(chunk: unknown): Uint8Array {
  if (Object(chunk)[Symbol.toStringTag] === "Uint8Array") return chunk as Uint8Array;
  throw new TypeError("a body has a chunk that is no Uint8Array");
}
