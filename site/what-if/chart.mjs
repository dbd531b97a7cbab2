// The policies as points: calls of the origin that each saves, by how old its answers get.

import { drawn } from "./elements.mjs";
import { answered, percent, policyText, saved, time } from "./texts.mjs";

// Narrow, so that its words can be read on a phone.
const WIDTH = 440;
const HEIGHT = 280;
const LEFT = 48;
const BOTTOM = 44;
const TOP = 12;
const AGES = [1000, 10_000, 60_000, 600_000, 3_600_000, 36_000_000, 86_400_000, 864_000_000];
/** The part of visitors with an answer in the outage from which on a policy has survived it. */
const SURVIVED = 0.9;

/** Makes the chart of a report. */
export function chart(report) {
  const oldest = Math.max(2000, ...report.policies.map(({ all }) => all.ageP99));
  const scale = Math.log(oldest * 1.3);
  const across = (age) =>
    LEFT +
    14 +
    ((WIDTH - LEFT - 28) * Math.log(Math.max(age, 1000) / 1000)) / (scale - Math.log(1000));
  const up = (part) => HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * part;
  const points = report.policies.map((row, place) => point(row, place, report, across, up));
  // The recommended one is drawn last, above others at its place.
  points.push(...points.splice(report.advice.row, 1));
  const best = report.policies[report.advice.row];
  const label =
    `${report.policies.length} policies by the calls of the origin they save and the age of their ` +
    `answers; the recommended one saves ${percent(saved(best.all))}, with ages up to ${time(best.all.ageP99)}`;
  return drawn(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label },
    ...[0, 0.25, 0.5, 0.75, 1].map((part) => rule(part, up(part))),
    ...AGES.filter((age) => age <= oldest * 1.3).map((age) =>
      drawn(
        "text",
        { x: across(age), y: HEIGHT - BOTTOM + 18, "text-anchor": "middle" },
        time(age),
      ),
    ),
    drawn(
      "text",
      { x: WIDTH / 2, y: HEIGHT - 6, "text-anchor": "middle" },
      "age of answers, of all but 1 %",
    ),
    ...points,
  );
}

function rule(part, y) {
  const line = drawn("line", { x1: LEFT, x2: WIDTH - 4, y1: y, y2: y });
  const text = drawn("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, `${100 * part} %`);
  return drawn("g", {}, line, text);
}

function point(row, place, report, across, up) {
  const { policy, all, inOutage } = row;
  const hasSurvived = inOutage !== null && answered(inOutage) >= SURVIVED;
  const isAdvised = place === report.advice.row;
  const kind = `${hasSurvived ? "survived" : "failed"}${isAdvised ? " advised" : ""}`;
  const [x, y] = [across(all.ageP99), up(saved(all))];
  const title = drawn("title", {}, `${policyText(policy)}: ${percent(saved(all))} saved`);
  // A shape for each kind, as colours alone are none for many readers.
  const mark = hasSurvived
    ? drawn("circle", { cx: x, cy: y, r: isAdvised ? 8 : 5, class: kind }, title)
    : drawn("path", { d: `M${x - 5} ${y - 5}l10 10m0 -10l-10 10`, class: kind }, title);
  return mark;
}
