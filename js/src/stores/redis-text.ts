/** Text in answers of Redis. */

import { isBytes } from "../util/bytes.js";

/** Returns the text of a part, bytes or text. */
export function textOf(part: unknown): string {
  return isBytes(part) ? new TextDecoder().decode(part) : String(part);
}
