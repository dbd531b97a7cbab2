import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { longKey } from "../../internal.mjs";

test("keys that fit stay as they are", async () => {
  for (const [text, max] of [
    ["", 65],
    ["user:42", 65],
    ["é".repeat(50), 100],
    ["x".repeat(512), 512],
  ])
    assert.equal(await longKey(text, max), text);
});

test("long keys keep a readable prefix and end in the SHA-256", async () => {
  const long = `user:${"é日".repeat(200)}`;
  const short = await longKey(long, 250);
  const hash = createHash("sha256").update(Buffer.from(long, "utf16le")).digest("hex");
  assert.match(short, /^user:[é日]+~/);
  assert.ok(short.endsWith(`~${hash}`));
  assert.ok(Buffer.byteLength(short) <= 250 && Buffer.byteLength(short) >= 248);
  assert.ok(Buffer.byteLength(await longKey("😀".repeat(100), 100)) <= 100);
  assert.equal((await longKey("x".repeat(100), 65)).length, 65);
});

test("different keys stay different", async () => {
  const long = "x".repeat(300);
  const shortened = await longKey(long, 250);
  const all = [
    long,
    `${long}y`,
    shortened,
    await longKey(shortened, 250),
    "\ud800",
    "\udb00",
    "\ufffd",
  ];
  const made = await Promise.all(all.map((text) => longKey(text, 250)));
  assert.equal(new Set(made.slice(0, 3)).size, 3);
  assert.equal(new Set(made.slice(4)).size, 3);
  for (const text of made) assert.ok(text.isWellFormed?.() ?? true);
});

test("a limit too small for the hash is refused", async () => {
  for (const max of [64, 0, -1, 65.5, Number.NaN, "512", undefined])
    await assert.rejects(longKey("a", max), { name: "ConfigError", option: "maxBytes" });
});
