/** Changes of keys in one lower tier, as a ledger keeps them. */

/** Something that others wait for. */
export interface Blocker {
  /** The time when nobody waits for it any more. */
  until: number;
  readonly waiters: Set<() => void>;
}

/** A change of one key in one tier. */
export interface Change extends Blocker {
  readonly name: string;
  readonly fence: number;
  /** True if it drops the key. */
  drops: boolean;
  /** The record it writes, until it is lost. */
  record: Uint8Array | undefined;
  /** The time when that record has ended. */
  readonly endsAt: number;
  /** The time when it is taken for vanished although it never began. */
  readonly heldUntil: number;
  /** True if it only copies what another tier has: nothing is owed if it never began. */
  readonly copies: boolean;
  /** True if the store says what comes of it: until then it is asked what it has. */
  readonly decides: boolean;
  mark: number;
  /** The time when it was sent. */
  begunAt: number;
  /** Set when the tier has dropped the key since: nothing older than this change is there. */
  isMadeUp?: boolean;
}

/** The end of a change's performing: `late` is past its deadline, and may be done yet. */
export type Outcome = "done" | "failed" | "late" | "unsent";

/** The changes of one key in one tier. */
export interface KeyState {
  /** The fence of the newest change. */
  newest: number;
  /** The newest change, until it is done or failed. */
  pending: Change | undefined;
  running: Change | undefined;
  lost: Change[];
  /** True if the tier may have something older than the newest change. */
  owed: boolean;
  /** True if a lost change was done while a newer one was running: nobody knows which was last. */
  again: boolean;
  /** Records that were stored until then are not used; −∞ for all are. */
  notBefore: number;
  /** The time when those have ended. */
  notBeforeEnds: number;
}

/** The state of a key of which nothing is known. */
export function newKey(): KeyState {
  return {
    newest: 0,
    pending: undefined,
    running: undefined,
    lost: [],
    owed: false,
    again: false,
    notBefore: Number.NEGATIVE_INFINITY,
    notBeforeEnds: Number.NEGATIVE_INFINITY,
  };
}

/** True if it has to be known what the tier must not be believed. */
export function remembers({ owed, lost, notBefore }: KeyState): boolean {
  return owed || lost.length > 0 || notBefore > Number.NEGATIVE_INFINITY;
}

/** True if nothing has to be known of a key any more. */
export function isForgettable(state: KeyState): boolean {
  return !remembers(state) && state.running === undefined && state.pending === undefined;
}

/** The newest change, if it is lost and the tier may have what is older. */
export function openLost(state: KeyState): Change | undefined {
  return state.lost.find(({ fence, isMadeUp }) => fence === state.newest && isMadeUp !== true);
}

/** Forgets what can do no harm any more: records that have ended, older drops. */
export function forgetEnded(state: KeyState, now: number): void {
  if (now >= state.notBeforeEnds) state.notBefore = Number.NEGATIVE_INFINITY;
  const { newest, lost } = state;
  if (lost.length === 0) return;
  state.lost = lost.filter(
    ({ drops, fence, endsAt }) => now < endsAt && (!drops || fence === newest),
  );
}

/** Forgets the lost change that was sent first, and may be done yet: its record is not used. */
export function giveUpOldest(state: KeyState): void {
  const oldest = state.lost.shift();
  if (oldest === undefined || oldest.drops) return;
  // A record may be dated a millisecond later than it was sent.
  state.notBefore = Math.max(state.notBefore, oldest.begunAt + 1);
  state.notBeforeEnds = Math.max(state.notBeforeEnds, oldest.endsAt);
}
