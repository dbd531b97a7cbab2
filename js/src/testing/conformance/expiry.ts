import {
  bytesOf,
  type Case,
  type Has,
  LONG,
  missing,
  sameBytes,
  type Time,
  timed,
} from "./bench.js";

const DAY = 86_400_000;
/** Short enough to wait for, long enough to check in between. */
const SHORT = 400;

/** Returns the cases of expiry. */
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
  return timed(
    "a record does not end early",
    time,
    async ({ store, prefix }, { advance }, scale) => {
      const short = scale * SHORT;
      await store.set(`${prefix}a`, bytesOf("a"), { expiresIn: 10 * short });
      await store.set(`${prefix}b`, bytesOf("b"), { expiresIn: short / 2 });
      await store.set(`${prefix}b`, bytesOf("b2"), LONG);
      await advance(short);
      sameBytes(await store.get(`${prefix}a`), bytesOf("a"), "after a tenth of its life");
      sameBytes(await store.get(`${prefix}b`), bytesOf("b2"), "a record that was renewed");
    },
  );
}

function endings(time: Time, has: Has): Case[] {
  const cases: Case[] = [
    timed(
      "a record ends when it should, also one that replaced an endless one",
      time,
      async ({ store, prefix }, { advance, lag }, scale) => {
        const expiresIn = scale * SHORT + lag;
        await store.set(`${prefix}a`, bytesOf("a"), { expiresIn });
        await store.set(`${prefix}b`, bytesOf("b"), { expiresIn: Number.POSITIVE_INFINITY });
        await store.set(`${prefix}b`, bytesOf("b"), { expiresIn });
        sameBytes(await store.get(`${prefix}a`), bytesOf("a"), "at once");
        await advance(expiresIn + lag + 1);
        missing(await store.get(`${prefix}a`), "after its end");
        missing(await store.get(`${prefix}b`), "after its end, once endless");
      },
    ),
  ];
  return has("setMany") ? [...cases, manyEnd(time)] : cases;
}

function manyEnd(time: Time): Case {
  return timed(
    "setMany: each record ends when it should",
    time,
    async ({ store, prefix }, { advance, lag }, scale) => {
      const expiresIn = scale * SHORT + lag;
      await store.setMany?.([
        [`${prefix}a`, bytesOf("a"), { expiresIn }],
        [`${prefix}b`, bytesOf("b"), LONG],
        [`${prefix}c`, bytesOf("c"), { expiresIn: Number.POSITIVE_INFINITY }],
      ]);
      sameBytes(await store.get(`${prefix}a`), bytesOf("a"), "at once");
      await advance(expiresIn + lag + 1);
      missing(await store.get(`${prefix}a`), "after its end");
      sameBytes(await store.get(`${prefix}b`), bytesOf("b"), "the longer one");
      sameBytes(await store.get(`${prefix}c`), bytesOf("c"), "the endless one");
    },
  );
}
