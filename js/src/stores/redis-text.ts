/** Answers of Redis as text. */

import { isBytes } from "../util/bytes.js";

/** The text of a part that came as bytes or as text. */
export function textOf(part: unknown): string {
  return isBytes(part) ? new TextDecoder().decode(part) : String(part);
}
