/** The used parts of requests and responses of Node, be they of HTTP/1, HTTP/2 or a framework. */

/** The used part of an `IncomingMessage`. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: {
    readonly [name: string]: string | readonly string[] | undefined;
    readonly host?: string | undefined;
  };
  readonly rawHeaders: readonly string[];
}

/** The used part of a `ServerResponse`. */
export interface NodeResponse {
  statusCode: number;
  readonly headersSent: boolean;
  readonly writableFinished?: boolean;
  readonly destroyed?: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: a number, a text or a list of texts
  getHeader(name: string): any;
  // biome-ignore lint/suspicious/noExplicitAny: each class gives something else
  setHeader(name: string, value: string | string[]): any;
  // biome-ignore lint/suspicious/noExplicitAny: the same
  writeHead(...given: any[]): any;
  // biome-ignore lint/suspicious/noExplicitAny: the same
  end(...given: any[]): any;
  // biome-ignore lint/suspicious/noExplicitAny: the same
  write(...given: any[]): any;
  // biome-ignore lint/suspicious/noExplicitAny: the same
  on(event: "close" | "drain", listener: () => void): any;
}

/** Passes a request on, as it is in Express and Connect. */
// biome-ignore lint/suspicious/noExplicitAny: each framework passes something else
export type NodeNext = (error?: any) => void;

/**
 * A listener for Node's HTTP requests: an application of Express or Connect, Koa's callback, or a
 * function.
 */
export type NodeListener = (request: never, response: never, next: never) => unknown;

/** A listener, or middleware, with a cache before what it is for. */
export interface CachedListener {
  (request: NodeRequest, response: NodeResponse, next?: NodeNext): void;
  /**
   * Ends what is stored of a URL: every variant and part.
   * @param url whole, with the host that clients ask
   */
  invalidate(url: string | URL): Promise<void>;
}

/** More of requests than each of them has. */
export interface KnownRequest extends NodeRequest {
  readonly originalUrl?: unknown;
  readonly socket?: { readonly [name: string]: unknown; readonly encrypted?: unknown } | null;
  readonly httpVersion?: string;
  readonly httpVersionMajor?: number;
  readonly httpVersionMinor?: number;
}
