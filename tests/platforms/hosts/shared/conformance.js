// The conformance of stores, as tests of a host.

import { storeConformance } from "holdover/testing";

/** The cases of a store, named after it. */
export async function storeTests(name, makeStore, options) {
  const cases = await storeConformance(makeStore, options);
  return cases.map((one) => ({ name: `${name}: ${one.name}`, run: one.run }));
}
