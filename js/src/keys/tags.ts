/** Tags: names by which entries are invalidated. The core knows them by hash. */

import { MOST_TAGS } from "../core/abi.js";
import type { TagHashes } from "../model/tagged.js";
import { ConfigError } from "../util/errors.js";
import { refuseAsync, settled } from "../util/user-functions.js";
import { compileTemplate } from "./template.js";

/** A policy's compiled `tags` option. */
export interface CompiledTags {
  /** The tags of an entry by the call's arguments; undefined if they do not determine them. */
  readonly ofArgs: ((args: readonly unknown[]) => readonly string[]) | undefined;
  /** The tags of a value, as the user's function returns them: may return anything, or throw. */
  readonly ofValue: ((value: unknown, args: readonly unknown[]) => unknown) | undefined;
}

const ALLOWED = "a list of tags, each a string that is not empty";

/** True if a value can be a tag's name. */
export function isTag(name: unknown): name is string {
  return typeof name === "string" && name !== "";
}

/**
 * Returns a checked list of tags.
 * @throws ConfigError naming the value that is no tag
 */
export function tagNames(value: unknown, option = "tags"): readonly string[] {
  if (!Array.isArray(value)) throw new ConfigError(option, value, ALLOWED);
  const names: unknown[] = Array.from(value);
  const wrong = names.findIndex((name) => !isTag(name));
  if (wrong >= 0) throw new ConfigError(`${option}[${wrong}]`, names[wrong], ALLOWED);
  return names as string[];
}

/**
 * Returns the checked tags of one entry.
 * @throws ConfigError naming the value that is no tag, or the maximum number of tags
 */
export function entryTags(value: unknown): readonly string[] {
  const names = tagNames(value);
  if (names.length <= MOST_TAGS) return names;
  throw new ConfigError("tags", `${names.length} tags`, `at most ${MOST_TAGS} for an entry`);
}

/**
 * Compiles option `tags`: names, templates over the arguments if `templates` is true, or a
 * function.
 * @throws ConfigError naming the wrong template
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
 * Returns the tags of a value by a policy.
 * @throws what the policy's function throws; ConfigError if it returns no list of tags
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
 * Returns the tag that a template makes of these arguments, as option `tags` of `wrap` does:
 * `tag("org:{0}", id)`. Inserted text is escaped, so it cannot become another tag.
 * @throws ConfigError for a wrong template, or an argument that cannot be part of a tag
 */
export function tag(template: string, ...args: readonly unknown[]): string {
  return compileTemplate(template, "tag")(args);
}

/** Returns the hashes of a namespace's tags. */
export function hashTags(namespace: string, names: readonly string[]): TagHashes {
  return Float64Array.from(new Set(names), (name) =>
    hash(`${namespace.length}:${namespace}${name}`),
  );
}

/**
 * Returns 53 bits of a string: cyrb53, by bryc (public domain). Stamps in stores are found by it,
 * so it must not change. Two names with one hash are invalidated together, which is the only effect
 * of a collision.
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
