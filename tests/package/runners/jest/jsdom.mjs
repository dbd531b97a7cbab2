// Jest's jsdom: a realm of its own without TextDecoder, TextEncoder and fetch.

import { expect, test } from "@jest/globals";
import * as holdover from "holdover";
import { customStore } from "holdover/stores/custom";
import { timerCases } from "../cases.mjs";
import { timers } from "../jest-timers.mjs";

test("the host is as bare as this test wants it", () => {
  expect([typeof TextDecoder, typeof Response, typeof document]).toEqual([
    "undefined",
    "undefined",
    "object",
  ]);
});

test("what was loaded is cached, in memory and below it", async () => {
  const records = new Map();
  const store = {
    get: (key) => records.get(key),
    set: (key, record) => void records.set(key, record),
    delete: (key) => void records.delete(key),
  };
  const events = [];
  const make = () =>
    holdover.createCache({
      stores: [holdover.memory(), customStore(store)],
      writes: "await",
      onEvent: (event) => /error|unavailable|corrupt/.test(event.type) && events.push(event),
    });
  const first = make().wrap(async (name) => ({ name }), { key: "{0}", ttl: "1m" });
  expect([await first("ü"), (await first.explain("ü")).source]).toEqual([{ name: "ü" }, "hit"]);
  const second = make().wrap(async () => "other", { key: "{0}", ttl: "1m" });
  expect(await second("ü")).toEqual({ name: "ü" });
  expect(events).toEqual([]);
});

timerCases(holdover, { test, expect, timers });
