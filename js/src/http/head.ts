/** Heads as the core reads them: lines `name: value\n`. */

import type { Line } from "../model/http-head.js";

/** The head that these lines are. */
export function headOf(lines: Iterable<Line>): string {
  let head = "";
  for (const [name, value] of lines) head += `${name}: ${value}\n`;
  return head;
}

/** The lines of a head that the core gave. */
export function linesOf(head: string): Line[] {
  const lines: Line[] = [];
  for (const line of head.split("\n")) {
    const colon = line.indexOf(": ");
    if (colon > 0) lines.push([line.slice(0, colon), line.slice(colon + 2)]);
  }
  return lines;
}
