/**
 * Navigation preload: the browser requests a page while the worker starts, and the load of that
 * page takes the browser's response instead of sending a second request.
 */

type Fetch = typeof globalThis.fetch;

/** Responses that the browser has requested. */
export class Preloads {
  readonly #answers = new Map<string, PromiseLike<unknown>>();

  /**
   * Keeps the browser's response to a navigation until its load takes it, or the returned function
   * is called.
   */
  expect(request: Request, answer: PromiseLike<unknown> | undefined): () => void {
    if (answer === undefined || request.mode !== "navigate") return () => {};
    const { url } = request;
    this.#answers.set(url, answer);
    return () => {
      if (this.#answers.get(url) === answer) this.#answers.delete(url);
    };
  }

  /** Returns a `fetch` that takes the browser's response where there is one. */
  fetchWith(fetch: Fetch): Fetch {
    return async (input, init) => {
      const { method, url } = input instanceof Request ? input : { method: "GET", url: `${input}` };
      const answer = (init?.method ?? method) === "GET" ? this.#take(url) : undefined;
      const response = await answer;
      return response instanceof Response ? response : fetch(input, init);
    };
  }

  #take(url: string): PromiseLike<unknown> | undefined {
    const answer = this.#answers.get(url);
    this.#answers.delete(url);
    return answer;
  }
}
