/** Keys of requests. */

import type { CompiledIgnore } from "../keys/key-ignore.js";
import { withoutQuery } from "../keys/key-ignore.js";

/** Most URLs, as callers write them, with a remembered key. */
const MOST_REMEMBERED = 1000;

/** Keys of plain URLs: making one takes longer than all the rest of a hit. */
export class UrlKeys {
  readonly #known = new Map<string, string>();
  readonly #ignore: CompiledIgnore | undefined;
  readonly #sorts: boolean;
  readonly #ending: string;

  /**
   * @param sorts whether the order of query parameters counts for nothing
   * @param ending what keys end with: see `HttpPlaces`
   */
  constructor(ignore: CompiledIgnore | undefined, sorts: boolean, ending: string) {
    this.#ignore = ignore;
    this.#sorts = sorts;
    this.#ending = ending;
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
    const hash = href.indexOf("#");
    const whole = hash < 0 ? href : href.slice(0, hash);
    const url = this.#ignore === undefined ? whole : withoutQuery(whole, this.#ignore.query);
    return `GET ${this.#sorts ? sorted(url) : url}${this.#ending}`;
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
 * The URL with its query sorted by name. The parameters stay as they are written: to an origin
 * `a=%20` and `a=+`, or `a` and `a=`, may be different.
 */
function sorted(whole: string): string {
  const start = whole.indexOf("?");
  if (start < 0 || !whole.includes("&", start)) return whole;
  const named = whole
    .slice(start + 1)
    .split("&")
    .map((parameter) => ({ parameter, name: parameter.split("=", 1)[0] ?? "" }));
  named.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return `${whole.slice(0, start + 1)}${named.map(({ parameter }) => parameter).join("&")}`;
}
