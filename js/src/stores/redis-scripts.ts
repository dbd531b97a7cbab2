/** Lua scripts for operations that must be atomic. Times are those of the server's clock. */

import type { Part, Send } from "./redis-commands.js";

/**
 * KEYS: one. ARGV: the record, the time after which it must not be written, and words of SET.
 * Returns 0 if that time has passed, else 1 if it was written and 2 if not; and the server's time.
 */
export const SET_IN_TIME = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if now > tonumber(ARGV[2]) then return {0, now} end
return {redis.call('SET', KEYS[1], ARGV[1], unpack(ARGV, 3)) and 1 or 2, now}`;

/** The same for a write in place of a record alone: ARGV has that before the words of SET. */
export const COMPARE_AND_SET = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if now > tonumber(ARGV[2]) then return {0, now} end
if redis.call('GET', KEYS[1]) ~= ARGV[3] then return {2, now} end
redis.call('SET', KEYS[1], ARGV[1], unpack(ARGV, 4))
return {1, now}`;

/** KEYS: one. ARGV: the record. */
export const COMPARE_AND_DELETE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`;

/** KEYS: one. ARGV: the record, milliseconds to live or 0. */
export const COMPARE_AND_EXPIRE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then redis.call('PERSIST', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1`;

/**
 * KEYS: a channel. ARGV: a message. Treated as a key the channel has one node, which keeps messages
 * in order.
 */
export const PUBLISH = `
return redis.call('PUBLISH', KEYS[1], ARGV[1])`;

/** KEYS: one. ARGV: the amount to add, milliseconds to live or 0. */
export const INCREMENT = `
local isNew = redis.call('EXISTS', KEYS[1]) == 0
local sum = redis.call('INCRBY', KEYS[1], ARGV[1])
if isNew and ARGV[2] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return sum`;

/**
 * KEYS: one. ARGV: limit, period, ban. A hash: start, count, and the time until which calls are
 * refused. It begins as the other one does: bundlers keep a template of others that nobody uses.
 */
export const FIXED_WINDOW: string = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit, period, ban = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local kept = redis.call('HMGET', KEYS[1], 'start', 'count', 'until')
local start, count = tonumber(kept[1]) or now, tonumber(kept[2]) or 0
local refusedUntil = tonumber(kept[3]) or 0
if now < refusedUntil then return {0, 0, refusedUntil - now} end
if now >= start + period then start, count = now, 0 end
local ends = start + period
if count >= limit then
  ends = math.max(ends, now + ban)
  if ban > 0 then
    redis.call('HSET', KEYS[1], 'until', string.format('%.0f', ends))
    redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.ceil(ends - now)))
  end
  return {0, 0, ends - now}
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'start', string.format('%.0f', start), 'count', count + 1)
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.ceil(ends - now)))
if count + 1 < limit then return {1, limit - count - 1, 0} end
return {1, 0, ends - now}`;

/**
 * The same for a sliding log: a sorted set of calls by time, and the end of a ban, if there is one.
 */
export const SLIDING_WINDOW: string = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit, period, ban = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local ban_ends = tonumber(redis.call('ZSCORE', KEYS[1], 'ban') or 0)
if now < ban_ends then return {0, 0, ban_ends - now} end
redis.call('ZREM', KEYS[1], 'ban')
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - period))
local count = redis.call('ZCARD', KEYS[1])
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local ends = (tonumber(first[2]) or now) + period
if count >= limit then
  ends = math.max(ends, now + ban)
  if ban > 0 then
    redis.call('ZADD', KEYS[1], string.format('%.0f', ends), 'ban')
    redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.ceil(math.max(period, ends - now))))
  end
  return {0, 0, ends - now}
end
redis.call('ZADD', KEYS[1], string.format('%.0f', now), time[1] .. '.' .. time[2] .. ':' .. count)
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.ceil(period)))
if count + 1 < limit then return {1, limit - count - 1, 0} end
return {1, 0, ends - now}`;

/** Runs a script on one key; sends its text only to servers that do not know it. */
export async function run(
  send: Send,
  script: string,
  key: string,
  ...args: Part[]
): Promise<unknown> {
  const sha = await shaOf(script);
  try {
    return await send("EVALSHA", sha, "1", key, ...args);
  } catch (error) {
    if (!/NO_?SCRIPT/i.test(String(error))) throw error;
    return send("EVAL", script, "1", key, ...args);
  }
}

let shas: Map<string, Promise<string>> | undefined;

function shaOf(script: string): Promise<string> {
  shas ??= new Map();
  const known = shas.get(script) ?? sha1(script);
  shas.set(script, known);
  return known;
}

async function sha1(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
