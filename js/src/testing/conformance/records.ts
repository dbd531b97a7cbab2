import {
  bytesOf,
  type Case,
  check,
  LONG,
  missing,
  noise,
  same,
  sameBytes,
  times,
} from "./bench.js";

/** Returns the cases of `get`, `set` and `delete` with ordinary keys. */
export function recordCases(maxBytes: number): Case[] {
  return [...roundTrips(maxBytes), ...changes(), ...ownership(), concurrency()];
}

function roundTrips(maxBytes: number): Case[] {
  const everyByte = Uint8Array.from(times(256, (byte) => byte));
  const records: readonly (readonly [string, Uint8Array])[] = [
    ["no bytes", new Uint8Array()],
    ["one byte 0x00", new Uint8Array(1)],
    ["every byte", everyByte],
    ["bytes that are no UTF-8", Uint8Array.of(0xff, 0xfe, 0xc3, 0x28, 0xed, 0xa0, 0x80)],
    ["a part of a larger buffer", everyByte.subarray(100, 110)],
    ["text that looks like a number", bytesOf("12")],
    [`${maxBytes} bytes`, noise(maxBytes)],
  ];
  return records.map(([what, record]) => [
    `a record of ${what} comes back as it was`,
    async ({ store, prefix }) => {
      await store.set(`${prefix}a`, record, LONG);
      sameBytes(await store.get(`${prefix}a`), record, what);
    },
  ]);
}

function changes(): Case[] {
  return [
    [
      "a key that is not there is a miss, and can be deleted",
      async ({ store, prefix }) => {
        missing(await store.get(`${prefix}a`), "a key that was never set");
        await store.delete(`${prefix}a`);
        missing(await store.get(`${prefix}a`), "a key that was never set");
      },
    ],
    [
      "set replaces the whole record",
      async ({ store, prefix }) => {
        await store.set(`${prefix}a`, bytesOf("a longer record"), LONG);
        await store.set(`${prefix}a`, bytesOf("short"), LONG);
        sameBytes(await store.get(`${prefix}a`), bytesOf("short"), "the second record");
        await store.set(`${prefix}a`, new Uint8Array(), LONG);
        sameBytes(await store.get(`${prefix}a`), new Uint8Array(), "the third record");
      },
    ],
    [
      "delete drops one key and leaves the others",
      async ({ store, prefix }) => {
        await store.set(`${prefix}a`, bytesOf("a"), LONG);
        await store.set(`${prefix}b`, bytesOf("b"), LONG);
        await store.delete(`${prefix}a`);
        missing(await store.get(`${prefix}a`), "the deleted key");
        sameBytes(await store.get(`${prefix}b`), bytesOf("b"), "the other key");
        await store.set(`${prefix}a`, bytesOf("again"), LONG);
        sameBytes(await store.get(`${prefix}a`), bytesOf("again"), "the key set again");
      },
    ],
  ];
}

function ownership(): Case[] {
  return [
    [
      "bytes changed after set do not change the record",
      async ({ store, prefix }) => {
        const given = bytesOf("abc");
        await store.set(`${prefix}a`, given, LONG);
        given.fill(0);
        sameBytes(await store.get(`${prefix}a`), bytesOf("abc"), "the record");
      },
    ],
    [
      "bytes changed after get do not change the record",
      async ({ store, prefix }) => {
        await store.set(`${prefix}a`, bytesOf("abc"), LONG);
        const got = await store.get(`${prefix}a`);
        got?.fill(0);
        sameBytes(await store.get(`${prefix}a`), bytesOf("abc"), "the record");
      },
    ],
  ];
}

function concurrency(): Case {
  return [
    "operations that overlap do not mix",
    async ({ store, prefix }) => {
      const names = times(50, (index) => `${prefix}${index}`);
      await Promise.all(names.map((name) => store.set(name, bytesOf(name), LONG)));
      const found = await Promise.all([...names, `${prefix}no`].map((name) => store.get(name)));
      names.forEach((name, index) => {
        sameBytes(found[index], bytesOf(name), name);
      });
      missing(found[names.length], "a key that was never set");
      await Promise.all(names.slice(10).map((name) => store.delete(name)));
      const left = await Promise.all(names.map((name) => store.get(name)));
      const there = left.filter((record) => record !== undefined && record !== null);
      same(there.length, 10, "records left after 40 of 50 were deleted");
      check(left.indexOf(there[9] ?? undefined) === 9, "others are left than should be");
    },
  ];
}
