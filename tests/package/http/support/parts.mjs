// An origin of one text that answers ranges, and a stage before it.

import { stage } from "./stage.mjs";

export const TEXT = "0123456789";
const URL_OF_TEXT = "/text";

/** The 206 that a request for `bytes=first-last` gets. */
export function partOf(request, headers = {}, text = TEXT) {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get("range"));
  const end = last === "" ? text.length - 1 : Math.min(Number(last), text.length - 1);
  return [
    text.slice(Number(first), end + 1),
    {
      status: 206,
      headers: {
        "cache-control": "max-age=60",
        "content-range": `bytes ${first}-${end}/${text.length}`,
        ...headers,
      },
    },
  ];
}

/** A stage whose `range("2-4", more)` asks for these bytes. */
export function ranges(answer = partOf, settings = {}) {
  const staged = stage(
    (request, nth) =>
      request.headers.has("range") && request.method === "GET"
        ? answer(request, undefined, undefined, nth)
        : [TEXT, { headers: { "cache-control": "max-age=60" } }],
    settings,
  );
  const range = (bytes, { headers, ...init } = {}) =>
    staged.get(URL_OF_TEXT, { ...init, headers: { range: `bytes=${bytes}`, ...headers } });
  const whole = (init) => staged.get(URL_OF_TEXT, init);
  return { ...staged, range, whole };
}
