// The policies and their figures as a table, which its headings sort.

import { element } from "./elements.mjs";
import { answered, count, percent, room, size, time } from "./texts.mjs";

const inOutage = (of) => (row) => (row.inOutage === null ? -1 : of(row.inOutage));
const policyTime = (name) => [(row) => spanOf(row.policy[name]), (row) => row.policy[name]];

/** Headings, each with a number to sort by and the text to show. */
const COLUMNS = {
  ttl: policyTime("ttl"),
  memory: [(row) => row.policy.maxEntries ?? row.place, (row) => room(row.policy)],
  eviction: [(row) => (row.policy.eviction === "lru" ? 0 : 1), (row) => row.policy.eviction],
  "stale while revalidate": policyTime("staleWhileRevalidate"),
  "stale if error": policyTime("staleIfError"),
  hits: [({ all }) => all.hitRatio, ({ all }) => percent(all.hitRatio)],
  errors: [({ all }) => all.errors, ({ all }) => count(all.errors)],
  "origin calls": [({ all }) => all.originCalls, ({ all }) => count(all.originCalls)],
  "origin bytes": [({ all }) => all.originBytes, ({ all }) => size(all.originBytes)],
  "wait, 99 %": [({ all }) => all.waitP99, ({ all }) => time(all.waitP99)],
  "age, half": [({ all }) => all.ageP50, ({ all }) => time(all.ageP50)],
  "age, 99 %": [({ all }) => all.ageP99, ({ all }) => time(all.ageP99)],
  "outage: answered": [inOutage(answered), outageText((one) => percent(answered(one)))],
  "outage: errors": [inOutage(({ errors }) => errors), outageText(({ errors }) => count(errors))],
  "outage: oldest": [inOutage(({ ageMax }) => ageMax), outageText(({ ageMax }) => time(ageMax))],
};
/** The number of columns that tell of a policy, not of what it did. */
const OF_POLICY = 5;

function outageText(text) {
  return ({ inOutage: one }) => (one === null ? "–" : text(one));
}

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Returns a time as options take it, `1h30m`, in milliseconds. */
function spanOf(text) {
  if (text === "forever") return Number.POSITIVE_INFINITY;
  const parts = [...text.matchAll(/(\d+)(ms|[smhd])/g)];
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * UNITS[unit], 0);
}

/** Makes the table of a report. */
export function table(report) {
  const rows = report.policies.map((row, place) => ({ ...row, place }));
  const body = element("tbody");
  const headings = Object.entries(COLUMNS).map(([name, [number]]) => {
    const button = element("button", { type: "button" }, name);
    const heading = element("th", { scope: "col" }, button);
    button.addEventListener("click", () => {
      const descends = heading.getAttribute("aria-sort") === "ascending";
      for (const other of headings) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", descends ? "descending" : "ascending");
      rows.sort((one, two) => (number(one) - number(two)) * (descends ? -1 : 1));
      body.replaceChildren(...rows.map(lineOf));
    });
    return heading;
  });
  const lineOf = (row) => {
    const isAdvised = row.place === report.advice.row;
    const cells = Object.values(COLUMNS).map(([, text]) => element("td", {}, text(row)));
    if (isAdvised) cells[0].prepend("★ ");
    return element("tr", isAdvised ? { class: "advised" } : {}, ...cells);
  };
  body.append(...rows.map(lineOf));
  const without = { all: report.withoutCache, inOutage: report.withoutCacheInOutage };
  const none = Object.values(COLUMNS).map(([, text], nth) =>
    nth < OF_POLICY
      ? element("td", {}, nth === 0 ? "no cache" : "")
      : element("td", {}, text(without)),
  );
  return element(
    "table",
    {},
    element("caption", {}, "All policies; ★ is the recommended one. Headings sort."),
    element("thead", {}, element("tr", {}, ...headings)),
    body,
    element("tfoot", {}, element("tr", {}, ...none)),
  );
}
