/**
 * The calls of one `many`: each has a flight of its own, and they are looked up and loaded together.
 *
 * What comes in one turn is collected until the microtask after it. That holds for the calls, which
 * are made in one go, for those that go on after a common look into the stores, and for those that
 * take over from somebody else much later.
 */

import { signalsIn, withSignal } from "../keys/call-arguments.js";
import type { FoundEntry } from "../model/entry.js";
import type { LoadContext, LoadMany, LoadManyContext } from "../model/loader.js";
import type { Form } from "../records/entry-records.js";
import { hostAsyncStorage } from "../runtime/async-storage.js";
import { afterMicrotask } from "../runtime/clock.js";
import { Frame, leaveFrame, runWithin } from "../runtime/frames.js";
import type { LowerTiers } from "../tiers/lower-tiers.js";
import { ConfigError, type HoldoverError } from "../util/errors.js";
import type { Admission } from "./admission.js";

/** A context that knows where its loader runs. */
type BatchedContext = LoadContext & { readonly frame?: Frame };

interface Look {
  readonly key: string;
  readonly tell: (found: FoundEntry | undefined) => void;
}

interface Member {
  readonly args: readonly unknown[];
  readonly context: BatchedContext;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** The answer of the guards to a load: admitted, refused, or undefined without guards. */
type Asked = Admission | HoldoverError | undefined;

/** The loads that become one call. */
interface Group {
  readonly members: Member[];
  verdict: { readonly of: Asked | Promise<Asked> } | undefined;
}

/** Brings the calls of one `many` together. */
export class Batch {
  readonly #self: unknown;
  readonly #loadMany: LoadMany | undefined;
  #looks: Look[] | undefined;
  /** Loads that callers wait for, and refreshes, which must not keep them waiting. */
  readonly #groups: (Group | undefined)[] = [undefined, undefined];

  constructor(self: unknown, loadMany: LoadMany | undefined) {
    this.#self = self;
    this.#loadMany = loadMany;
  }

  /** Looks for a key in the stores. */
  look(key: string, tiers: LowerTiers, form: Form): Promise<FoundEntry | undefined> {
    return new Promise((tell) => {
      if (this.#looks === undefined) {
        this.#looks = [];
        afterMicrotask(() => this.#lookUp(tiers, form));
      }
      this.#looks.push({ key, tell });
    });
  }

  /** Asks the guards once for all the loads that become one call, and returns their answer. */
  admit<Verdict extends Asked | Promise<Asked>>(answered: boolean, ask: () => Verdict): Verdict {
    if (this.#loadMany === undefined) return ask();
    const group = this.#groupFor(answered);
    const asked = group.verdict;
    if (asked !== undefined) return shared(asked.of) as Verdict;
    const of = ask();
    group.verdict = { of };
    // As late as the others, or it would be a call by itself.
    return (of instanceof Promise ? of.then((verdict) => verdict) : of) as Verdict;
  }

  /** Loads one of the keys together with others; undefined when nothing loads many. */
  load(args: readonly unknown[], context: BatchedContext): Promise<unknown> | undefined {
    if (this.#loadMany === undefined) return undefined;
    const { members } = this.#groupFor(context.background);
    return new Promise((resolve, reject) => members.push({ args, context, resolve, reject }));
  }

  async #lookUp(tiers: LowerTiers, form: Form): Promise<void> {
    const looks = this.#looks ?? [];
    this.#looks = undefined;
    const keys = looks.map(({ key }) => key);
    const found = await tiers.readMany(keys, form);
    // All in one turn, so that what they load comes together.
    for (const { key, tell } of looks) tell(found.get(key));
  }

  #groupFor(answered: boolean): Group {
    const place = answered ? 1 : 0;
    let group = this.#groups[place];
    if (group === undefined) {
      group = { members: [], verdict: undefined };
      this.#groups[place] = group;
      afterMicrotask(() => this.#send(place));
    }
    return group;
  }

  #send(place: number): void {
    const members = this.#groups[place]?.members ?? [];
    this.#groups[place] = undefined;
    if (members.length > 0) void this.#call(members);
  }

  async #call(members: readonly Member[]): Promise<void> {
    const frame = new Frame();
    for (const { context } of members) if (context.frame) frame.waitedBy(context.frame);
    try {
      const context = contextOf(members);
      const argsList = members.map(({ args }) => withLoadSignal(args, context));
      const load = (...given: Parameters<LoadMany>) =>
        Reflect.apply(this.#loadMany as LoadMany, this.#self, given) as unknown;
      const results: unknown = await runWithin(frame, hostAsyncStorage, load, argsList, context);
      if (!Array.isArray(results) || results.length !== members.length) {
        const allowed = `an array of as many results as argument lists: ${members.length}`;
        const subject = 'what option "loadMany" returned';
        throw new ConfigError("loadMany", results, allowed, { subject });
      }
      settle(members, results);
    } catch (error) {
      for (const { reject } of members) reject(error);
    } finally {
      frame.end();
      leaveFrame(frame);
    }
  }
}

/** An admission for one more flight. */
function shared(asked: Asked | Promise<Asked>): Asked | Promise<Asked> {
  if (asked instanceof Promise) return asked.then(shared);
  if (asked !== undefined && "shares" in asked) asked.shares += 1;
  return asked;
}

/** Answers first, failures then: for guards, what brought an answer did not fail. */
function settle(members: readonly Member[], results: readonly unknown[]): void {
  for (const [index, { resolve }] of members.entries()) {
    if (!(results[index] instanceof Error)) resolve(results[index]);
  }
  for (const [index, { reject }] of members.entries()) reject(results[index]);
}

/** Signals of callers must not end what others share. */
function withLoadSignal(args: readonly unknown[], context: LoadManyContext): readonly unknown[] {
  return signalsIn(args).length === 0 ? args : withSignal(args, context.signal);
}

/** The context of a `loadMany` call; its signal is created on first access. */
function contextOf(members: readonly Member[]): LoadManyContext {
  let controller: AbortController | undefined;
  return {
    keys: members.map(({ context }) => context.key),
    get signal() {
      controller ??= abortedWithAll(members.map(({ context }) => context.signal));
      return controller.signal;
    },
    background: members.every(({ context }) => context.background),
    get previous() {
      return members.map(({ context }) => context.previous);
    },
  };
}

/** Aborted when all of them are: a key that somebody wants keeps the load going. */
function abortedWithAll(signals: readonly AbortSignal[]): AbortController {
  const controller = new AbortController();
  let left = signals.length;
  for (const signal of signals) {
    const onAbort = () => {
      left -= 1;
      if (left === 0) controller.abort(signal.reason);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  }
  return controller;
}
