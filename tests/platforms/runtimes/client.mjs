// A client that can walk away. It resets its connection: a mere end of what the client sends is,
// to a server, no reason to stop answering.

import { once } from "node:events";
import { Agent, request } from "node:http";

/** Far above what the tests wait for, also on a machine that is busy with other things. */
const LIMIT_MS = 60_000;

let left = 0;

/** How many requests were walked away from so far. */
export const leavings = () => left;

/** A request on a connection of its own; `leave()` cuts it without waiting for an answer. */
export function ask(url, { method = "GET", headers = {} } = {}) {
  const agent = new Agent({ keepAlive: false });
  const started = performance.now();
  const sent = request(url, { method, headers, agent, timeout: LIMIT_MS });
  sent.on("timeout", () => sent.destroy(new Error(`no answer from ${url}`)));
  const answer = answerOf(sent, started);
  answer.catch(() => {}); // Whoever walked away does not look at the error either.
  sent.end();
  const leave = () => {
    left += 1;
    sent.socket.resetAndDestroy();
  };
  return { answer, leave };
}

async function answerOf(sent, started) {
  const [response] = await once(sent, "response");
  const chunks = [];
  for await (const chunk of response) chunks.push(chunk);
  return {
    status: response.statusCode,
    headers: response.headers,
    text: Buffer.concat(chunks).toString(),
    /** Milliseconds from question to the end of the answer. */
    took: performance.now() - started,
  };
}

/** The response of a request, as it comes. */
export async function open(url, { headers = {} } = {}) {
  const agent = new Agent({ keepAlive: false });
  const sent = request(url, { headers, agent, timeout: LIMIT_MS });
  sent.on("timeout", () => sent.destroy(new Error(`no answer from ${url}`)));
  sent.end();
  const [response] = await once(sent, "response");
  return response;
}

/** The answer of a request that nobody cancels. */
export const get = (url, options) => ask(url, options).answer;

export const sleep = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

/**
 * Runs a test of what a second's silence changes: again, with another number, when it fails and
 * this process itself, which sends what is to come meanwhile, was held up for half of that.
 */
export async function unlessHeldUp(test) {
  for (let nth = 1; ; nth += 1) {
    let longest = 0;
    let last = performance.now();
    const look = () => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    };
    const timer = setInterval(look, 20);
    try {
      return await test(nth);
    } catch (error) {
      look();
      if (longest < 500 || nth === 5) throw error;
    } finally {
      clearInterval(timer);
    }
  }
}

/** Waits until `sent` requests for `path` have come to the worker at `url`. */
export const arrived = (url, path, sent) =>
  until(async () => Number((await get(`${url}/arrived/any/any${path}`)).text) >= sent);

/** Waits until `holds`, which is asked again and again, for as long as a test may take. */
export async function until(holds, limit = 30_000) {
  for (const end = performance.now() + limit; performance.now() < end; await sleep(10)) {
    if (await holds()) return;
  }
  throw new Error(`it did not happen within ${limit} ms: ${holds}`);
}
