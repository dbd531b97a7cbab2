/** What a part says of itself. */

/** The status of a part. */
export const PARTIAL_CONTENT = 206;

/** How many bytes a part says it has (RFC 9110 §14.4); undefined for no part, or several. */
export function sizeOfPart({ status, headers }: Response): number | undefined {
  const range = headers.get("content-range") ?? "";
  const [, first, last, total] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i.exec(range) ?? [];
  if (status !== PARTIAL_CONTENT || Number(last) >= Number(total)) return undefined;
  const size = Number(last) - Number(first) + 1;
  return size > 0 ? size : undefined;
}
