// Every order in which the operations of a shared store can happen and be answered.

import { drain } from "./manual-clock.mjs";
import { WholeStore } from "./whole-store.mjs";

const OPERATIONS = ["get", "set", "delete", "add", "compareAndDelete", "compareAndSet"];

/** A store in which each operation waits twice: until it happens, and until it is answered. */
function gatedStore(gates) {
  const whole = new WholeStore();
  const gate = () => new Promise((resolve) => gates.push(resolve));
  const store = { name: "gated", whole };
  for (const operation of OPERATIONS) {
    store[operation] = async (...args) => {
      await gate();
      const answer = await whole[operation](...args);
      await gate();
      return answer;
    };
  }
  return store;
}

/**
 * Plays `run(store)` once for every order of the events in its store: `begin` has ended when the
 * orders begin to differ, `act` makes what runs at one time, `check` is given its results. Returns
 * the number of orders.
 */
export async function inEveryOrder({ begin, act, check }) {
  let path = [];
  let orders = 0;
  for (;;) {
    const gates = [];
    const store = gatedStore(gates);
    const finish = async (work, choose) => {
      let over = false;
      const all = Promise.allSettled(work).then((results) => {
        over = true;
        return results;
      });
      for (;;) {
        await drain();
        if (gates.length === 0) break;
        gates.splice(choose(gates.length), 1)[0]();
      }
      if (!over) throw new Error("something waits for nothing");
      return all;
    };
    const state = await begin(store, (work) => finish([work], () => 0));
    let depth = 0;
    const widths = [];
    const results = await finish(act(state), (width) => {
      path[depth] ??= 0;
      widths[depth] = width;
      depth += 1;
      return path[depth - 1];
    });
    await check(state, results, (work) => finish([work], () => 0).then(([result]) => result.value));
    orders += 1;
    path = path.slice(0, depth);
    while (path.length > 0 && path.at(-1) + 1 >= widths[path.length - 1]) path.pop();
    if (path.length === 0) return orders;
    path[path.length - 1] += 1;
  }
}
