// The charts: what they show and how they are drawn. Runs in the browser.
export const LANES = ["without", "with"];
const SOURCES = ["hit", "stale", "load", "coalesced", "failover", "error-fallback"];
/** In pixels; `top` is where the names of the phases end, `width` follows the window. */
const SIZE = { width: 1050, left: 52, right: 8, top: 16, bottom: 8 };
/** How much time is in sight. */
const windowMs = () => (SIZE.width < 600 ? 30_000 : 60_000);
const inner = () => SIZE.width - SIZE.left - SIZE.right;
export const $ = (selector, from = document) => from.querySelector(selector);

export const state = { buckets: new Map(), now: 0, setup: undefined, pointer: undefined };

const perSecond = (value) => value * (1000 / state.setup.bucketMs);
export const show = {
  count: (value) => (value === null ? "–" : value.toFixed(0)),
  time: (value) => {
    if (value === null) return "–";
    if (value >= 1000) return `${(value / 1000).toFixed(1)} s`;
    return `${value.toFixed(value < 10 && !Number.isInteger(value) ? 1 : 0)} ms`;
  },
  share: (part, whole) => (whole ? `${Math.floor((part / whole) * 1000) / 10} %` : "–"),
};

/**
 * `log` has the ends of a logarithmic scale. A series gives null where there is nothing to draw;
 * where `lost` holds a cross says that there were requests, but no answer.
 */
export const CHARTS = [
  {
    title: "Failed requests per second",
    height: 110,
    format: show.count,
    series: LANES.map((lane) => ({
      name: lane,
      color: `var(--${lane})`,
      value: (bucket) => perSecond(bucket[lane].errors),
    })),
  },
  {
    title: "Time to an answer (×: requests, but no answer)",
    height: 150,
    log: [0.3, 5000],
    format: show.time,
    series: LANES.flatMap((lane) =>
      ["p99", "p50"].map((p) => ({
        name: `${lane} ${p}`,
        color: `var(--${lane})`,
        thin: p === "p50",
        value: (bucket) => bucket[lane][p],
        lost: (bucket) => p === "p99" && bucket[lane].requests > 0 && bucket[lane].p99 === null,
      })),
    ),
  },
  {
    title: "Where holdover’s answers come from, per second",
    height: 150,
    stacked: true,
    format: show.count,
    series: [
      ...SOURCES.map((source) => ({
        name: source,
        color: `var(--${source})`,
        value: (bucket) => perSecond(bucket.with.sources[source]),
      })),
      {
        name: "failed",
        color: "var(--failed)",
        value: (bucket) => perSecond(bucket.with.errors),
      },
    ],
  },
  {
    title: "Requests that reach the origin, per second",
    height: 110,
    format: show.count,
    series: LANES.map((lane) => ({
      name: lane,
      color: `var(--${lane})`,
      value: (bucket) => perSecond(bucket[lane].originCalls),
    })),
  },
];

const x = (time) => SIZE.left + ((time - (state.now - windowMs())) / windowMs()) * inner();

/** The buckets in sight, oldest first; the newest one is left out while it fills. */
function inSight() {
  const last = Math.floor(state.now / state.setup.bucketMs) - 1;
  const count = Math.ceil(windowMs() / state.setup.bucketMs);
  const ids = Array.from({ length: count }, (_, i) => last - count + 1 + i);
  return ids.filter((id) => id >= 0).map((id) => state.buckets.get(id) ?? { id, ...EMPTY });
}
const NOTHING = { requests: 0, errors: 0, p50: null, p99: null, originCalls: 0, sources: {} };
const EMPTY = { without: NOTHING, with: NOTHING };

function bands(height) {
  const { phases, phaseMs } = state.setup;
  const first = Math.max(0, Math.floor((state.now - windowMs()) / phaseMs));
  let out = "";
  for (let i = first; i * phaseMs < state.now; i++) {
    const { id, title } = phases[i % phases.length];
    const from = Math.max(SIZE.left, x(i * phaseMs));
    const width = Math.max(0, Math.min(x((i + 1) * phaseMs), SIZE.width - SIZE.right) - from);
    const color = `var(--band-${id})`;
    out += `<rect x="${from}" y="${SIZE.top}" width="${width}" height="${height}" fill="${color}" opacity="0.09"/>`;
    out += `<rect x="${from}" y="${SIZE.top}" width="${width}" height="2" fill="${color}"/>`;
    if (width > title.length * 6.2) out += `<text x="${from + 2}" y="11">${title}</text>`;
  }
  return out;
}

/** The scale of a chart: `y(value)` and the values that get a line. */
function scale(chart, points) {
  const bottom = SIZE.top + chart.height;
  if (chart.log) {
    const [low, high] = chart.log.map(Math.log10);
    const y = (value) =>
      bottom - ((Math.log10(Math.max(value, chart.log[0])) - low) / (high - low)) * chart.height;
    return { y, ticks: [1, 10, 100, 1000], bottom };
  }
  const tops = points.map((values) =>
    chart.stacked ? values.reduce((a, b) => a + (b ?? 0), 0) : Math.max(0, ...values),
  );
  const top = Math.max(4, ...tops) * 1.08;
  const rough = top / 3;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * unit).find((size) => size >= rough * 0.8);
  const ticks = Array.from({ length: Math.floor(top / step) + 1 }, (_, i) => i * step);
  return { y: (value) => bottom - (value / top) * chart.height, ticks, bottom };
}

/** Lets the keys of all charts tell the figures under the pointer, until it leaves. */
export function follow(svg) {
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const at = event.clientX - box.left;
    state.pointer = Math.min(SIZE.width - SIZE.right, Math.max(SIZE.left, at));
    for (const chart of CHARTS) draw(chart);
  });
  svg.addEventListener("pointerleave", () => {
    state.pointer = undefined;
  });
}

export function draw(chart) {
  const svg = $("svg", chart.element);
  const height = SIZE.top + chart.height + SIZE.bottom;
  SIZE.width = svg.clientWidth;
  svg.setAttribute("viewBox", `0 0 ${SIZE.width} ${height}`);
  svg.style.height = `${height}px`;
  const buckets = inSight();
  const points = buckets.map((bucket) => chart.series.map((one) => one.value(bucket)));
  const { y, ticks, bottom } = scale(chart, points);
  let out = bands(chart.height);
  for (const tick of ticks) {
    out += `<line x1="${SIZE.left}" x2="${SIZE.width - SIZE.right}" y1="${y(tick)}" y2="${y(tick)}" stroke="var(--line)"/>`;
    out += `<text x="${SIZE.left - 6}" y="${y(tick) + 4}" text-anchor="end">${chart.format(tick)}</text>`;
  }
  const shape = chart.stacked ? stack : lines;
  out += shape(chart, buckets, points, y);
  out += pointerLine(bottom);
  svg.innerHTML = out;
  legend(chart, buckets, points);
}

const middle = (bucket) => x((bucket.id + 0.5) * state.setup.bucketMs);

function lines(chart, buckets, points, y) {
  return chart.series
    .map((one, s) => {
      let path = "";
      let pen = "M";
      let crosses = "";
      points.forEach((values, i) => {
        const at = middle(buckets[i]);
        if (values[s] === null || at < SIZE.left) {
          pen = "M";
          if (at >= SIZE.left && one.lost?.(buckets[i])) crosses += cross(at, one.color);
          return;
        }
        path += `${pen}${at.toFixed(1)} ${y(values[s]).toFixed(1)}`;
        pen = "L";
      });
      const style = one.thin ? 'stroke-width="1.3" stroke-dasharray="3 3"' : 'stroke-width="2.2"';
      return `<path d="${path}" fill="none" stroke="${one.color}" stroke-linejoin="round" ${style}/>${crosses}`;
    })
    .reverse()
    .join("");
}

const cross = (at, color) =>
  `<path d="M${at - 3} 22l6 6m0 -6l-6 6" stroke="${color}" stroke-width="1.8"/>`;

function stack(chart, buckets, points, y) {
  const width = inner() / (windowMs() / state.setup.bucketMs);
  let out = "";
  points.forEach((values, i) => {
    let sum = 0;
    const left = x(buckets[i].id * state.setup.bucketMs);
    if (left < SIZE.left) return;
    values.forEach((value, s) => {
      if (!value) return;
      const top = y(sum + value);
      const height = y(sum) - top;
      out += `<rect x="${left.toFixed(1)}" y="${top.toFixed(1)}" width="${(width - 1).toFixed(1)}" height="${height.toFixed(1)}" fill="${chart.series[s].color}"/>`;
      sum += value;
    });
  });
  return out;
}

function pointerLine(bottom) {
  if (state.pointer === undefined) return "";
  const at = state.pointer;
  return `<line x1="${at}" x2="${at}" y1="${SIZE.top}" y2="${bottom}" stroke="var(--ink)" stroke-dasharray="2 3"/>`;
}

/** The figures in the key: under the pointer, or the newest that are likely complete. */
function legend(chart, buckets, points) {
  let index = points.length - 2;
  if (state.pointer !== undefined)
    index = buckets.findLastIndex((b) => x(b.id * state.setup.bucketMs) <= state.pointer);
  const values = points[index];
  const spans = chart.series.map((one, s) => {
    const value = values ? chart.format(values[s] ?? null) : "–";
    return `<span class="${one.thin ? "thin" : ""}" style="--c: ${one.color}">${one.name} <span class="value">${value}</span></span>`;
  });
  $(".key", chart.element).innerHTML = spans.join("");
}
