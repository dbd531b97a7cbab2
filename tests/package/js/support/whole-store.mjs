// A store over a Map with every capability, on a clock moved by hand: storeConformance must accept
// it, and tests break it in single points.

const SAME = (left, right) => Buffer.compare(left, right) === 0;

export class WholeStore {
  now = 0;
  records = new Map();
  counters = new Map();
  windows = new Map();
  channels = new Map();

  advance(millis) {
    this.now += millis;
  }

  #live(map, key) {
    const kept = map.get(key);
    return kept !== undefined && this.now < kept.ends ? kept : undefined;
  }

  async get(key) {
    return this.#live(this.records, key)?.record.slice();
  }

  async set(key, record, { expiresIn }) {
    this.records.set(key, { record: record.slice(), ends: this.now + expiresIn });
  }

  async delete(key) {
    this.records.delete(key);
  }

  getMany(keys) {
    return Promise.all(keys.map((key) => this.get(key)));
  }

  async setMany(entries) {
    for (const [key, record, options] of entries) await this.set(key, record, options);
  }

  async deleteMany(keys) {
    for (const key of keys) await this.delete(key);
  }

  async keys(prefix) {
    const live = [...this.records.keys()].filter((key) => this.#live(this.records, key));
    return live.filter((key) => key.startsWith(prefix));
  }

  async clear(prefix) {
    for (const key of await this.keys(prefix)) this.records.delete(key);
  }

  async add(key, record, options) {
    if (this.#live(this.records, key) !== undefined) return false;
    await this.set(key, record, options);
    return true;
  }

  async compareAndDelete(key, record) {
    const kept = this.#live(this.records, key);
    return kept !== undefined && SAME(kept.record, record) && this.records.delete(key);
  }

  async compareAndSet(key, expected, record, options) {
    const kept = this.#live(this.records, key);
    if (kept === undefined || !SAME(kept.record, expected)) return false;
    this.records.set(key, { record: record.slice(), ends: this.now + options.expiresIn });
    return true;
  }

  async increment(key, by, { expiresIn }) {
    const kept = this.#live(this.counters, key) ?? { sum: 0, ends: this.now + expiresIn };
    this.counters.set(key, { ...kept, sum: kept.sum + by });
    return kept.sum + by;
  }

  async window(key, { algorithm, limit, period, ban = 0 }) {
    const { now } = this;
    const kept = this.windows.get(key) ?? { calls: [], bannedUntil: 0 };
    this.windows.set(key, kept);
    const isOver = (call) => call + period <= now;
    if (algorithm === "sliding") kept.calls = kept.calls.filter((call) => !isOver(call));
    else if (kept.calls.length > 0 && isOver(kept.calls[0])) kept.calls = [];
    const admitted = now >= kept.bannedUntil && kept.calls.length < limit;
    if (admitted) kept.calls.push(now);
    const ends = kept.calls.length > 0 ? kept.calls[0] + period : 0;
    if (!admitted && now >= kept.bannedUntil && ban > 0) kept.bannedUntil = now + ban;
    const remaining = admitted ? limit - kept.calls.length : 0;
    const retryAfter = remaining > 0 ? 0 : Math.max(ends, kept.bannedUntil) - now;
    return { admitted, remaining, retryAfter };
  }

  async subscribe(channel, listener) {
    const subscription = { listener };
    const listeners = this.channels.get(channel) ?? new Set();
    this.channels.set(channel, listeners.add(subscription));
    return () => listeners.delete(subscription);
  }

  async publish(channel, message) {
    for (const { listener } of this.channels.get(channel) ?? []) listener(message);
  }

  async ping() {}
}
