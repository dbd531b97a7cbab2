import { exports } from "cloudflare:workers";
import { test } from "vitest";
import { answer } from "./answer.js";

const twice = async (ask) => JSON.stringify([await ask(), await ask()]);

test("within the test, and by way of the Worker", async () => {
  console.log(await twice(() => answer("test")));
  const ask = async () => (await exports.default.fetch("https://shop.example/")).json();
  console.log(await twice(ask));
});
