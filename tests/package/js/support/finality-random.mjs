// Random interleavings of changes, loads and reads over tiers that are slow, reorder, hang, refuse
// and fail: after a change this instance serves no older value of the key, and no tier keeps one.

import assert from "node:assert/strict";
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { memory } from "holdover";
import { many } from "holdover/batches";
import {
  add,
  clear as clearIn,
  deleteMany,
  deleteMatch,
  getMany,
  peek,
  setMany,
} from "holdover/operations";
import { invalidateTags, invalidating } from "holdover/tags";
import { core } from "../../../internal.mjs";
import { createCache } from "./caches.mjs";
import { seeded } from "./chaos-store.mjs";
import { drain, ManualClock } from "./manual-clock.mjs";
import { Backing, UnrulyTier, versionIn } from "./unruly-tier.mjs";

const STEPS_PER_EPISODE = 300;
const KEYS = ["k0", "k1", "k2", "other"];
/** The tag of every entry in an episode with tags. */
const TAG = "all";
/** A tag that several keys have; each key also has one of its own, `of:<key>`. */
const HALF = { k0: "left", k1: "left", k2: "right", other: "right" };

/** Options for the tags of the wrapped functions' entries, and the tags that they result in. */
const TAGGINGS = [
  { option: [TAG, "of:{0}"], of: (key) => [TAG, `of:${key}`] },
  {
    option: (_value, [key]) => [TAG, HALF[key], `of:${key}`],
    of: (key) => [TAG, HALF[key], `of:${key}`],
  },
];
const MODES = ["well", "well", "well", "down", "full", "readonly"];

/**
 * A tier that can neither clear nor list recognises records from before a clearing by their times:
 * a record that another instance writes within these milliseconds before it may be taken for a
 * later one.
 */
const CLOCKS = 10;

/** Returns the state of a key about which nothing is promised yet. */
const newFloor = (since) => ({
  v: 0,
  since,
  from: Number.POSITIVE_INFINITY,
  changes: 0,
  loads: 0,
  turns: new Set(),
  late: new Set(),
});

/**
 * An application: caches over the same tiers, an origin, and the promises that each cache has made.
 */
export class Episode {
  clock = new ManualClock();
  #random;
  #backings;
  #rows = new Map(KEYS.map((key) => [key, 0]));
  #instances;
  #steps = [];
  /** See {@link TAGGINGS}; undefined in an episode without tags. */
  #tagging;

  constructor(seed) {
    this.#random = seeded(seed);
    const tiers = this.#roll(3) === 0 ? 2 : 1;
    this.#backings = Array.from({ length: tiers }, () => new Backing(this.clock));
    this.#tagging = this.#pick([undefined, undefined, undefined, ...TAGGINGS]);
    const capabilities = [[], ["keys", "deleteMany"], undefined][this.#roll(3)];
    const withMemory = this.#roll(4) > 0;
    const instances = this.#roll(3) === 0 ? 2 : 1;
    this.#instances = Array.from({ length: instances }, (_, id) =>
      this.#makeInstance(id, capabilities, withMemory),
    );
  }

  #roll(sides) {
    return Math.floor(this.#random() * sides);
  }

  #pick(list) {
    return list[this.#roll(list.length)];
  }

  #makeInstance(id, capabilities, withMemory) {
    const { clock } = this;
    const random = this.#random;
    const tiers = this.#backings.map(
      (backing, at) => new UnrulyTier(`tier ${at}`, backing, id, clock, random, capabilities),
    );
    const own = withMemory ? memory({ maxEntries: this.#pick([2, 100]) }) : undefined;
    const stores = own === undefined ? tiers : [own, ...tiers];
    const writes = this.#pick(["background", "await"]);
    const cache = createCache({ clock, random, stores, writes });
    const floors = new Map(KEYS.map((key) => [key, newFloor(this.#lastDone())]));
    const load = async (key) => {
      floors.get(key).loads += 1;
      const v = this.#rows.get(key);
      if (this.#roll(3) === 0)
        await new Promise((resolve) => clock.setTimeout(resolve, this.#roll(400)));
      if (this.#roll(20) === 0) throw new Error("origin");
      return { v };
    };
    const options = { ttl: "1h", staleWhileRevalidate: "1h", staleIfError: "1h", timeout: "20s" };
    const tags = this.#tagging && { tags: this.#tagging.option };
    const get = cache.wrap(load, { ...options, key: "{0}", ...tags });
    return { id, cache, get, tiers, own, floors };
  }

  #lastDone() {
    return this.#backings.map((backing) => backing.last);
  }

  /** Changes the row of a key, and so the values loaded from now on. */
  #bump(key) {
    const v = this.#rows.get(key) + 1;
    this.#rows.set(key, v);
    return v;
  }

  /**
   * Makes a change, which promises when it has ended that nothing older than the current rows is
   * served.
   */
  #change(instance, keys, act, promises = () => true, name = undefined) {
    const floors = keys.map((key) => ({ key, v: this.#bump(key) }));
    for (const { key } of floors) instance.floors.get(key).changes += 1;
    const since = this.#lastDone();
    const isTimed = name === "clear" && instance.tiers[0].keys === undefined;
    const from = isTimed ? this.clock.elapsed - CLOCKS : Number.POSITIVE_INFINITY;
    const late = floors.map(({ key }) => [...instance.floors.get(key).turns]);
    const changed = act(floors.map(({ v }) => v));
    for (const { key, v } of floors) this.#holdTurn(instance, key, v, changed, name);
    changed.then(
      (result) => {
        for (const [at, { key, v }] of floors.entries()) {
          instance.floors.get(key).changes += 1;
          for (const version of late[at]) instance.floors.get(key).late.add(version);
          if (promises(result)) this.#raise(instance, key, v, since, from);
        }
      },
      () => {},
    );
  }

  /**
   * Tracks the order of `set` after `add`: an `add` writes once it has looked, and a `set`
   * meanwhile waits for it, possibly until after another change made at the same time.
   */
  #holdTurn(instance, key, v, changed, name) {
    const { turns } = instance.floors.get(key);
    if (name !== "add" && (name !== "set" || turns.size === 0)) return;
    turns.add(v);
    const end = () => turns.delete(v);
    changed.then(end, end);
  }

  /**
   * Raises the version that is promised for a key.
   * @param since the last write in the tiers when the change began: later ones of others are not
   *   this instance's
   * @param from the time from which on writes of others are not this instance's either
   */
  #raise(instance, key, v, since, from = Number.POSITIVE_INFINITY) {
    const floor = instance.floors.get(key);
    for (const late of floor.turns) floor.late.add(late);
    if (floor.v < v) Object.assign(floor, { v, since, from });
  }

  #check(instance, key, value, { v, since, from, late }, what) {
    if (value === undefined || value.v >= v || late.has(value.v)) return;
    // A later write of another instance is not covered by the promise.
    const isOthers = this.#backings.some((backing, at) =>
      backing.isOthers(instance.id, key, value.v, since[at], from),
    );
    if (isOthers) return;
    const steps = this.#steps.slice(-60).join("\n");
    assert.fail(`${what} of ${key} gave version ${value.v} after ${v}\n${steps}`);
  }

  #failures = [];

  #watch(promise, check) {
    promise.then(
      (value) => {
        try {
          check(value);
        } catch (error) {
          this.#failures.push(error);
        }
      },
      () => {},
    );
  }

  /** Calls the wrapped function. It may join a load that began before a change. */
  #call(instance, key, what, act) {
    const floor = { ...instance.floors.get(key) };
    const since = this.#lastDone();
    this.#watch(act(), (explained) => {
      const { value, source } = explained;
      this.#check(instance, key, value, floor, what);
      const now = instance.floors.get(key);
      // What another load has overtaken is not stored, although it may have asked later.
      const isAlone = now.loads - floor.loads <= 1;
      if (source === "load" && now.changes === floor.changes && isAlone)
        this.#raise(instance, key, value.v, since);
    });
  }

  /** Reads without a loader: the value must not be older than promised when the read ends. */
  #read(instance, keys, what, act) {
    this.#watch(act(), (values) => {
      for (const [at, key] of keys.entries()) {
        this.#check(instance, key, values[at], instance.floors.get(key), what);
      }
    });
  }

  /** Returns all tags of an entry for these keys. */
  #carried(keys) {
    if (this.#tagging === undefined) return {};
    return { tags: [...new Set(keys.flatMap(this.#tagging.of))] };
  }

  /** Returns some tags of a key, or of it and another one, and the keys that have any of them. */
  #someTags(key) {
    const { of } = this.#tagging;
    const all = this.#roll(3) === 0 ? [...of(key), ...of(this.#pick(KEYS))] : of(key);
    const tags = all.filter(() => this.#roll(2) === 0);
    if (tags.length === 0) tags.push(this.#pick(all));
    return { tags, keys: KEYS.filter((each) => of(each).some((tag) => tags.includes(tag))) };
  }

  #actions = {
    call: (instance, key) => this.#call(instance, key, "call", () => instance.get.explain(key)),
    call2: (instance, key) => this.#actions.call(instance, key),
    call3: (instance, key) => this.#actions.call(instance, key),
    many: (instance) => {
      const floors = KEYS.map((key) => ({ ...instance.floors.get(key) }));
      this.#watch(
        many(
          instance.get,
          KEYS.map((key) => [key]),
        ),
        (values) => {
          for (const [at, key] of KEYS.entries())
            this.#check(instance, key, values[at], floors[at], "many");
        },
      );
    },
    refresh: (instance, key) => {
      const floor = instance.floors.get(key);
      // Loads that the change overtakes are not stored.
      floor.changes += 1;
      const { changes } = floor;
      const since = this.#lastDone();
      this.#watch(instance.get.refresh(key), (value) => {
        if (floor.changes === changes) this.#raise(instance, key, value.v, since);
      });
    },
    get: (instance, key) =>
      this.#read(instance, [key], "get", async () => [await instance.cache.get(key)]),
    peek: (instance, key) =>
      this.#read(instance, [key], "peek", async () => [await peek(instance.cache, key)]),
    getMany: (instance) =>
      this.#read(instance, KEYS, "getMany", () => getMany(instance.cache, KEYS)),
    set: (instance, key) =>
      this.#change(
        instance,
        [key],
        ([v]) => instance.cache.set(key, { v }, { ttl: "1h", ...this.#carried([key]) }),
        () => true,
        "set",
      ),
    setMany: (instance) =>
      this.#change(instance, KEYS, (vs) =>
        setMany(
          instance.cache,
          KEYS.map((key, at) => [key, { v: vs[at] }]),
          this.#carried(KEYS),
        ),
      ),
    add: (instance, key) =>
      this.#change(
        instance,
        [key],
        ([v]) => add(instance.cache, key, { v }, this.#carried([key])),
        (added) => added,
        "add",
      ),
    invalidateTags: (instance, key) => {
      if (this.#tagging === undefined) return;
      const { tags, keys } = this.#someTags(key);
      this.#change(instance, keys, () => invalidateTags(instance.cache, tags));
    },
    // A stale entry may still answer, so nothing is promised.
    invalidateTagsSoftly: (instance, key) => {
      if (this.#tagging === undefined) return;
      const { tags } = this.#someTags(key);
      this.#watch(invalidateTags(instance.cache, tags, { soft: true }), () => {});
    },
    invalidatingTags: (instance, key) => {
      if (this.#tagging === undefined) return;
      const { tags, keys } = this.#someTags(key);
      const act = invalidating(
        instance.cache,
        async () => {},
        () => ({ tags }),
      );
      this.#change(instance, keys, act);
    },
    invalidate: (instance, key) =>
      this.#change(instance, [key], () => instance.cache.invalidate(key)),
    delete: (instance, key) => this.#change(instance, [key], () => instance.cache.delete(key)),
    deleteMany: (instance) =>
      this.#change(instance, ["k0", "other"], () => deleteMany(instance.cache, ["k0", "other"])),
    deleteMatch: (instance) =>
      this.#change(instance, ["k0", "k1", "k2"], () => deleteMatch(instance.cache, "k*")),
    clear: (instance) => {
      if (this.#roll(3) > 0) return;
      const clear = () => clearIn(instance.cache);
      this.#change(instance, KEYS, clear, () => true, "clear");
    },
    invalidating: (instance, key) =>
      this.#change(
        instance,
        [key],
        invalidating(
          instance.cache,
          async () => {},
          () => ({ keys: [key] }),
        ),
      ),
    bump: (_, key) => this.#bump(key),
    mode: (instance) => {
      this.#pick(instance.tiers).mode = this.#pick(MODES);
    },
    trap: () => {
      if (this.#roll(5) === 0) this.#trap();
    },
    forget: (instance) => {
      // Loads under way are not stored.
      for (const floor of instance.floors.values()) floor.changes += 1;
      instance.own?.clear();
    },
  };

  /**
   * Replaces the core, as a trap does: memories are empty, loads under way are not stored, tiers go
   * on.
   */
  #trap() {
    core.replace();
    for (const { floors } of this.#instances)
      for (const floor of floors.values()) floor.changes += 1;
  }

  async play(steps) {
    const names = Object.keys(this.#actions);
    for (let step = 0; step < steps; step += 1) {
      const [name, key, instance] = [
        this.#pick(names),
        this.#pick(KEYS),
        this.#pick(this.#instances),
      ];
      this.#steps.push(`${this.clock.elapsed} ${instance.id} ${name} ${key}`);
      this.#actions[name](instance, key);
      const pause = this.#roll(10);
      if (pause < 5) for (let round = this.#roll(6); round > 0; round -= 1) await undefined;
      else if (pause < 7) await drain();
      else await this.clock.runFor(this.#roll(pause === 9 ? 700 : 30));
      if (this.#failures.length > 0) throw this.#failures[0];
    }
    await this.#end();
  }

  /** Heals the tiers and checks that they hold no older value than promised. */
  async #end() {
    for (const { tiers } of this.#instances) {
      for (const tier of tiers) Object.assign(tier, { mode: "well", mischief: 0 });
    }
    await this.clock.runFor(60_000);
    for (const instance of this.#instances) {
      instance.own?.clear();
      this.#steps.push(`${this.clock.elapsed} ${instance.id} at the end`);
      for (const key of KEYS) {
        const value = await peek(instance.cache, key);
        this.#check(instance, key, value, instance.floors.get(key), "the last read");
        for (const backing of this.#backings) this.#checkTier(instance, key, backing);
      }
    }
    await this.clock.runFor(60_000);
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  #checkTier(instance, key, backing) {
    const record = backing.records.get(key);
    // Entries with an invalidated tag stay in tiers, where they are never read.
    if (this.#tagging !== undefined) return;
    if (record === undefined || backing.haunted.has(key) || this.#instances.length > 1) return;
    const floor = instance.floors.get(key);
    // A tier that can neither clear nor list keeps its records.
    if (instance.tiers[0].keys === undefined) return;
    this.#check(instance, key, { v: versionIn(record) }, floor, "what a tier has");
  }
}

/**
 * Plays episodes until `steps` steps were taken; returns the number taken.
 * @throws Error naming the episode that broke a promise
 */
export async function play(seed, steps) {
  const random = seeded(seed);
  let taken = 0;
  while (taken < steps) {
    const episode = Math.floor(random() * 2 ** 32);
    try {
      await new Episode(episode).play(STEPS_PER_EPISODE);
    } catch (error) {
      const at = `HOLDOVER_SEED=${seed}, episode ${episode}, after ${taken} steps`;
      throw new Error(`${at}: ${error.message}`, { cause: error });
    }
    taken += STEPS_PER_EPISODE;
  }
  return taken;
}

// In a thread of its own, without stack traces of the tiers' errors: the test runner's hooks would
// follow every promise.
if (!isMainThread && workerData?.parts !== undefined) {
  Error.stackTraceLimit = 0;
  const playAll = async () => {
    let taken = 0;
    for (const [seed, steps] of workerData.parts) taken += await play(seed, steps);
    return taken;
  };
  playAll().then(
    (taken) => parentPort.postMessage({ taken }),
    (error) => parentPort.postMessage({ error: error.message }),
  );
}
