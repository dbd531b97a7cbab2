import { bytesOf, type Case, type Has, LONG, missing, sameBytes, type Time } from "./bench.js";

const DAY = 86_400_000;
/** Short enough to wait for, long enough for a slow machine to look in between. */
const SHORT = 400;

/** How long records stay. */
export function expiryCases(time: Time, has: Has): Case[] {
  const ending = time.lag === Number.POSITIVE_INFINITY ? [] : endings(time, has);
  return [...lifetimes(), notEarly(time), ...ending];
}

function lifetimes(): Case[] {
  const kept: readonly (readonly [string, number])[] = [
    ["Infinity", Number.POSITIVE_INFINITY],
    ["a fraction of milliseconds", 60_000.5],
    ["29 days", 29 * DAY],
    ["31 days", 31 * DAY],
    ["2^31 ms", 2 ** 31],
    ["2^32 + 10 ms", 2 ** 32 + 10],
    ["200 years", 73_000 * DAY],
    ["2^53 ms", 2 ** 53],
  ];
  const there: Case[] = kept.map(([what, expiresIn]) => [
    `a record for ${what} is there`,
    async ({ store, prefix }) => {
      await store.set(`${prefix}a`, bytesOf("a"), { expiresIn });
      sameBytes(await store.get(`${prefix}a`), bytesOf("a"), "the record");
    },
  ]);
  return [...there, tiny];
}

const tiny: Case = [
  "a record for less than a millisecond can be set, and is there or gone",
  async ({ store, prefix }) => {
    for (const expiresIn of [0.001, 0.5, 1]) {
      await store.set(`${prefix}a`, bytesOf("a"), { expiresIn });
      const found = await store.get(`${prefix}a`);
      if (found !== undefined && found !== null) sameBytes(found, bytesOf("a"), "the record");
    }
  },
];

function notEarly(time: Time): Case {
  return [
    "a record does not end early",
    async ({ store, prefix }) => {
      await store.set(`${prefix}a`, bytesOf("a"), { expiresIn: 10 * SHORT });
      await store.set(`${prefix}b`, bytesOf("b"), { expiresIn: SHORT / 2 });
      await store.set(`${prefix}b`, bytesOf("b2"), LONG);
      await time.advance(SHORT);
      sameBytes(await store.get(`${prefix}a`), bytesOf("a"), "after a tenth of its life");
      sameBytes(await store.get(`${prefix}b`), bytesOf("b2"), "a record that was renewed");
    },
  ];
}

function endings(time: Time, has: Has): Case[] {
  const cases: Case[] = [
    [
      "a record ends when it should, also one that replaced an endless one",
      async ({ store, prefix }) => {
        const expiresIn = SHORT + time.lag;
        await store.set(`${prefix}a`, bytesOf("a"), { expiresIn });
        await store.set(`${prefix}b`, bytesOf("b"), { expiresIn: Number.POSITIVE_INFINITY });
        await store.set(`${prefix}b`, bytesOf("b"), { expiresIn });
        sameBytes(await store.get(`${prefix}a`), bytesOf("a"), "at once");
        await time.advance(expiresIn + time.lag + 1);
        missing(await store.get(`${prefix}a`), "after its end");
        missing(await store.get(`${prefix}b`), "after its end, once endless");
      },
    ],
  ];
  return has("setMany") ? [...cases, manyEnd(time)] : cases;
}

function manyEnd(time: Time): Case {
  return [
    "setMany: each record ends when it should",
    async ({ store, prefix }) => {
      const expiresIn = SHORT + time.lag;
      await store.setMany?.([
        [`${prefix}a`, bytesOf("a"), { expiresIn }],
        [`${prefix}b`, bytesOf("b"), LONG],
        [`${prefix}c`, bytesOf("c"), { expiresIn: Number.POSITIVE_INFINITY }],
      ]);
      sameBytes(await store.get(`${prefix}a`), bytesOf("a"), "at once");
      await time.advance(expiresIn + time.lag + 1);
      missing(await store.get(`${prefix}a`), "after its end");
      sameBytes(await store.get(`${prefix}b`), bytesOf("b"), "the longer one");
      sameBytes(await store.get(`${prefix}c`), bytesOf("c"), "the endless one");
    },
  ];
}
