// P1: an awaited hit. Every call finds a fresh value; the keys take turns.
import { keys } from "./keys.mjs";
import { own, race } from "./measure.mjs";
import { loading } from "./peers/index.mjs";

const HOT = 1000;
const ENTRIES = 10_000;

/** An origin that answers at once with an object. */
const origin = async (key) => ({ key, name: "somebody" });

/** Returns a contender that calls the keys of `asked` in turn, all of them loaded before. */
async function hits(name, cached, asked, note) {
  for (const one of asked) await cached(one);
  const body = `
    let at = 0;
    return () => {
      at = at === asked.length - 1 ? 0 : at + 1;
      return cached(asked[at]);
    };`;
  return { name, note, run: own(["cached", "asked"], body, [cached, asked]) };
}

async function givenKeys() {
  const asked = keys(HOT);
  const contenders = [];
  for (const { name, note, cached } of loading) {
    contenders.push(await hits(name, cached(origin, ENTRIES), asked, note));
  }
  return race(contenders);
}

/**
 * Returns the contenders whose keys are made from an argument at each call; the peers concatenate
 * strings.
 */
async function madeKeys() {
  const asked = keys(HOT, "id").map((key) => key.slice(5));
  const contenders = [];
  for (const { name, note, cached, templated } of loading.slice(0, 4)) {
    if (templated !== undefined) {
      contenders.push(await hits(name, templated(origin, ENTRIES), asked, "`user:{0}`"));
    } else if (name === "async-cache-dedupe") {
      contenders.push(await hits(name, cached(origin, ENTRIES), asked, "derived"));
    } else {
      const called = cached(origin, ENTRIES);
      const made = own(["called"], "return (id) => called('user:' + id)", [called]);
      contenders.push(await hits(name, made, asked, note));
    }
  }
  const [{ name, derived }] = loading;
  contenders.push(await hits(`${name}, derived`, derived(origin, ENTRIES), asked, "derived"));
  return race(contenders);
}

export async function run() {
  const given = await givenKeys();
  const made = await madeKeys();
  return [
    {
      title: "P1 awaited hit, 1,000 hot keys, key by function",
      results: given,
      gates: [
        { of: "lru-cache", atMost: 1 },
        { of: "await of Map.get", atMost: 1.2 },
        { of: "async-cache-dedupe", atMost: 1 / 4 },
      ],
    },
    { title: "P1 awaited hit, key made of an argument", results: made, gates: [] },
  ];
}
