// The time of the HTTP cache suite in a worker, which its client sets.

let now = 0;

/** The clock of caches under test. */
export const clock = { now: () => now };

/** Serves a worker under test: sets the clock when it is told the time, makes a 502 of an error. */
export const serve = (answer) => ({
  async fetch(request, env, ctx) {
    const [, time] = /\/clock\/(\d+)$/.exec(request.url) ?? [];
    if (time !== undefined) {
      now = Number(time);
      return new Response();
    }
    try {
      return await answer(request, env, ctx);
    } catch (error) {
      return new Response(`${error}`, { status: 502 });
    }
  },
});

/** The request as it goes to the origin. */
export function toOrigin(request, env) {
  const { pathname, search } = new URL(request.url);
  return new Request(`${env.ORIGIN}${pathname}${search}`, request);
}
