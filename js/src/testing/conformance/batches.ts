import {
  type Bench,
  bytesOf,
  type Case,
  type Has,
  LONG,
  missing,
  same,
  sameBytes,
  sameSet,
  times,
} from "./bench.js";

/** Characters of patterns, which keys may contain as well. */
const PATTERNS: readonly string[] = ["*", "?", "[a-z]", "a*", "\\", "^", "{a,b}", "%", "_", ".*"];

/** Returns the cases of many keys, and of keys with a common prefix. */
export function batchCases(has: Has): Case[] {
  return [
    ...(has("getMany") ? gettingMany : []),
    ...(has("setMany") ? settingMany : []),
    ...(has("deleteMany") ? deletingMany : []),
    ...(has("keys") ? listing : []),
    ...(has("clear") ? clearing : []),
  ];
}

async function fill({ store, prefix }: Bench, names: readonly string[]): Promise<string[]> {
  const keys = names.map((name) => prefix + name);
  await Promise.all(keys.map((key) => store.set(key, bytesOf(key), LONG)));
  return keys;
}

async function listed({ store }: Bench, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const key of (await store.keys?.(prefix)) ?? []) found.push(key);
  return found;
}

const gettingMany: readonly Case[] = [
  [
    "getMany: records in the order of their keys, gaps where there is none, a key twice",
    async (bench) => {
      const { store, prefix } = bench;
      const [a = "", b = "", empty = ""] = await fill(bench, ["a", "b", "empty"]);
      await store.set(empty, new Uint8Array(), LONG);
      const asked = [b, `${prefix}no`, a, b, empty];
      const found = (await store.getMany?.(asked)) ?? [];
      same(found.length, asked.length, "the length of the answer");
      missing(found[1], "the key that was never set");
      [b, undefined, a, b].forEach((key, index) => {
        if (key !== undefined) sameBytes(found[index], bytesOf(key), `place ${index}`);
      });
      sameBytes(found[4], new Uint8Array(), "the empty record");
    },
  ],
  [
    "getMany: no keys, and 300 of them",
    async (bench) => {
      same((await bench.store.getMany?.([]))?.length ?? -1, 0, "the length of no answer");
      const keys = await fill(
        bench,
        times(300, (index) => `${index}`),
      );
      const found = (await bench.store.getMany?.(keys)) ?? [];
      for (const [index, key] of keys.entries()) sameBytes(found[index], bytesOf(key), key);
    },
  ],
];

const settingMany: readonly Case[] = [
  [
    "setMany: every record is there, no entries are fine, the last of a key wins",
    async ({ store, prefix }) => {
      await store.setMany?.([]);
      const keys = times(150, (index) => `${prefix}${index}`);
      await store.setMany?.(keys.map((key) => [key, bytesOf(key), LONG] as const));
      for (const key of keys) sameBytes(await store.get(key), bytesOf(key), key);
    },
  ],
];

const deletingMany: readonly Case[] = [
  [
    "deleteMany: drops those, leaves others, takes keys that are not there",
    async (bench) => {
      const { store, prefix } = bench;
      const keys = await fill(
        bench,
        times(150, (index) => `${index}`),
      );
      await store.deleteMany?.([]);
      await store.deleteMany?.([`${prefix}no`, ...keys.slice(1)]);
      sameBytes(await store.get(keys[0] ?? ""), bytesOf(keys[0] ?? ""), "the one left");
      for (const key of keys.slice(1)) missing(await store.get(key), key);
    },
  ],
];

const listing: readonly Case[] = [
  [
    "keys: all that begin so, as they were given, and no others",
    async (bench) => {
      const names = ["", "1", "12", "ä", "😀", "a b", "a/b", "a\nb", ...PATTERNS];
      const keys = await fill(
        bench,
        names.map((name) => `in:${name}`),
      );
      await fill(bench, ["in", "out:1", "In:1", "xin:1"]);
      sameSet(await listed(bench, `${bench.prefix}in:`), keys, "the keys");
      sameSet(await listed(bench, `${bench.prefix}nothing`), [], "no keys");
      await bench.store.delete(keys[0] ?? "");
      sameSet(await listed(bench, `${bench.prefix}in:`), keys.slice(1), "after one was deleted");
    },
  ],
  [
    "keys: 1200 of them, each once",
    async (bench) => {
      const keys = await fill(
        bench,
        times(1200, (index) => `${index}`),
      );
      sameSet(await listed(bench, bench.prefix), keys, "the keys");
    },
  ],
  [
    "keys: what patterns are made of is only text",
    async (bench) => {
      const others = await fill(bench, ["a", "ab", "abc", "z"]);
      for (const pattern of PATTERNS) {
        const keys = await fill(bench, [`${pattern}1`, `${pattern}2`]);
        const found = await listed(bench, bench.prefix + pattern);
        const wrong = found.filter((key) => others.includes(key));
        same(wrong.length, 0, `keys that begin with ${pattern}: ${wrong}`);
        const own = found.filter((key) => keys.includes(key));
        sameSet(own, keys, `keys that begin with ${pattern}`);
      }
    },
  ],
];

const clearing: readonly Case[] = [
  [
    "clear: drops all that begin so, and leaves the others",
    async (bench) => {
      const { store, prefix } = bench;
      const dropped = await fill(
        bench,
        times(1200, (index) => `in:${index}`),
      );
      const left = await fill(bench, ["in", "out:1", "In:1"]);
      await store.clear?.(`${prefix}in:`);
      for (const key of dropped.slice(0, 50)) missing(await store.get(key), key);
      missing(await store.get(dropped.at(-1) ?? ""), "the last one");
      for (const key of left) sameBytes(await store.get(key), bytesOf(key), key);
      await store.clear?.(`${prefix}in:`);
      await store.set(dropped[0] ?? "", bytesOf("new"), LONG);
      sameBytes(await store.get(dropped[0] ?? ""), bytesOf("new"), "one set again");
    },
  ],
  [
    "clear: what patterns are made of is only text",
    async (bench) => {
      const left = await fill(bench, ["a", "ab", "abc", "z"]);
      for (const pattern of PATTERNS) {
        const [dropped = ""] = await fill(bench, [`${pattern}1`]);
        await bench.store.clear?.(bench.prefix + pattern);
        missing(await bench.store.get(dropped), dropped);
        if (pattern === "a*") continue;
        for (const key of left) sameBytes(await bench.store.get(key), bytesOf(key), key);
      }
    },
  ],
];
