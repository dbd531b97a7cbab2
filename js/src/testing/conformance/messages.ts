import type { Store } from "../../model/store.js";
import { type Case, check, type Has, same, show, times } from "./bench.js";

/** Returns the cases of `subscribe`, `publish` and `ping`. */
export function messageCases(has: Has): Case[] {
  return [
    ...(has("subscribe") && has("publish") ? messages : []),
    ...(has("ping") ? [["ping: resolves", ({ store }) => store.ping?.()] satisfies Case] : []),
  ];
}

/** Messages may take a while, but not for ever. */
const PATIENCE = 5000;

/** Returns the messages heard on a channel, and a function that waits for them. */
async function hear(store: Store, channel: string) {
  const heard: string[] = [];
  let look = (): void => {};
  const stop = await store.subscribe?.(channel, (message) => {
    heard.push(message);
    look();
  });
  const until = (count: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const late = () => reject(new Error(`heard ${heard.length} of ${count} messages`));
      const timer = setTimeout(late, PATIENCE);
      look = () => {
        if (heard.length < count) return;
        clearTimeout(timer);
        resolve();
      };
      look();
    });
  return { heard, until, stop: async () => stop?.() };
}

const messages: readonly Case[] = [
  [
    "subscribe: hears what is published on its channel, as it was, in order",
    async ({ store, prefix }) => {
      const texts = ["a", "", "ä 😀", "line\r\nbreak\u0000", "*", "12", "x".repeat(10_000)];
      const [one, two] = [await hear(store, `${prefix}1`), await hear(store, `${prefix}2`)];
      for (const text of texts) await store.publish?.(`${prefix}1`, text);
      await store.publish?.(`${prefix}2`, "other");
      await Promise.all([one.until(texts.length), two.until(1)]);
      texts.forEach((text, index) => {
        same(one.heard[index] ?? "nothing", text, `message ${index}`);
      });
      same(show(two.heard), show(["other"]), "the other channel");
      await one.stop();
      await two.stop();
    },
  ],
  [
    "subscribe: several listeners, each until it stops",
    async ({ store, prefix }) => {
      const [one, two] = [await hear(store, prefix), await hear(store, prefix)];
      await store.publish?.(prefix, "a");
      await Promise.all([one.until(1), two.until(1)]);
      await one.stop();
      await one.stop();
      await Promise.all(times(3, (index) => store.publish?.(prefix, `${index}`)));
      await two.until(4);
      same(one.heard.length, 1, "messages heard by the stopped listener");
      await two.stop();
      const three = await hear(store, prefix);
      await store.publish?.(prefix, "b");
      await three.until(1);
      await three.stop();
      check(two.heard.length === 4, "the stopped listener heard more");
    },
  ],
];
