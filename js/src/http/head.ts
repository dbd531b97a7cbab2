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

/** The value of the first line of a name, which is in lower case. */
export function fieldOf(lines: Iterable<Line>, wanted: string): string | undefined {
  for (const [name, value] of lines) if (name.toLowerCase() === wanted) return value;
  return undefined;
}
