// The page of what a cache would have done: a place to drop a log, a run, and its report.

import shop from "holdover-shop.log?url";
import { chart } from "./chart.mjs";
import { element } from "./elements.mjs";
import { table } from "./table.mjs";
import { answered, count, percent, policyText, saved, time } from "./texts.mjs";

/** The options of a run, as the command takes them; what is empty is left to it. */
const OPTIONS = {
  ttl: ["ttl", "10s,1m,5m,1h"],
  memory: ["memory", "10%,100%"],
  eviction: ["eviction", "lru,s3-fifo"],
  "stale-while-revalidate": ["stale while revalidate", "0,1m"],
  "stale-if-error": ["stale if error", "0,1d"],
  outage: ["length of the outage", "10m"],
  latency: ["origin's latency, if the log has none", "100ms"],
  "max-age": ["99 % of answers no older than", ""],
};

/** Builds the page in an element; returns a function that ends it. */
export function mount(root) {
  const parts = {
    file: element("input", { type: "file", multiple: "" }),
    status: element("p", { role: "status" }),
    problem: element("p", { role: "alert", class: "problem" }),
    bar: element("progress", { max: "1", value: "0", "aria-label": "progress of the run" }),
    stop: element("button", { type: "button", class: "stop" }, "Stop"),
    result: element("div", { class: "result" }),
  };
  const inputs = Object.entries(OPTIONS).map(([name, [, value]]) =>
    element("input", { name, value, autocomplete: "off" }),
  );
  const running = element("div", { class: "running", hidden: "" }, parts.bar, parts.stop);
  let worker;
  const end = () => {
    worker?.terminate();
    worker = undefined;
    running.hidden = true;
  };
  const start = (files) => {
    if (files.length === 0) return;
    end();
    parts.problem.textContent = "";
    parts.result.replaceChildren();
    parts.bar.value = 0;
    running.hidden = false;
    parts.status.textContent = `Reading ${files.map(({ name }) => name).join(", ")}`;
    worker = new Worker(new URL("./worker.mjs", import.meta.url), { type: "module" });
    const fail = (message) => {
      end();
      parts.status.textContent = "";
      parts.problem.textContent = message;
    };
    worker.addEventListener("error", () => fail("The worker of this page did not start."));
    worker.addEventListener("message", ({ data: { progress, error, report } }) => {
      if (progress !== undefined) showProgress(progress, parts);
      if (error !== undefined) fail(error);
      if (report !== undefined) {
        end();
        showReport(report, parts);
      }
    });
    worker.postMessage({ files, words: wordsOf(inputs) });
  };
  parts.stop.addEventListener("click", () => {
    end();
    parts.status.textContent = "Stopped.";
    parts.file.focus();
  });
  root.append(dropZone(parts.file, start), form(inputs), parts.problem, parts.status, running);
  root.append(parts.result);
  return end;
}

function wordsOf(inputs) {
  const given = inputs.filter(({ value }) => value.trim() !== "");
  return given.flatMap(({ name, value }) => [`--${name}`, value.trim()]);
}

/** The place for files: dropped, chosen, or an example. */
function dropZone(file, start) {
  const example = element("button", { type: "button" }, "Try the log of a small shop");
  example.addEventListener("click", async () => {
    const log = await (await fetch(shop)).blob();
    start([new File([log], "shop.log")]);
  });
  file.addEventListener("change", () => {
    start([...file.files]);
    // The same file may be chosen again, with other options.
    file.value = "";
  });
  const words = element("span", {}, "Drop an access log here, or choose one");
  const zone = element("div", { class: "drop" }, element("label", {}, words, file), example);
  for (const kind of ["dragenter", "dragover"]) {
    zone.addEventListener(kind, (event) => {
      event.preventDefault();
      zone.classList.add("over");
    });
  }
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    start([...event.dataTransfer.files]);
  });
  return zone;
}

function form(inputs) {
  const fields = inputs.map((input) =>
    element("label", {}, element("span", {}, OPTIONS[input.name][0]), input),
  );
  const legend = element("legend", {}, "Policies to try: each value with each of the others");
  return element("fieldset", {}, legend, ...fields);
}

function showProgress({ reading, read, size }, { bar, status }) {
  const part = size === 0 ? 1 : read / size;
  bar.value = part;
  const what = reading === 1 ? "Reading" : "Playing";
  const text = `${what}: ${Math.floor(100 * part)} %`;
  // Not more often than the text changes, as it is read out.
  if (reading === 2 || !status.textContent.startsWith("Reading:")) status.textContent = text;
}

function showReport(report, { status, result }) {
  const { log, keys, span, outage, policies, advice, withoutCache } = report;
  const best = policies[advice.row];
  const leftOut = [
    [log.others, "of other methods"],
    [log.damaged, "that cannot be read"],
  ].flatMap(([number, what]) => (number > 0 ? [`${count(number)} lines ${what}`] : []));
  status.textContent = "Done.";
  const facts = [
    `${count(log.accesses)} requests for ${count(keys)} keys in ${time(span[1] - span[0])}.`,
    ...(leftOut.length > 0 ? [`Left out: ${leftOut.join(", ")}.`] : []),
    ...(outage === null
      ? []
      : [
          `An outage of ${time(outage.until - outage.from)} is tried at ${new Date(outage.from).toISOString()}.`,
        ]),
  ];
  const figures = {
    "calls of the origin saved": percent(saved(best.all)),
    "wait of all but 1 %": `${time(best.all.waitP99)}, not ${time(withoutCache.waitP99)}`,
    "age of answers, of all but 1 %": time(best.all.ageP99),
    ...(best.inOutage === null
      ? {}
      : { "answered in the outage": percent(answered(best.inOutage)) }),
  };
  const region = { class: "scroll", tabindex: "0", role: "region", "aria-label": "All policies" };
  result.replaceChildren(
    element("p", {}, facts.join(" ")),
    element("h2", {}, "Recommended"),
    element("p", { class: "policy" }, policyText(best.policy)),
    element("dl", {}, ...Object.entries(figures).map(figure)),
    element("p", {}, "Of the policies tried it is, step by step:"),
    element("ol", {}, ...advice.reason.map((reason) => element("li", {}, reason))),
    ...code("TypeScript", advice.typescript),
    ...code("Rust", advice.rust),
    element("h2", {}, "Calls saved, and how old answers get"),
    element(
      "p",
      { class: "key" },
      "Up: calls of the origin saved. ● nine in ten visitors or more had an answer in the outage, × fewer. The large one is recommended.",
    ),
    chart(report),
    element("h2", {}, "All policies"),
    element("div", region, table(report)),
  );
}

const figure = ([name, value]) =>
  element("div", { "data-figure": name }, element("dt", {}, name), element("dd", {}, value));

function code(language, text) {
  const copy = element("button", { type: "button" }, `Copy the ${language}`);
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    copy.textContent = "Copied";
  });
  return [element("pre", { tabindex: "0" }, element("code", {}, text)), copy];
}
