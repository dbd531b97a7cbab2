// Pictures that follow the reader's colour scheme, as two that follow none.

const DARK = /@media \(prefers-color-scheme: dark\) \{([\s\S]*?)\n(\s*)\}(?=\n)/;

/** Returns a picture as it looks in light and in dark. */
export function themed(svg) {
  const found = DARK.exec(svg);
  if (found === null) return { light: svg, dark: svg };
  return { light: svg.replace(DARK, ""), dark: svg.replace(DARK, found[1]) };
}
