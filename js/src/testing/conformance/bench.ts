/** What the cases of a store's conformance have in common. */

import type { Maybe, Store } from "../../model/store.js";

/** The store of a case, and what its keys begin with. */
export interface Bench {
  readonly store: Store;
  readonly prefix: string;
}

/** A case, before it is bound to a store. */
export type Case = readonly [name: string, run: (bench: Bench) => Maybe<unknown>];

/** How time passes for a store. */
export interface Time {
  readonly advance: (millis: number) => Promise<unknown>;
  /** Milliseconds that a record may stay after its end. */
  readonly lag: number;
}

/** A case that lets time pass; what it waits for is to be multiplied by `scale`. */
export type TimedRun = (bench: Bench, time: Time, scale: number) => Promise<unknown>;

/** How much longer times may get. */
const SCALES = [1, 4, 16] as const;
/** Milliseconds that a case may take beside what it waits, for each unit of its scale. */
const TOLERATED = 40;

/**
 * A case about times. One that failed on a machine which was too busy for its times is repeated
 * with longer ones; what fails in time has failed.
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

/** Whether the store under test has a capability. */
export type Has = (
  name: Exclude<keyof Store, "name" | "deadline" | "get" | "set" | "delete">,
) => boolean;

/** A lifetime that no test outlives. */
export const LONG: { readonly expiresIn: number } = { expiresIn: 3_600_000 };

/** Fails the case unless `holds`. */
export function check(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

/** Fails the case unless both are the same. */
export function same<T extends number | string | boolean>(found: T, wanted: T, what: string): void {
  check(Object.is(found, wanted), `${what}: ${show(found)} instead of ${show(wanted)}`);
}

/** Fails the case unless `found` is a record with just these bytes. */
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

/** Fails the case unless there is no record. */
export function missing(found: unknown, what: string): void {
  check(found === undefined || found === null, `${what}: it is there`);
}

/** Fails the case unless both lists hold the same strings, in any order. */
export function sameSet(found: Iterable<string>, wanted: readonly string[], what: string): void {
  const [left, right] = [[...found].sort(), [...wanted].sort()];
  const at = left.findIndex((key, index) => key !== right[index]);
  const where = `${left.length} instead of ${right.length}`;
  const differs = at < 0 ? "" : `, ${show(left[at])} instead of ${show(right[at])}`;
  check(left.length === right.length && at < 0, `${what}: ${where}${differs}`);
}

/** Bytes that tell which record they are. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** `length` bytes without a pattern, the same each time. */
export function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 1;
  for (let index = 0; index < length; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

/** The numbers from 0 on, `count` of them, made into something. */
export function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** A value for messages; long ones are cut. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
