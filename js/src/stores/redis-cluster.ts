/**
 * Lists the keys of a cluster: each primary has some of them, and keys move between primaries.
 *
 * A client's view of the primaries may be outdated, so the nodes themselves are asked for their
 * slots before and after. If a slot moved meanwhile, all nodes are listed once more.
 */

import type { Commands, Send } from "./redis-commands.js";
import { textOf } from "./redis-text.js";

const SLOTS = 16_384;
/** Maximum number of listings of all nodes while keys keep moving. */
const PASSES = 10;
/** Milliseconds before the third listing; twice as long before each further one, up to the most. */
const SETTLE = 10;
const MAX_SETTLE = 500;
/** Attempts to make the client discover missing primaries, and milliseconds between them. */
const TRIES = 5;
const PAUSE = 100;
/** Milliseconds for a node's answer about its slots. */
const DEADLINE = 1000;

/** The cluster as its primaries describe it. */
interface View {
  readonly primaries: readonly Send[];
  /** The slots of each primary, as text to compare. */
  readonly shape: string;
  /** True while slots are migrating between primaries. */
  readonly isMoving: boolean;
}

type Range = readonly [first: number, last: number];

/** A primary's description of itself, and of the slots it knows others to have. */
interface Primary {
  readonly send: Send;
  readonly id: string;
  readonly slots: readonly Range[];
  readonly isMoving: boolean;
  /** The slots of all primaries. */
  readonly assigned: readonly Range[];
}

/**
 * Yields the keys of every primary, page by page, and again if keys may have moved past the
 * listing.
 * @param scan lists one server
 * @param isNew true for a key that was not listed before
 * @throws Error if a primary cannot be asked, or keys never stop moving
 */
export async function* listCluster(
  commands: Commands,
  scan: (send: Send) => AsyncGenerator<string[], void, undefined>,
  isNew: (key: string) => boolean,
): AsyncGenerator<string[], void, undefined> {
  let view = await viewOf(commands);
  for (let passes = 1; ; passes += 1) {
    let found = 0;
    for (const send of view.primaries) {
      for await (const page of scan(send)) {
        const keys = page.filter(isNew);
        found += keys.length;
        yield keys;
      }
    }
    const after = await viewOf(commands);
    const isMoving = view.isMoving || after.isMoving;
    // A key missed by a whole pass would have had to move twice.
    if (after.shape === view.shape && (!isMoving || (passes > 1 && found === 0))) return;
    if (passes === PASSES) throw new Error("keys kept moving between the nodes of the cluster");
    // Slots that move one after another outlast any number of listings of few keys.
    if (passes > 1) await pause(Math.min(SETTLE * 2 ** (passes - 2), MAX_SETTLE));
    view = await viewOf(commands);
  }
}

async function viewOf(commands: Commands): Promise<View> {
  for (let tries = 1; ; tries += 1) {
    const sends = (await within(DEADLINE, Promise.resolve(commands.primaries?.()))) ?? [];
    const answers = await Promise.all(sends.map((send) => within(DEADLINE, primaryOf(send))));
    const known = answers.filter((primary) => primary !== undefined);
    const missing = missingSlot(known);
    if (missing === undefined) {
      const shape = known.map(({ id, slots }) => `${id}:${slots.join(" ")}`).sort();
      const isMoving = known.some((primary) => primary.isMoving);
      return { primaries: known.map(({ send }) => send), shape: shape.join(), isMoving };
    }
    if (tries === TRIES) throw new Error("not every primary of the cluster can be asked");
    // A node that does not have this key redirects the client to the one that has. Any key of the
    // slot will do.
    await within(DEADLINE, commands.send("GET", keyIn(missing)));
    await pause(PAUSE);
  }
}

/** Returns the primaries in an answer to `CLUSTER NODES`. */
export function primariesIn(answer: unknown): readonly {
  readonly id: string;
  /** Its host and port. */
  readonly address: string;
  readonly flags: readonly string[];
  readonly slots: readonly string[];
}[] {
  return textOf(answer)
    .split("\n")
    .map((line) => {
      const [id = "", where = "", flags = "", , , , , , ...slots] = line.split(" ");
      return { id, address: where.replace(/@.*/, ""), flags: flags.split(","), slots };
    })
    .filter(({ flags }) => flags.includes("master"));
}

/** Returns a node's own description; undefined if it is no primary. */
async function primaryOf(send: Send): Promise<Primary | undefined> {
  const nodes = primariesIn(await send("CLUSTER", "NODES"));
  const own = nodes.find(({ flags }) => flags.includes("myself"));
  if (own === undefined) return undefined;
  const isMoving = own.slots.some((slot) => slot.startsWith("["));
  const assigned = nodes.flatMap(({ slots }) => rangesOf(slots));
  return { send, id: own.id, slots: rangesOf(own.slots), isMoving, assigned };
}

function rangesOf(slots: readonly string[]): Range[] {
  return slots
    .filter((slot) => /^\d/.test(slot))
    .map((slot) => {
      const [first = "", last = first] = slot.split("-");
      return [Number(first), Number(last)] as const;
    });
}

/** Returns a slot whose owner is known to some primary, but cannot be asked itself. */
function missingSlot(known: readonly Primary[]): number | undefined {
  if (known.length === 0) return 0;
  const isOwned = new Uint8Array(SLOTS);
  for (const { slots } of known) {
    for (const [first, last] of slots) isOwned.fill(1, first, last + 1);
  }
  for (const [first, last] of known.flatMap(({ assigned }) => assigned)) {
    const missing = isOwned.subarray(first, last + 1).indexOf(0);
    if (missing >= 0) return first + missing;
  }
  return undefined;
}

/** Returns a key of a slot. */
function keyIn(slot: number): string {
  for (let nth = 0; ; nth += 1) {
    const key = `%slot:${nth}`;
    if (slotOf(key) === slot) return key;
  }
}

/**
 * Returns the slot of an ASCII text without braces: its CRC16 (XMODEM), as in the cluster
 * specification.
 */
function slotOf(text: string): number {
  let crc = 0;
  for (let at = 0; at < text.length; at += 1) {
    crc ^= text.charCodeAt(at) << 8;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
    }
  }
  return crc % SLOTS;
}

function pause(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis));
}

/** Returns the result of a promise; undefined if it fails or takes longer. */
function within<T>(millis: number, promise: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve) => {
    const late = () => resolve(undefined);
    const timer = setTimeout(late, millis);
    promise.then(resolve, late).finally(() => clearTimeout(timer));
  });
}
