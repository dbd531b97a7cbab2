/**
 * Navigation preload: while the worker starts, the browser asks for the page itself. A load of that
 * page takes the browser's answer instead of asking a second time.
 */

type Fetch = typeof globalThis.fetch;

/** Answers that the browser has asked for. */
export class Preloads {
  readonly #answers = new Map<string, PromiseLike<unknown>>();

  /** Keeps the browser's answer to a navigation until its load takes it, or `end` is called. */
  expect(request: Request, answer: PromiseLike<unknown> | undefined): () => void {
    if (answer === undefined || request.mode !== "navigate") return () => {};
    const { url } = request;
    this.#answers.set(url, answer);
    return () => {
      if (this.#answers.get(url) === answer) this.#answers.delete(url);
    };
  }

  /** Asks the network, unless the browser has done so. */
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
