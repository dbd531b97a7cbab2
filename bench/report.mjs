// Measurements as Markdown tables.

/** Returns `[{ title, unit, results, gates }]` as Markdown, ratios first. */
export function asMarkdown(works) {
  return works.map(workAsMarkdown).join("\n\n");
}

function workAsMarkdown({ title, unit, results, gates }) {
  const [ours] = results;
  const rows = results.map(({ name, note, p50, min, spread }) => [
    note === undefined ? name : `${name} (${note})`,
    `${(p50 / ours.p50).toFixed(2)} ×`,
    inUnit(p50, unit),
    inUnit(min, unit),
    spread === undefined ? "" : `± ${(50 * spread).toFixed(0)} %`,
  ]);
  const head = ["", "of holdover", "p50", "min", "spread"];
  return [
    `### ${title}`,
    "",
    ...table([head, ...rows]),
    ...gates.map((gate) => line(gate, results)),
  ]
    .filter((part) => part !== undefined)
    .join("\n");
}

function inUnit(figure, unit) {
  if (unit === "times") return `${figure.toFixed(2)} ×`;
  if (unit === "percent") return `${figure.toFixed(2)} %`;
  return unit === "bytes" ? `${figure.toFixed(0)} B` : duration(figure);
}

function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const written = rows.map((row) =>
    row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
    ),
  );
  const rule = widths.map(
    (width, column) => "-".repeat(width - (column ? 1 : 0)) + (column ? ":" : ""),
  );
  return [written[0], rule, ...written.slice(1)].map((row) => `| ${row.join(" | ")} |`);
}

/**
 * Returns holdover's p50 relative to the contender that a gate names, or else the fastest other.
 */
export function gateRatio({ of }, results) {
  const [ours, ...others] = results;
  const rival =
    of === "fastest other"
      ? others.reduce((best, other) => (other.p50 < best.p50 ? other : best))
      : others.find(({ name }) => name === of);
  return { ratio: ours.p50 / rival.p50, rival: rival.name };
}

function line(gate, results) {
  if (gate.moreBy !== undefined) return difference(gate, results);
  const { ratio, rival } = gateRatio(gate, results);
  if (gate.atLeast !== undefined) {
    const verdict = ratio >= gate.atLeast ? "met" : "MISSED";
    return `\n${results[0].name} ÷ ${rival} = **${ratio.toFixed(2)}**, must be at least ${gate.atLeast.toFixed(2)}: ${verdict}`;
  }
  const verdict = ratio <= gate.atMost ? "met" : "MISSED";
  return `\nholdover ÷ ${rival} = **${ratio.toFixed(2)}**, must be at most ${gate.atMost.toFixed(2)}: ${verdict}`;
}

/** Compares figures of which more is better. */
function difference({ of, moreBy }, [ours, ...others]) {
  const rival = others.find(({ name }) => name === of);
  const more = ours.p50 - rival.p50;
  const verdict = more >= moreBy ? "met" : "MISSED";
  return `\nholdover − ${of} = **${more.toFixed(2)}**, must be at least ${moreBy.toFixed(2)}: ${verdict}`;
}

/** Returns nanoseconds in a readable unit. */
export function duration(nanoseconds) {
  if (nanoseconds < 1000) return `${nanoseconds.toFixed(1)} ns`;
  if (nanoseconds < 1e6) return `${(nanoseconds / 1000).toFixed(2)} µs`;
  return `${(nanoseconds / 1e6).toFixed(2)} ms`;
}
