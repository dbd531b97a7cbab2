// Plays scenario vectors inside the Workers runtime: POST a file of vectors, get what went wrong.

import * as holdover from "holdover";
import { routesOf, runVector } from "../../../package/js/support/run-vector.mjs";

async function play(vector, route) {
  try {
    await runVector(vector, holdover, [route]);
    return { name: `${vector.name} (by ${route})` };
  } catch (error) {
    return { name: `${vector.name} (by ${route})`, error: error.message };
  }
}

export default {
  async fetch(request) {
    const results = [];
    for (const vector of await request.json()) {
      for (const route of routesOf(vector)) results.push(await play(vector, route));
    }
    return Response.json(results);
  },
};
