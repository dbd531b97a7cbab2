// The chart of the README, drawn from the tables of RESULTS.md.
import { readFileSync, writeFileSync } from "node:fs";

const RESULTS = new URL("RESULTS.md", import.meta.url);
const CHART = new URL("figures.svg", import.meta.url);

/** The tables that are drawn: how the title begins in RESULTS.md, and what the chart says. */
const PANELS = [
  ["P1 awaited hit, 1,000 hot keys", "A hit, awaited"],
  ["P3 cold miss", "A miss, loaded at once and stored"],
  ["P6 a cached fetch that hits, 1 KB", "A cached fetch that hits, 1 KB"],
];

const ROW = 20;
const NAMES = 210;
const BARS = 420;
const WIDTH = NAMES + BARS + 90;
/** Longer bars are cut off, and their ends say so. */
const MOST = 8;

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600; font-size: 13px }
  .figure { font-variant-numeric: tabular-nums }
  .faint { fill: #57606a }
  .bar { fill: #8c959f }
  .ours { fill: #0969da }
  .limit { stroke: #0969da; stroke-dasharray: 2 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .faint { fill: #8d96a0 }
    .bar { fill: #6e7681 }
    .ours { fill: #4493f8 }
    .limit { stroke: #4493f8 }
  }`;

/** Returns the rows of a table: `[{ name, ratio, took }]`, holdover's first. */
export function rowsOf(markdown, title) {
  const section = markdown.split(/^### /m).find((text) => text.startsWith(title));
  if (section === undefined) throw new Error(`RESULTS.md has no table ${title}`);
  return section
    .split("\n")
    .filter((line) => line.startsWith("| ") && line.includes("×"))
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .map(([, name, ratio, took]) => ({ name, ratio: Number.parseFloat(ratio), took }));
}

const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");

function barOf({ name, ratio, took }, top, isOurs) {
  const length = (BARS * Math.min(ratio, MOST)) / MOST;
  const end = NAMES + length;
  const cut =
    ratio > MOST ? `<text x="${end - 12}" y="${top + 13}" fill-opacity="0.6">»</text>` : "";
  const figure = isOurs ? took : `${ratio.toFixed(ratio < 10 ? 1 : 0)} ×`;
  return `<text x="${NAMES - 8}" y="${top + 14}" text-anchor="end">${escaped(name)}</text>
  <rect x="${NAMES}" y="${top + 3}" width="${length.toFixed(1)}" height="${ROW - 6}" rx="2" class="${isOurs ? "ours" : "bar"}"/>${cut}
  <text x="${(end + 6).toFixed(1)}" y="${top + 14}" class="figure">${escaped(figure)}</text>`;
}

function panelOf(markdown, [title, said], top) {
  const rows = rowsOf(markdown, title);
  const first = top + 26;
  const bottom = first + rows.length * ROW;
  const bars = rows.map((row, nth) => barOf(row, first + nth * ROW, nth === 0));
  const at = NAMES + BARS / MOST;
  const drawn = `<text x="0" y="${top + 14}" class="title">${said}</text>
  ${bars.join("\n  ")}
  <line x1="${at}" x2="${at}" y1="${first}" y2="${bottom}" class="limit"/>`;
  return { drawn, bottom: bottom + 14 };
}

/** Returns the chart of the tables in RESULTS.md. */
export function chartOf(markdown) {
  let top = 0;
  const panels = PANELS.map((panel) => {
    const { drawn, bottom } = panelOf(markdown, panel, top);
    top = bottom;
    return drawn;
  });
  const [, date] = /^- date: (.*)$/m.exec(markdown);
  const [, node] = /^- (Node \S+),/m.exec(markdown);
  const height = top + 20;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
  <title>The time of a hit, a miss and a cached fetch, beside other caches; shorter is better</title>
  <style>${STYLE}
  </style>
  ${panels.join("\n  ")}
  <text x="0" y="${height - 6}" class="faint">Median time of a call, others relative to holdover; shorter is better. ${node}, ${date}.</text>
</svg>
`;
}

/** Draws the chart. */
export function draw() {
  writeFileSync(CHART, chartOf(readFileSync(RESULTS, "utf8")));
}
