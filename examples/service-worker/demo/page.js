// The page of the demo: asks for prices all the time, and shows where each answer came from.

import { sourceOf } from "../../worker/cache-status.mjs";

const PAUSE_MS = 200;
const PRICES = 4;
/** Answers that the strip keeps. */
const KEPT = 200;
const MODES = ["healthy", "slow", "failing", "offline"];
const SOURCES = {
  hit: "fresh, from the worker",
  stale: "stale, renewed in the background",
  load: "loaded",
  coalesced: "waited for another's load",
  failover: "old: the origin is slow",
  "error-fallback": "old: the origin fails",
  error: "an error",
};

const part = (id) => document.querySelector(`#${id}`);
const strip = part("strip");
const seen = { requests: 0, errors: 0, oldest: 0, calls: 0 };
/** The origin's calls before this page was loaded. */
let before;

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Asks for a price as any page does; the worker is between. */
async function ask(nth) {
  try {
    const response = await fetch(`/api/price/${nth % PRICES}`);
    if (!response.ok) return "error";
    const { time } = await response.json();
    seen.oldest = Math.max(seen.oldest, Date.now() - time);
    const source = sourceOf(response.headers.get("cache-status"));
    return source === "unknown" ? "load" : source;
  } catch {
    return "error";
  }
}

function show(source) {
  seen.requests += 1;
  if (source === "error") seen.errors += 1;
  strip.append(element("i", { "data-source": source }));
  while (strip.childElementCount > KEPT) strip.firstElementChild.remove();
  strip.setAttribute("aria-label", `the last ${strip.childElementCount} answers, by their source`);
  const figures = {
    requests: seen.requests,
    "calls of the origin": seen.calls,
    errors: seen.errors,
    "age of the oldest answer": `${Math.round(seen.oldest / 1000)} s`,
  };
  part("figures").replaceChildren(
    ...Object.entries(figures).map(([name, value]) =>
      element(
        "div",
        { "data-figure": name },
        element("dt", {}, name),
        element("dd", {}, `${value}`),
      ),
    ),
  );
}

/** Tells the server what its origin is like, and hears how often that was asked. */
async function control(mode) {
  try {
    const init = mode === undefined ? {} : { method: "POST", body: mode };
    const state = await (await fetch("/origin", init)).json();
    before ??= state.calls;
    seen.calls = state.calls - before;
    for (const input of document.querySelectorAll("input"))
      input.checked = input.value === state.mode;
    part("state").textContent = "";
  } catch {
    part("state").textContent = "The server is gone: what you see is the service worker's.";
  }
}

for (const mode of MODES) {
  const input = element("input", { type: "radio", name: "mode", value: mode });
  input.addEventListener("change", () => control(mode));
  part("modes").append(element("label", {}, input, ` ${mode}`));
}
for (const [source, text] of Object.entries(SOURCES)) {
  part("legend").append(element("li", {}, element("i", { "data-source": source }), ` ${text}`));
}

if (navigator.serviceWorker.controller === null) {
  await navigator.serviceWorker.register("/worker.js", { type: "module" });
  await new Promise((resolve) => {
    navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true });
    if (navigator.serviceWorker.controller !== null) resolve();
  });
}

await control();
for (let nth = 0; ; nth += 1) {
  // Not one after the other: a slow answer holds up none behind it.
  ask(nth).then(show);
  if (nth % 5 === 0) control();
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
