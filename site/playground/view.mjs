// The page of the playground: its form, its figures and its strip.

import { BOUNDS, codeOf, hashOf, ORIGINS, POLICY, settingsOf, TRAFFIC } from "./settings.mjs";
import { simulation } from "./simulation.mjs";

/** Milliseconds between two looks. */
const TICK = 100;
const LABELS = {
  rate: "requests a second",
  keys: "different keys",
  latency: "origin's latency, ms",
  errors: "share of errors, %",
  speed: "times faster than life",
};
const SOURCES = {
  hit: "fresh, from memory",
  stale: "stale, renewed in the background",
  load: "loaded",
  coalesced: "waited for another's load",
  failover: "old: the origin is slow",
  "error-fallback": "old: the origin fails",
  error: "an error",
};

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Builds the playground in an element; returns a function that ends it. */
export function mount(root) {
  const settings = settingsOf(location.hash);
  const parts = {
    code: element("code"),
    problem: element("p", { role: "alert", class: "problem" }),
    strip: element("div", { class: "strip", role: "img" }),
    figures: element("dl"),
    legend: element("ul", { class: "legend" }),
  };
  let running;
  const restart = () => {
    history.replaceState(history.state, "", hashOf(settings));
    parts.code.textContent = codeOf(settings);
    parts.problem.textContent = "";
    try {
      const next = simulation(settings);
      void running?.end();
      running = next;
    } catch (error) {
      parts.problem.textContent = error.message;
    }
  };
  root.append(form(settings, restart), controls(settings), ...output(parts));
  restart();
  return keepGoing(() => running, settings, parts);
}

/** The policy, whose change begins anew, as other entries would be another's. */
function form(settings, restart) {
  const fields = Object.keys(POLICY).map((name) => {
    const input = element("input", { name, value: settings[name], autocomplete: "off" });
    input.addEventListener("change", () => {
      settings[name] = input.value;
      restart();
    });
    return element("label", {}, element("span", {}, name), input);
  });
  return element("fieldset", {}, element("legend", {}, "The policy"), ...fields);
}

/** The origin and its visitors, which may change at any time. */
function controls(settings) {
  const keep = () => history.replaceState(history.state, "", hashOf(settings));
  const modes = ORIGINS.map((mode) => {
    const input = element("input", { type: "radio", name: "origin", value: mode });
    input.checked = settings.origin === mode;
    input.addEventListener("change", () => {
      settings.origin = mode;
      keep();
    });
    return element("label", { class: "mode" }, input, ` ${mode}`);
  });
  const numbers = Object.keys(TRAFFIC).map((name) => {
    const [min, max, step] = BOUNDS[name];
    const input = element("input", { type: "range", name, min, max, step, value: settings[name] });
    const shown = element("output", {}, `${settings[name]}`);
    input.addEventListener("input", () => {
      settings[name] = Number(input.value);
      shown.textContent = input.value;
      keep();
    });
    return element("label", {}, element("span", {}, `${LABELS[name]}: `, shown), input);
  });
  const title = element("legend", {}, "The origin, and its visitors");
  return element("fieldset", {}, title, element("div", { class: "modes" }, ...modes), ...numbers);
}

function output({ code, problem, strip, figures, legend }) {
  for (const [source, text] of Object.entries(SOURCES)) {
    legend.append(element("li", {}, element("i", { "data-source": source }), ` ${text}`));
  }
  return [problem, strip, legend, figures, element("pre", { tabindex: "0" }, code)];
}

/** Lets time pass and shows what has happened, until it is ended. */
function keepGoing(current, settings, parts) {
  let timer;
  let isOver = false;
  const tick = async () => {
    const running = current();
    await running?.pass(TICK * settings.speed);
    if (running !== undefined) show(running, parts);
    if (!isOver) timer = setTimeout(tick, TICK);
  };
  timer = setTimeout(tick, 0);
  return () => {
    isOver = true;
    clearTimeout(timer);
    void current()?.end();
  };
}

function show({ seen, answers, origin, time }, { strip, figures }) {
  strip.replaceChildren(...answers.map((source) => element("i", { "data-source": source })));
  const { requests, errors, errorsWithout, waited, oldest } = seen;
  const saved = requests === 0 ? 0 : Math.max(0, 100 - (100 * origin.calls) / requests);
  const rows = {
    "time that has passed": `${Math.round(time() / 1000)} s`,
    requests,
    "calls of the origin": origin.calls,
    "calls saved": `${saved.toFixed(0)} %`,
    "errors that visitors saw": errors,
    "errors without a cache": errorsWithout,
    "wait of a visitor, on average": `${Math.round(waited / Math.max(1, requests))} ms`,
    "age of the oldest answer": `${Math.round(oldest / 1000)} s`,
  };
  strip.setAttribute("aria-label", `the last ${answers.length} answers, by where they came from`);
  figures.replaceChildren(
    ...Object.entries(rows).map(([name, value]) =>
      element(
        "div",
        { "data-figure": name },
        element("dt", {}, name),
        element("dd", {}, `${value}`),
      ),
    ),
  );
}
