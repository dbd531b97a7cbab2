// Tables of pages: their rows, and the code in their cells.

import { withoutFences } from "../pages.mjs";

/**
 * Returns the rows of a page's tables: the section, the text of the cells, and the codes in the last.
 * @param text the page
 */
export function rowsIn(text) {
  const rows = [];
  let section = "";
  for (const line of withoutFences(text).split("\n")) {
    const heading = /^#+ (.+)$/.exec(line);
    if (heading !== null) [, section] = heading;
    else if (line.startsWith("|")) rows.push({ section, cells: cellsOf(line), line });
  }
  // A heading is the row above the dashes.
  const isHeading = (at) => /^\|[-| ]+$/.test(rows[at + 1]?.line ?? "");
  const isRule = ({ line }) => /^\|[-| ]+$/.test(line);
  return rows
    .filter((row, at) => !isRule(row) && !isHeading(at))
    .map((row) => ({ ...row, codes: codesIn(row.cells.at(-1)) }));
}

/** Returns the cells of a row; a bar within code is no border. */
function cellsOf(line) {
  const cells = [""];
  for (const part of line.trim().match(/`[^`]*`|\||[^`|]+/g) ?? []) {
    if (part === "|") cells.push("");
    else cells[cells.length - 1] += part;
  }
  return cells.slice(1, -1).map((cell) => cell.trim());
}

const codesIn = (cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code);
