// Anchors of headings, as forges make them, so that links to them hold in both places.

/** Returns the anchor of a heading. */
export function slugify(text) {
  return text
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, "")
    .replaceAll(" ", "-");
}
