// The visitors: an open loop, so a slow answer never delays the next request.
import { Agent, get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { sourceOf } from "./cache-status.mjs";
import { exponential, hash, mulberry32, zipf } from "./rng.mjs";

export const LANES = ["without", "with"];
export const KEYS = Array.from({ length: 50 }, (_, i) => `item-${String(i).padStart(2, "0")}`);
/** A visitor leaves after this long. */
export const PATIENCE_MS = 5000;

/** Poisson arrivals, `rate` per second, with a few popular keys: yields `{ offset, key }`. */
export function* arrivals({ seed, rate }) {
  const random = mulberry32(hash(seed, "arrivals"));
  const pick = zipf(random, KEYS.length);
  for (let offset = 0; ; ) {
    offset += exponential(random, rate);
    yield { offset, key: KEYS[pick()] };
  }
}

export class Load {
  // Idle connections are dropped here before workerd drops them (after 5 s), so that no request
  // meets a connection which is just being closed.
  #agent = new Agent({ keepAlive: true, timeout: 2000 });
  #pending = new Set();

  /** `onSample` gets one record for each request and lane, when its outcome is known. */
  constructor({ port, timeline, seed, rate, onSample }) {
    Object.assign(this, { port, timeline, seed, rate, onSample });
  }

  /** Asks for every key once on both lanes, so that each is "seen before". */
  async warmUp() {
    for (const key of KEYS) {
      const due = performance.now();
      const samples = await Promise.all(LANES.map((lane) => this.#send(lane, key, due)));
      const failed = samples.find((sample) => !sample.ok);
      if (failed) {
        throw new Error(`warm-up of /${failed.lane}/${key} failed: ${failed.problem}`);
      }
    }
  }

  /**
   * Sends the same arrivals to both lanes until `cycles` cycles are over or `signal` aborts. Every
   * request is timed from when it was due, not from when it could be sent.
   */
  async run({ cycles, signal }) {
    const end = this.timeline.endOfCycle(cycles - 1);
    for (const { offset, key } of arrivals(this)) {
      const due = this.timeline.start + offset;
      if (due >= end || signal.aborted) break;
      const wait = due - performance.now();
      if (wait > 0) await sleep(wait, undefined, { signal }).catch(() => {});
      for (const lane of LANES) this.#track(this.#send(lane, key, due).then(this.onSample));
    }
    const patience = sleep(end - performance.now(), undefined, { signal }).catch(() => {});
    if (Number.isFinite(end)) await patience;
  }

  /** Waits for the requests that are still on their way. */
  async settle() {
    await Promise.all(this.#pending);
  }

  close() {
    this.#agent.destroy();
  }

  #track(promise) {
    const tracked = promise.finally(() => this.#pending.delete(tracked));
    this.#pending.add(tracked);
  }

  async #send(lane, key, due) {
    const left = due + PATIENCE_MS - performance.now();
    const answer = await request({ agent: this.#agent, port: this.port, lane, key, left });
    const latency = performance.now() - due;
    const { cycle, index } = this.timeline.at(due);
    const problem = answer.problem ?? wrong(answer, key);
    const source = lane === "with" ? sourceOf(answer.cacheStatus) : undefined;
    return { lane, key, due, cycle, index, latency, ok: problem === undefined, problem, source };
  }
}

/** What is wrong with an answer, if anything. */
function wrong({ status, body }, key) {
  if (status !== 200) return `status ${status}: ${body.slice(0, 200).trim()}`;
  return body.includes(`"key":"${key}"`) ? undefined : "somebody else's answer";
}

/** Resolves, always: to `{ status, cacheStatus, body }` or to `{ problem }`. */
function request({ agent, port, lane, key, left }) {
  return new Promise((resolve) => {
    const outgoing = get({ agent, host: "127.0.0.1", port, path: `/${lane}/${key}` });
    const timer = setTimeout(() => outgoing.destroy(new Error("no answer")), Math.max(0, left));
    const finish = (outcome) => {
      clearTimeout(timer);
      resolve(outcome);
    };
    outgoing.on("error", (error) => finish({ problem: String(error.message || error.code) }));
    outgoing.on("response", async (incoming) => {
      let body = "";
      try {
        for await (const chunk of incoming.setEncoding("utf8")) body += chunk;
      } catch (error) {
        finish({ problem: `body cut short: ${error.message}` });
        return;
      }
      const cacheStatus = incoming.headers["cache-status"];
      finish({ status: incoming.statusCode, cacheStatus, body });
    });
  });
}
