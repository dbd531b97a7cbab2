// The tables for the terminal.
import { SOURCES } from "./cache-status.mjs";
import { LANES } from "./load.mjs";

const HEAD = ["answered", "errors", "p50", "p99", "origin calls"];
const FIRST = 12;

/** What visitors saw in each phase, both lanes side by side, and where the answers came from. */
export function tables(phases) {
  return [...comparison(phases), "", ...origins(phases)].join("\n");
}

function comparison(phases) {
  const widths = [9, 7, 9, 9, 13];
  const lane = widths.reduce((a, b) => a + b, 0);
  const title = (name) => ` ${name} `.padStart((lane + name.length) / 2, "─").padEnd(lane - 1, "─");
  const head = row(HEAD, widths);
  const lines = [
    `${" ".repeat(FIRST + 9)} │ ${title("without holdover")} │ ${title("with holdover")}`,
    `${"phase".padEnd(FIRST)} requests │${head} │${head}`,
  ];
  for (const phase of phases) {
    const cells = LANES.map((name) => row(figures(phase[name]), widths));
    const requests = String(phase.with.requests).padStart(8);
    lines.push(`${phase.title.padEnd(FIRST)} ${requests} │${cells.join(" │")}`);
  }
  return lines;
}

function figures({ requests, answered, errors, p50, p99, originCalls }) {
  return [percent(answered, requests), errors, milliseconds(p50), milliseconds(p99), originCalls];
}

function origins(phases) {
  const widths = SOURCES.map((source) => source.length + 3);
  const lines = [
    "where the answers with holdover came from",
    `${"phase".padEnd(FIRST)}${row(SOURCES, widths)}`,
  ];
  for (const { title, with: lane } of phases) {
    const counts = SOURCES.map((source) => lane.sources[source] || "·");
    lines.push(`${title.padEnd(FIRST)}${row(counts, widths)}`);
  }
  return lines;
}

function row(cells, widths) {
  return cells.map((cell, i) => String(cell).padStart(widths[i])).join("");
}

/** Rounded down, so that 100 % means all of them. */
export function percent(part, whole) {
  if (whole === 0) return "–";
  return `${Math.floor((part / whole) * 1000) / 10} %`;
}

export function milliseconds(value) {
  if (value === null) return "–";
  return value < 100 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`;
}
