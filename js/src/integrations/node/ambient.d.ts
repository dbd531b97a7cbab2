// The used part of Node's modules; none of it reaches the shipped declarations.

declare module "node:buffer" {
  export const Buffer: { from(text: string, encoding?: string): Uint8Array };
}

declare module "node:stream" {
  export class Duplex {
    constructor(options: {
      read(): void;
      write(chunk: unknown, encoding: string, done: () => void): void;
    });
    on(event: "error" | "finish", listener: () => void): this;
    destroy(): this;
  }
}

declare module "node:http" {
  import type { Duplex } from "node:stream";

  type Listener = (...values: never[]) => void;
  type HeaderValue = number | string | readonly string[];

  export class IncomingMessage {
    constructor(socket: Duplex);
    method: string;
    url: string;
    headers: Record<string, string | string[] | undefined>;
    rawHeaders: string[];
    httpVersion: string;
    httpVersionMajor: number;
    httpVersionMinor: number;
    complete: boolean;
    push(chunk: null): boolean;
    destroy(): this;
  }

  export class ServerResponse {
    constructor(request: IncomingMessage);
    statusCode: number;
    statusMessage: string;
    readonly writableEnded: boolean;
    readonly writableFinished: boolean;
    readonly destroyed: boolean;
    assignSocket(socket: Duplex): void;
    getHeaders(): Record<string, HeaderValue | undefined>;
    setHeader(name: string, value: HeaderValue): this;
    removeHeader(name: string): void;
    writeHead(...given: unknown[]): this;
    write(...given: unknown[]): boolean;
    end(...given: unknown[]): this;
    addTrailers(trailers: unknown): void;
    destroy(): this;
    emit(event: string, ...values: unknown[]): boolean;
    once(event: string, listener: Listener): this;
  }
}
