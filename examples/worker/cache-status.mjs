// Reads holdover's `Cache-Status` header (RFC 9211).

/** Where an answer can come from, in the order in which they are shown. */
export const SOURCES = ["hit", "stale", "load", "coalesced", "failover", "error-fallback"];

/** The source that the header names, or "unknown" when it is none of these. */
export function sourceOf(header) {
  const member = (header ?? "")
    .split(",")
    .map((text) => text.trim())
    .findLast((text) => text.split(";")[0] === "holdover");
  if (!member) return "unknown";
  const params = parameters(member);
  if (params.has("collapsed")) return "coalesced";
  if (params.has("fwd")) return params.get("fwd") === "bypass" ? "unknown" : "load";
  if (!params.has("hit")) return "unknown";
  const detail = params.get("detail") ?? "hit";
  return SOURCES.includes(detail) ? detail : "unknown";
}

function parameters(member) {
  const pairs = member.split(";").slice(1);
  return new Map(
    pairs.map((pair) => {
      const [name, value = "true"] = pair.trim().split("=");
      return [name, value.replaceAll('"', "")];
    }),
  );
}
