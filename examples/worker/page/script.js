// Shows what the demo reports on /events. Runs in the browser; page.mjs puts it into the page.
import { $, CHARTS, draw, follow, LANES, show, state } from "./charts.js";

function build() {
  $("#phases").innerHTML = state.setup.phases
    .map(
      ({ id, title, about }) =>
        `<li style="--band: var(--band-${id})"><b>${title}</b>${about}<i></i></li>`,
    )
    .join("");
  $("#charts").innerHTML = "";
  for (const chart of CHARTS) {
    chart.element = document.createElement("article");
    chart.element.className = "chart";
    chart.element.innerHTML = `<header><h2>${chart.title}</h2><div class="key"></div></header>
      <svg role="img" aria-label="${chart.title}"></svg>`;
    $("#charts").append(chart.element);
    follow($("svg", chart.element));
  }
}

function cards(totals) {
  for (const lane of LANES) {
    const { requests, errors, calls } = totals[lane];
    const rows = [
      [requests, "requests"],
      [errors, "failed"],
      [show.share(requests - errors, requests), "answered"],
      [calls, "origin requests"],
    ];
    $(`[data-lane=${lane}] dl`).innerHTML = rows
      .map(([value, name]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`)
      .join("");
  }
}

function steps({ index, progress }) {
  for (const [i, item] of [...$("#phases").children].entries()) {
    item.toggleAttribute("aria-current", i === index);
    $("i", item).style.width = i === index ? `${progress * 100}%` : "0";
  }
}

function table(phases) {
  const head = ["answered", "failed", "p50", "p99", "origin"];
  const cells = (lane) =>
    `<td>${show.share(lane.answered, lane.requests)}</td>` +
    `<td class="${lane.errors ? "bad" : ""}">${lane.errors}</td>` +
    `<td>${show.time(lane.p50)}</td><td>${show.time(lane.p99)}</td><td>${lane.originCalls}</td>`;
  const names = head.map((name) => `<th>${name}</th>`).join("");
  const body = phases.map(
    (phase) =>
      `<tr><th>${phase.title}</th><td>${phase.with.requests}</td>${LANES.map((lane) => cells(phase[lane])).join("")}</tr>`,
  );
  $("#last table").innerHTML = `<thead><tr><th></th><th></th>
    <th class="lane without" colspan="5">without holdover</th>
    <th class="lane with" colspan="5">with holdover</th></tr>
    <tr><th>phase</th><th>requests</th>${names}${names}</tr></thead><tbody>${body.join("")}</tbody>`;
  $("#last").hidden = false;
}

const events = new EventSource("events");
events.addEventListener("setup", (event) => {
  state.setup = JSON.parse(event.data);
  state.buckets.clear();
  build();
  const { rate, keys, seed } = state.setup;
  $("#status").textContent = `${rate} requests per second and lane, ${keys} keys, seed ${seed}`;
});
events.addEventListener("tick", (event) => {
  const { now, phase, totals, buckets } = JSON.parse(event.data);
  state.now = now;
  for (const bucket of buckets) state.buckets.set(bucket.id, bucket);
  for (const id of state.buckets.keys())
    if (id < now / state.setup.bucketMs - 300) state.buckets.delete(id);
  cards(totals);
  steps(phase);
  for (const chart of CHARTS) draw(chart);
});
events.addEventListener("cycle", (event) => table(JSON.parse(event.data)));
events.addEventListener("error", () => {
  $("#status").textContent = "The demo has stopped.";
});
