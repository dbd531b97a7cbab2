/**
 * Keys as text that survives UTF-8.
 *
 * UTF-8 has no word for lone surrogates: all of them become U+FFFD. So each is written as U+FFFD
 * and its four hexadecimal digits, and U+FFFD itself likewise. Different keys stay different, and
 * what keys begin with stays what they begin with.
 */

const MARK = "\ufffd";

/** The text that stands for a key; the key itself, for nearly all. */
export function keyToText(key: string): string {
  return key.replace(/[\p{Surrogate}\ufffd]/gu, (unit) => MARK + hex(unit));
}

/** The key that a text stands for. */
export function textToKey(text: string): string {
  return text.replace(/\ufffd([0-9a-f]{4})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}

function hex(unit: string): string {
  return unit.charCodeAt(0).toString(16).padStart(4, "0");
}
