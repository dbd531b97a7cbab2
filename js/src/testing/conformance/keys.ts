import { bytesOf, type Case, LONG, missing, sameBytes, show } from "./bench.js";

const TEN_KILOBYTES = "k".repeat(10_240);

/** Similar keys that are all different. */
const KEYS: readonly string[] = [
  "",
  " ",
  "a",
  "A",
  " a",
  "a ",
  "a b",
  "a+b",
  "a%20b",
  "a\tb",
  "a\r\nb",
  "a\u0000",
  "a\u0000b",
  "a\u007f",
  "a:",
  "a:b",
  "a/",
  "a/b",
  "a/../b",
  ".",
  "..",
  "a?b",
  "a#b",
  "a&b=c",
  "*",
  "a*",
  "[a]",
  "{a}",
  "a\\",
  "a'b",
  'a"b',
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "\u00e4", // one character that equals a letter with a combining mark when normalized
  "a\u0308",
  "\u212a", // the kelvin sign, which Unicode normalizes to K
  "K",
  "😀",
  "😁",
  "\ufffd", // the encoding of the next four in UTF-8
  "\ud83d",
  "\ud83c",
  "\ude00",
  "a\ud800b",
  "日本語".repeat(60),
  "k".repeat(250),
  "k".repeat(251),
  "k".repeat(512),
  "k".repeat(513),
  "k".repeat(1024),
  `${"k".repeat(1024)}1`,
  `${"k".repeat(1024)}2`,
  TEN_KILOBYTES,
  `${TEN_KILOBYTES}1`,
  `${TEN_KILOBYTES}2`,
];

const recordOf = (key: string): Uint8Array => bytesOf(`record ${KEYS.indexOf(key)}`);

/** Returns the cases of keys that a store may change, confuse or refuse. */
export function keyCases(): Case[] {
  const alone: Case[] = KEYS.map((key, index) => [
    `key ${index}, ${show(key)}: it can be set, read and deleted`,
    async ({ store }) => {
      missing(await store.get(key), "before it was set");
      await store.set(key, recordOf(key), LONG);
      sameBytes(await store.get(key), recordOf(key), "after it was set");
      await store.delete(key);
      missing(await store.get(key), "after it was deleted");
    },
  ]);
  return [...alone, allKeysAreDifferent];
}

const allKeysAreDifferent: Case = [
  "keys that look alike are different keys",
  async ({ store }) => {
    for (const key of KEYS) await store.set(key, recordOf(key), LONG);
    for (const key of KEYS) sameBytes(await store.get(key), recordOf(key), show(key));
    for (const [index, key] of KEYS.entries()) {
      await store.delete(key);
      missing(await store.get(key), `${show(key)} after it was deleted`);
      const next = KEYS[index + 1];
      if (next === undefined) continue;
      sameBytes(await store.get(next), recordOf(next), `${show(next)} after another was deleted`);
    }
  },
];
