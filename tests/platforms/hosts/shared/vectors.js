// The scenario vectors as tests of a host.

import { routesOf, runVector } from "../../../package/js/support/run-vector.mjs";

/** One test for each vector and route; the origin has the vectors. */
export async function vectorTests(holdover, origin) {
  const files = await (await fetch(`${origin}/vectors`)).json();
  return Object.entries(files).flatMap(([file, vectors]) =>
    vectors.flatMap((vector) =>
      routesOf(vector).map((route) => ({
        name: `${file.slice(0, -".json".length)}: ${vector.name} (by ${route})`,
        run: () => runVector(vector, holdover, [route]),
      })),
    ),
  );
}
