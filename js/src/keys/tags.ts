/** Tags: names that entries carry, to be invalidated by. The core knows them by their hashes. */

import { MOST_TAGS } from "../core/abi.js";
import type { TagHashes } from "../model/tagged.js";
import { ConfigError } from "../util/errors.js";
import { refuseAsync, settled } from "../util/user-functions.js";
import { compileTemplate } from "./template.js";

/** What a policy says of the tags of its entries. */
export interface CompiledTags {
  /** The tags of what a call will bring, known from its arguments; undefined when they are not. */
  readonly ofArgs: ((args: readonly unknown[]) => readonly string[]) | undefined;
  /** The tags of a value. May give anything, or throw. */
  readonly ofValue: ((value: unknown, args: readonly unknown[]) => unknown) | undefined;
}

const ALLOWED = "a list of tags, each a string that is not empty";

/** True if it can be a tag's name. */
export function isTag(name: unknown): name is string {
  return typeof name === "string" && name !== "";
}

/**
 * A list of tags, checked.
 * @throws ConfigError naming what is no tag
 */
export function tagNames(value: unknown, option = "tags"): readonly string[] {
  if (!Array.isArray(value)) throw new ConfigError(option, value, ALLOWED);
  const names: unknown[] = Array.from(value);
  const wrong = names.findIndex((name) => !isTag(name));
  if (wrong >= 0) throw new ConfigError(`${option}[${wrong}]`, names[wrong], ALLOWED);
  return names as string[];
}

/**
 * The list of an entry's tags, checked.
 * @throws ConfigError naming what is no tag, or how many there may be
 */
export function entryTags(value: unknown): readonly string[] {
  const names = tagNames(value);
  if (names.length <= MOST_TAGS) return names;
  throw new ConfigError("tags", `${names.length} tags`, `at most ${MOST_TAGS} for an entry`);
}

/**
 * Compiles option `tags`: templates over the arguments where there are any, else names as they
 * are, or a function.
 * @throws ConfigError naming the template at fault
 */
export function compileTags(value: unknown, templates: boolean): CompiledTags | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "function") {
    refuseAsync(value, "tags", "(value, args) => string[]");
    return { ofArgs: undefined, ofValue: value as CompiledTags["ofValue"] };
  }
  const names = entryTags(value);
  if (names.length === 0) return undefined;
  if (!templates) return { ofArgs: () => names, ofValue: undefined };
  const written = names.map((name, index) => compileTemplate(name, `tags[${index}]`));
  return { ofArgs: (args) => written.map((write) => write(args)), ofValue: undefined };
}

/**
 * The tags of a value by a policy.
 * @throws what the policy's function throws, and ConfigError when it gives no list of tags
 */
export function tagsFor(
  tags: CompiledTags | undefined,
  value: unknown,
  args: readonly unknown[],
): readonly string[] {
  if (tags?.ofArgs !== undefined) return tags.ofArgs(args);
  return entryTags(settled(tags?.ofValue?.(value, args) ?? [], "tags", ALLOWED));
}

/**
 * The tag that a template gives for these arguments, as option `tags` of `wrap` writes it:
 * `tag("org:{0}", id)`. Text from elsewhere is escaped, so it cannot become another tag.
 * @throws ConfigError for a wrong template, or an argument that cannot be part of a tag
 */
export function tag(template: string, ...args: readonly unknown[]): string {
  return compileTemplate(template, "tag")(args);
}

/** The hashes of tags of a namespace. */
export function hashTags(namespace: string, names: readonly string[]): TagHashes {
  return Float64Array.from(new Set(names), (name) =>
    hash(`${namespace.length}:${namespace}${name}`),
  );
}

/**
 * 53 bits of a string: cyrb53, by bryc (public domain). The stamps in stores are found by it, so
 * it must stay as it is. Two names with one hash are invalidated together, and no worse.
 */
function hash(text: string): number {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    a = Math.imul(a ^ unit, 2654435761);
    b = Math.imul(b ^ unit, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return 4294967296 * (2097151 & b) + (a >>> 0);
}
