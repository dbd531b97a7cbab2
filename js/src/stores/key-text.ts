/**
 * Keys as text that survives UTF-8.
 *
 * UTF-8 cannot encode lone surrogates: all of them become U+FFFD. Each is therefore written as
 * U+FFFD and its four hexadecimal digits, and U+FFFD itself likewise. Different keys stay
 * different, and prefixes stay prefixes.
 */

const MARK = "\ufffd";

/** Returns the text for a key; nearly always the key itself. */
export function keyToText(key: string): string {
  return key.replace(/[\p{Surrogate}\ufffd]/gu, (unit) => MARK + hex(unit));
}

/** Returns the key of a text. */
export function textToKey(text: string): string {
  return text.replace(/\ufffd([0-9a-f]{4})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}

function hex(unit: string): string {
  return unit.charCodeAt(0).toString(16).padStart(4, "0");
}
