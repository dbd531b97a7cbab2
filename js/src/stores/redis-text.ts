/** Answers of Redis as text. */

/** The text of a part that came as bytes or as text. */
export function textOf(part: unknown): string {
  return part instanceof Uint8Array ? new TextDecoder().decode(part) : String(part);
}
