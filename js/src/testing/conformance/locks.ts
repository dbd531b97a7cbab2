import {
  bytesOf,
  type Case,
  check,
  type Has,
  LONG,
  missing,
  noise,
  same,
  sameBytes,
  type Time,
  timed,
  times,
} from "./bench.js";

const SHORT = 300;

/**
 * Returns the cases of `add` and of what compares records: locks are built on them.
 */
export function lockCases(time: Time, has: Has): Case[] {
  const isEndless = time.lag === Number.POSITIVE_INFINITY;
  return [
    ...(has("add") ? adding : []),
    ...(has("add") && !isEndless ? [addingAfterExpiry(time)] : []),
    ...(has("compareAndDelete") ? comparing : []),
    ...(has("compareAndSet") ? replacing : []),
    ...(has("compareAndSet") && !isEndless ? [replacingInTime(time)] : []),
    ...(has("compareAndSet") && has("add") ? [counting] : []),
    ...(has("compareAndExpire") ? extending : []),
    ...(has("compareAndExpire") && !isEndless ? [extendingInTime(time)] : []),
    ...(has("add") && has("compareAndDelete") ? [locking] : []),
  ];
}

const adding: readonly Case[] = [
  [
    "add: stores what is not there, leaves what is",
    async ({ store, prefix }) => {
      const key = `${prefix}a`;
      same((await store.add?.(key, noise(100), LONG)) ?? -1, true, "the first add");
      sameBytes(await store.get(key), noise(100), "after the first add");
      same((await store.add?.(key, bytesOf("second"), LONG)) ?? -1, false, "the second add");
      sameBytes(await store.get(key), noise(100), "after the second add");
      await store.delete(key);
      const expiresIn = Number.POSITIVE_INFINITY;
      same((await store.add?.(key, new Uint8Array(), { expiresIn })) ?? -1, true, "the third add");
      same((await store.add?.(key, bytesOf("fourth"), LONG)) ?? -1, false, "over an empty record");
    },
  ],
  [
    "add: one of 20 at once gets it",
    async ({ store, prefix }) => {
      const key = `${prefix}a`;
      const won = await Promise.all(
        times(20, (index) => store.add?.(key, bytesOf(`owner ${index}`), LONG)),
      );
      same(won.filter((result) => result === true).length, 1, "how many got it");
      sameBytes(await store.get(key), bytesOf(`owner ${won.indexOf(true)}`), "the owner");
    },
  ],
];

function addingAfterExpiry(time: Time): Case {
  return timed(
    "add: what it stored ends when it should, and can be added again",
    time,
    async ({ store, prefix }, { advance, lag }, scale) => {
      const expiresIn = scale * SHORT + lag;
      await store.add?.(`${prefix}a`, bytesOf("a"), { expiresIn });
      await advance(expiresIn + lag + 1);
      missing(await store.get(`${prefix}a`), "after its end");
      same((await store.add?.(`${prefix}a`, bytesOf("b"), LONG)) ?? -1, true, "the second add");
      sameBytes(await store.get(`${prefix}a`), bytesOf("b"), "after the second add");
    },
  );
}

const comparing: readonly Case[] = [
  [
    "compareAndDelete: drops the same record, and nothing else",
    async ({ store, prefix }) => {
      const key = `${prefix}a`;
      const drop = async (record: Uint8Array) =>
        (await store.compareAndDelete?.(key, record)) ?? -1;
      same(await drop(bytesOf("a")), false, "of nothing");
      const record = noise(300);
      await store.set(key, record, LONG);
      const changed = Uint8Array.from(record);
      changed[299] = (changed[299] ?? 0) ^ 0x80;
      same(await drop(changed), false, "of a record that differs in one bit");
      same(await drop(record.subarray(0, 299)), false, "of a shorter record");
      same(await drop(new Uint8Array()), false, "of an empty record");
      sameBytes(await store.get(key), record, "after those");
      same(await drop(record), true, "of the same record");
      missing(await store.get(key), "after that");
    },
  ],
  [
    "compareAndDelete: one of 10 at once drops it",
    async ({ store, prefix }) => {
      const key = `${prefix}a`;
      await store.set(key, bytesOf("a"), LONG);
      const dropped = await Promise.all(
        times(10, () => store.compareAndDelete?.(key, bytesOf("a"))),
      );
      same(dropped.filter((result) => result === true).length, 1, "how many dropped it");
    },
  ],
];

const replacing: readonly Case[] = [
  [
    "compareAndSet: stores in place of the same record, and of nothing else",
    async ({ store, prefix }) => {
      const key = `${prefix}a`;
      const [record, next] = [noise(300), bytesOf("next")];
      const set = async (expected: Uint8Array) =>
        (await store.compareAndSet?.(key, expected, next, LONG)) ?? -1;
      same(await set(record), false, "in place of nothing");
      missing(await store.get(key), "after that");
      await store.set(key, record, LONG);
      const changed = Uint8Array.from(record);
      changed[299] = (changed[299] ?? 0) ^ 0x80;
      same(await set(changed), false, "in place of a record that differs in one bit");
      same(await set(record.subarray(0, 299)), false, "in place of a shorter record");
      same(await set(new Uint8Array()), false, "in place of an empty record");
      same(await set(next), false, "in place of the new record");
      sameBytes(await store.get(key), record, "after those");
      same(await set(record), true, "in place of the same record");
      sameBytes(await store.get(key), next, "after that");
      same(await set(record), false, "once more");
    },
  ],
  [
    "compareAndSet: one of 20 at once stores",
    async ({ store, prefix }) => {
      const key = `${prefix}a`;
      await store.set(key, bytesOf("a"), LONG);
      const set = (index: number) =>
        store.compareAndSet?.(key, bytesOf("a"), bytesOf(`writer ${index}`), LONG);
      const stored = await Promise.all(times(20, set));
      same(stored.filter((result) => result === true).length, 1, "how many stored");
      sameBytes(await store.get(key), bytesOf(`writer ${stored.indexOf(true)}`), "the record");
    },
  ],
];

function replacingInTime(time: Time): Case {
  return timed(
    "compareAndSet: the new record lives as long as was said, an ended one is not replaced",
    time,
    async ({ store, prefix }, { advance, lag }, scale) => {
      const short = { expiresIn: scale * SHORT + lag };
      const [own, next] = [bytesOf("own"), bytesOf("next")];
      const cases = [
        ["longer", short, LONG],
        ["shorter", LONG, short],
        ["endless", short, { expiresIn: Number.POSITIVE_INFINITY }],
      ] as const;
      for (const [name, first, then] of cases) {
        await store.set(`${prefix}${name}`, own, first);
        same((await store.compareAndSet?.(`${prefix}${name}`, own, next, then)) ?? -1, true, name);
      }
      await store.set(`${prefix}ended`, own, short);
      await advance(short.expiresIn + lag + 1);
      for (const name of ["longer", "endless"]) {
        sameBytes(await store.get(`${prefix}${name}`), next, name);
      }
      missing(await store.get(`${prefix}shorter`), "shorter");
      const late = await store.compareAndSet?.(`${prefix}ended`, own, next, LONG);
      same(late ?? -1, false, "in place of a record that has ended");
      missing(await store.get(`${prefix}ended`), "after that");
    },
  );
}

const counting: Case = [
  "compareAndSet: of 40 increments at once none is lost",
  async ({ store, prefix }) => {
    const key = `${prefix}a`;
    const read = new TextDecoder();
    await store.add?.(key, bytesOf("0"), LONG);
    const increment = async (): Promise<void> => {
      for (let tries = 0; tries < 1000; tries += 1) {
        const before = (await store.get(key)) ?? bytesOf("");
        const next = bytesOf(`${Number(read.decode(before)) + 1}`);
        if ((await store.compareAndSet?.(key, before, next, LONG)) === true) return;
      }
      check(false, "one of them was never stored");
    };
    await Promise.all(times(5, async () => Promise.all(times(8, increment))));
    sameBytes(await store.get(key), bytesOf("40"), "the sum");
  },
];

const extending: readonly Case[] = [
  [
    "compareAndExpire: of the same record alone, which it leaves as it was",
    async ({ store, prefix }) => {
      const key = `${prefix}a`;
      const extend = async (record: Uint8Array) =>
        (await store.compareAndExpire?.(key, record, LONG)) ?? -1;
      same(await extend(bytesOf("a")), false, "of nothing");
      missing(await store.get(key), "after that");
      const record = noise(300);
      await store.set(key, record, LONG);
      const changed = Uint8Array.from(record);
      changed[0] = (changed[0] ?? 0) ^ 1;
      same(await extend(changed), false, "of a record that differs in one bit");
      same(await extend(record.subarray(0, 299)), false, "of a shorter record");
      same(await extend(new Uint8Array()), false, "of an empty record");
      same(await extend(record), true, "of the same record");
      sameBytes(await store.get(key), record, "after all of those");
    },
  ],
];

function extendingInTime(time: Time): Case {
  return timed(
    "compareAndExpire: the record lives as long as was said, shorter or longer, endless or not",
    time,
    async ({ store, prefix }, { advance, lag }, scale) => {
      const short = { expiresIn: scale * SHORT + lag };
      const endless = { expiresIn: Number.POSITIVE_INFINITY };
      const cases = [
        ["longer", short, LONG],
        ["shorter", LONG, short],
        ["endless", short, endless],
        ["bounded", endless, short],
      ] as const;
      const [own, other] = [bytesOf("own"), bytesOf("other")];
      for (const [name, first, then] of cases) {
        await store.set(`${prefix}${name}`, own, first);
        same((await store.compareAndExpire?.(`${prefix}${name}`, own, then)) ?? -1, true, name);
      }
      await store.set(`${prefix}refused`, own, short);
      await store.compareAndExpire?.(`${prefix}refused`, other, LONG);
      await advance(short.expiresIn + lag + 1);
      for (const name of ["longer", "endless"]) {
        sameBytes(await store.get(`${prefix}${name}`), own, name);
      }
      for (const name of ["shorter", "bounded", "refused"]) {
        missing(await store.get(`${prefix}${name}`), name);
      }
      const late = await store.compareAndExpire?.(`${prefix}shorter`, own, LONG);
      same(late ?? -1, false, "of a record that has ended");
      missing(await store.get(`${prefix}shorter`), "after that");
    },
  );
}

const locking: Case = [
  "a lock of both has one holder at a time",
  async ({ store, prefix }) => {
    const key = `${prefix}lock`;
    let holders = 0;
    let most = 0;
    let held = 0;
    const contend = async (owner: number): Promise<void> => {
      const token = bytesOf(`owner ${owner}`);
      for (let tries = 0; tries < 20; tries += 1) {
        if ((await store.add?.(key, token, LONG)) !== true) continue;
        holders += 1;
        most = Math.max(most, holders);
        held += 1;
        await store.get(key);
        holders -= 1;
        await store.compareAndDelete?.(key, token);
      }
    };
    await Promise.all(times(5, contend));
    same(most, 1, "holders at a time");
    same(held > 1, true, "the lock could be had again");
  },
];
