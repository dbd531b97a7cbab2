/** The fields in which proxies tell how they were asked. */

/** The fields in which they do. */
export const FORWARDED: readonly string[] = [
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-proto",
];

/** A line of a head with one of them; hosts give names in lower case. */
const LINE = /^x-forwarded-(host|port|proto): (.*)$/gm;
const PORTS: Record<string, string> = { "http:": "80", "https:": "443" };

/**
 * Returns a `Vary` that the answer to a request has without saying so, as a line of a head: where a
 * field says something else than the URL does, frameworks may take their own URL from it, and
 * whether this one does is not to be seen from outside. Empty where all say the same, as on
 * Workers, whose requests have `X-Forwarded-Proto`.
 */
export function forwardedVary({
  head,
  url,
}: {
  readonly head: string;
  readonly url: string;
}): string {
  if (!head.includes("x-forwarded-")) return ""; // Asked for each hit: this is the quick way.
  for (const [, part, said] of head.matchAll(LINE)) {
    if (said !== told(url, part)) return `vary: ${FORWARDED}\n`;
  }
  return "";
}

/** The host, the port or the scheme of a URL. */
function told(url: string, part: string | undefined): string | undefined {
  const { host, port, protocol } = new URL(url);
  if (part === "host") return host;
  return part === "port" ? port || PORTS[protocol] : protocol.slice(0, -1);
}
