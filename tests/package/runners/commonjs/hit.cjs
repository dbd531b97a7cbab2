const { createCache } = require("holdover");

test("the second call is a hit", async () => {
  let loads = 0;
  const cache = createCache();
  const get = cache.wrap(async (id) => `${id} ${++loads}`, { name: "get", ttl: "1m" });
  expect(await get("a")).toBe("a 1");
  expect(await get("a")).toBe("a 1");
  expect((await get.explain("a")).source).toBe("hit");
});
