/** Helpers shared by the conformance cases. */

import type { Maybe, Store } from "../../model/store.js";

/** The store of a case, and the prefix of its keys. */
export interface Bench {
  readonly store: Store;
  readonly prefix: string;
}

/** A case that is not bound to a store yet. */
export type Case = readonly [name: string, run: (bench: Bench) => Maybe<unknown>];

/** The passing of time for a store. */
export interface Time {
  readonly advance: (millis: number) => Promise<unknown>;
  /** Milliseconds for which a record may stay after its expiry. */
  readonly lag: number;
}

/** A case that lets time pass; it multiplies its times by `scale`. */
export type TimedRun = (bench: Bench, time: Time, scale: number) => Promise<unknown>;

/** Factors for repeated attempts. */
const SCALES = [1, 4, 16] as const;
/** Milliseconds that a case may take besides its waiting, for each unit of its scale. */
const TOLERATED = 40;

/**
 * Makes a case about times. If it fails on a machine that was too busy, it is repeated with longer
 * times; a failure within its time counts.
 */
export function timed(name: string, { advance, lag }: Time, run: TimedRun): Case {
  return [
    name,
    async ({ store, prefix }) => {
      for (const scale of SCALES) {
        let waited = 0;
        const measured = async (millis: number): Promise<void> => {
          const began = performance.now();
          await advance(millis);
          waited += Math.min(millis, performance.now() - began);
        };
        const began = performance.now();
        try {
          return await run(
            { store, prefix: `${prefix}${scale}:` },
            { advance: measured, lag },
            scale,
          );
        } catch (error) {
          const busy = performance.now() - began - waited;
          if (busy <= scale * TOLERATED || scale === SCALES[SCALES.length - 1]) throw error;
        }
      }
      return undefined;
    },
  ];
}

/** Returns true if the store under test has a capability. */
export type Has = (
  name: Exclude<keyof Store, "name" | "deadline" | "get" | "set" | "delete">,
) => boolean;

/** A lifetime longer than any test. */
export const LONG: { readonly expiresIn: number } = { expiresIn: 3_600_000 };

/** Fails the case unless `holds`. */
export function check(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

/** Fails the case unless both are equal. */
export function same<T extends number | string | boolean>(found: T, wanted: T, what: string): void {
  check(Object.is(found, wanted), `${what}: ${show(found)} instead of ${show(wanted)}`);
}

/** Fails the case unless `found` is a record with exactly these bytes. */
export function sameBytes(found: unknown, wanted: Uint8Array, what: string): void {
  check(found !== undefined && found !== null, `${what}: it is missing`);
  check(
    ArrayBuffer.isView(found) && "subarray" in found,
    `${what}: it is ${typeof found} and no Uint8Array`,
  );
  const bytes = found as Uint8Array;
  same(bytes.length, wanted.length, `${what}: its length`);
  const at = wanted.findIndex((byte, index) => byte !== bytes[index]);
  check(at < 0, `${what}: byte ${at} differs`);
}

/** Fails the case if there is a record. */
export function missing(found: unknown, what: string): void {
  check(found === undefined || found === null, `${what}: it is there`);
}

/** Fails the case unless both lists have the same strings, in any order. */
export function sameSet(found: Iterable<string>, wanted: readonly string[], what: string): void {
  const [left, right] = [[...found].sort(), [...wanted].sort()];
  const at = left.findIndex((key, index) => key !== right[index]);
  const where = `${left.length} instead of ${right.length}`;
  const differs = at < 0 ? "" : `, ${show(left[at])} instead of ${show(right[at])}`;
  check(left.length === right.length && at < 0, `${what}: ${where}${differs}`);
}

/** Returns a record that names itself. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Returns `length` bytes without a pattern, the same each time. */
export function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 1;
  for (let index = 0; index < length; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

/** Returns `count` results of `make`, from index 0 on. */
export function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** Returns a value for messages, cut if it is long. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
