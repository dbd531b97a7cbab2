// A host that hides fields of requests from scripts, as browsers do. In a process of its own: what
// a host hides is asked once.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fresh, stage } from "./support/stage.mjs";

const NodeRequest = globalThis.Request;

/** A `Request` whose headers have no forbidden fields, like a browser's. */
globalThis.Request = class Request extends NodeRequest {
  constructor(input, init) {
    super(input, init);
    for (const name of ["cookie", "referer", "sec-fetch-mode"]) this.headers.delete(name);
  }
};

for (const shared of [true, false]) {
  for (const name of ["Cookie", "referer", "Accept, Sec-Fetch-Mode"]) {
    test(`Vary: ${name}, which is hidden: each asks the origin (shared: ${shared})`, async () => {
      const { get, requests } = stage((_request, nth) => [`#${nth}`, fresh({ vary: name })], {
        options: { shared },
      });
      for (const nth of [1, 2]) {
        const { text, stored, reason } = await get("/", { headers: { cookie: `user=${nth}` } });
        assert.deepEqual([text, stored, reason], [`#${nth}`, false, "vary"]);
      }
      assert.equal(requests.length, 2);
    });
  }

  for (const name of ["Accept-Encoding", "Origin", "Accept-Language"]) {
    test(`Vary: ${name} is the same for all or can be seen (shared: ${shared})`, async () => {
      const { get, requests } = stage(() => ["x", fresh({ vary: name })], { options: { shared } });
      await get("/");
      assert.equal((await get("/")).source, "hit");
      assert.equal(requests.length, 1);
    });
  }
}
