/** Keys of requests. */

import type { CompiledIgnore } from "../key-ignore.js";
import { withoutQuery } from "../key-ignore.js";

/** How many URLs, as callers write them, have their keys remembered. */
const MOST_REMEMBERED = 1000;

/** Keys of plain URLs: making one takes longer than all the rest of a hit. */
export class UrlKeys {
  readonly #known = new Map<string, string>();
  readonly #ignore: CompiledIgnore | undefined;

  constructor(ignore: CompiledIgnore | undefined) {
    this.#ignore = ignore;
  }

  /** The key of an absolute http URL; undefined when it is none, or has credentials. */
  of(url: string): string | undefined {
    const known = this.#known.get(url);
    if (known !== undefined) return known;
    if (!/^https?:\/\//i.test(url)) return undefined;
    const parsed = parse(url);
    if (parsed === undefined || parsed.username !== "" || parsed.password !== "") return undefined;
    const key = this.keyOf(parsed.href);
    if (this.#known.size >= MOST_REMEMBERED) this.#known.clear();
    this.#known.set(url, key);
    return key;
  }

  /** The key of a URL that the host has normalised. */
  keyOf(href: string): string {
    return `GET ${sorted(this.#ignore === undefined ? href : withoutQuery(href, this.#ignore.query))}`;
  }
}

function parse(url: string): URL | undefined {
  try {
    return new URL(url);
  } catch {
    return undefined;
  }
}

/**
 * The URL without its fragment and with its query sorted by name. The parameters stay as they are
 * written: to an origin `a=%20` and `a=+`, or `a` and `a=`, may be different.
 */
function sorted(url: string): string {
  const hash = url.indexOf("#");
  const whole = hash < 0 ? url : url.slice(0, hash);
  const start = whole.indexOf("?");
  if (start < 0 || !whole.includes("&", start)) return whole;
  const named = whole
    .slice(start + 1)
    .split("&")
    .map((parameter) => ({ parameter, name: parameter.split("=", 1)[0] ?? "" }));
  named.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return `${whole.slice(0, start + 1)}${named.map(({ parameter }) => parameter).join("&")}`;
}
