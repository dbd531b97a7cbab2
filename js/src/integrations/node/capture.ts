/** A response of Node without a client: its head and body become a `Response`. */

import { Buffer } from "node:buffer";
import { type IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { fieldsGiven, withoutFields } from "./fields.js";

/** Most bytes on their way to the reader before a listener is told to wait. */
const HIGH_WATER = 65_536;
/** Fields of a connection. */
const OF_CONNECTION = ["connection", "keep-alive", "transfer-encoding", "upgrade"];
const BODILESS = [204, 205, 304];

/** A response that a listener writes to, and what it is. */
export interface Capture {
  readonly response: ServerResponse;
  /** The response from its head on; rejects if it is destroyed before. */
  readonly captured: Promise<Response>;
  /** The fields that came after the body, when it has ended. */
  trailers(): readonly (readonly [string, string])[];
}

/** The body of a response that is being written. */
class Body {
  readonly #target: ServerResponse;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #isWaiting = false;
  #isOver = false;
  readonly stream: ReadableStream<Uint8Array>;

  constructor(target: ServerResponse) {
    this.#target = target;
    const size = ({ byteLength }: Uint8Array) => byteLength;
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#go(),
        cancel: () => {
          this.#isOver = true;
          target.destroy();
        },
      },
      { highWaterMark: HIGH_WATER, size },
    );
  }

  /** Takes a part; false if there is no room for the next. */
  take(part: Uint8Array): boolean {
    if (this.#isOver) return true;
    if (part.byteLength > 0) this.#controller?.enqueue(part);
    this.#isWaiting = (this.#controller?.desiredSize ?? 1) <= 0;
    return !this.#isWaiting;
  }

  close(error?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (error === undefined) this.#controller?.close();
    else this.#controller?.error(error);
  }

  #go(): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#target.emit("drain");
  }
}

/**
 * Makes a response for a listener.
 * @param method that of the request; the answer to HEAD has no body
 */
export function capture(request: IncomingMessage, connection: Duplex, method: string): Capture {
  const response = new ServerResponse(request);
  response.assignSocket(connection);
  const body = new Body(response);
  const trailers: [string, string][] = [];
  let resolve: (head: Response) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const captured = new Promise<Response>((onHead, onError) => {
    resolve = onHead;
    reject = onError;
  });
  const hasBody = () => method !== "HEAD" && !BODILESS.includes(response.statusCode);
  let isHeadOut = false;
  const { writeHead, write, end, addTrailers } = response;
  const put = (chunk: unknown, encoding: unknown): boolean => {
    const part = bytesOf(chunk, encoding);
    return part === undefined || !hasBody() || body.take(part);
  };
  Object.assign(response, {
    writeHead(...given: unknown[]) {
      // As fields of the response's own: it knows no others, and would lose some that come twice.
      for (const [name, values] of fieldsGiven(given)) {
        response.setHeader(name, values.length === 1 ? (values[0] as string) : values);
      }
      const result = writeHead.apply(response, withoutFields(given));
      if (!isHeadOut) {
        isHeadOut = true;
        try {
          resolve(headOf(response, hasBody() ? body.stream : null));
        } catch (error) {
          reject(error);
        }
      }
      return result;
    },
    write(chunk: unknown, ...rest: unknown[]) {
      write.call(response, chunk, ...rest);
      return put(chunk, rest[0]);
    },
    end(...given: unknown[]) {
      if (response.writableEnded) return end.apply(response, given);
      const result = end.apply(response, given);
      if (typeof given[0] !== "function") put(given[0], given[1]);
      body.close();
      return result;
    },
    addTrailers(given: object) {
      addTrailers.call(response, given);
      const pairs = Array.isArray(given) ? given : Object.entries(given);
      trailers.push(...pairs.map(([name, value]): [string, string] => [name, `${value}`]));
    },
  });
  response.once("finish", () => response.destroy());
  response.once("close", () => {
    const error = new Error("the response was closed before it had ended");
    reject(error);
    body.close(response.writableEnded ? undefined : error);
  });
  return { response, captured, trailers: () => trailers };
}

function headOf(response: ServerResponse, body: ReadableStream<Uint8Array> | null): Response {
  const headers = new Headers();
  for (const [name, value] of Object.entries(response.getHeaders())) {
    if (value === undefined || OF_CONNECTION.includes(name.toLowerCase())) continue;
    const values = Array.isArray(value) ? value : [value];
    for (const each of values) headers.append(name, `${each}`);
  }
  const { statusCode: status, statusMessage: statusText } = response;
  return new Response(body, { status, statusText, headers });
}

/** Returns a part of a body: a copy, as the caller may use its memory again. */
function bytesOf(chunk: unknown, encoding: unknown): Uint8Array | undefined {
  if (typeof chunk === "string") {
    return new Uint8Array(Buffer.from(chunk, typeof encoding === "string" ? encoding : "utf8"));
  }
  return chunk instanceof Uint8Array ? new Uint8Array(chunk) : undefined;
}
