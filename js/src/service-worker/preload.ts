/**
 * Navigation preload: the browser requests a page while the worker starts, and the load of that
 * page takes the browser's response instead of sending a second request.
 */

type Fetch = typeof globalThis.fetch;

/** A response that the browser has requested, and for what. */
interface Preload {
  readonly answer: PromiseLike<unknown>;
  readonly accept: string | null;
}

/** Responses that the browser has requested. */
export class Preloads {
  readonly #answers = new Map<string, Preload>();

  /**
   * Keeps the browser's response to a navigation until its load takes it, or the returned function
   * is called.
   */
  expect(request: Request, answer: PromiseLike<unknown> | undefined): () => void {
    if (answer === undefined || request.mode !== "navigate") return () => {};
    const { url } = request;
    const preload = { answer, accept: request.headers.get("accept") };
    this.#answers.set(url, preload);
    return () => {
      if (this.#answers.get(url) === preload) this.#answers.delete(url);
    };
  }

  /** Returns a `fetch` that takes the browser's response where there is one. */
  fetchWith(fetch: Fetch): Fetch {
    return async (input, init) => {
      const response = await this.#take(
        input instanceof Request ? input : new Request(input, init),
      );
      return response instanceof Response ? response : fetch(input, init);
    };
  }

  /** Returns the page's answer for its own load: a script's request for its URL may want JSON. */
  #take({ method, url, headers }: Request): PromiseLike<unknown> | undefined {
    const preload = this.#answers.get(url);
    if (method !== "GET" || preload?.accept !== headers.get("accept")) return undefined;
    this.#answers.delete(url);
    return preload.answer;
  }
}
