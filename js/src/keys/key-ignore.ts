/** The `ignore` option: parts of a call that do not belong to its key. */

import { ConfigError } from "../util/errors.js";
import type { IgnoredMembers } from "./key-encode.js";

/** A checked `ignore` option. */
export interface CompiledIgnore {
  /** Whole arguments left out, by index. */
  readonly indexes: ReadonlySet<number>;
  /** Members left out of arguments. */
  readonly members: ReadonlyMap<number, IgnoredMembers>;
  /** Query parameters left out of a URL; only for `fetch`. */
  readonly query: readonly string[];
}

type Tree = Map<string, Tree | true>;

const MEMBER = /^(0|[1-9]\d{0,8})((?:\.[^.]+)+)$/;

/** Adds a path to the tree; an ignored member covers everything inside it. */
function plant(tree: Tree, path: readonly string[]): void {
  let at = tree;
  for (const [index, name] of path.entries()) {
    const next = at.get(name);
    if (next === true) return;
    if (index === path.length - 1) {
      at.set(name, true);
      return;
    }
    const inner: Tree = next ?? new Map();
    at.set(name, inner);
    at = inner;
  }
}

function badEntry(value: unknown, where: "arguments" | "query", index: number): ConfigError {
  const allowed =
    where === "query"
      ? 'the whole name of a query parameter, like "_dc"'
      : 'the index of an argument, like 1, or the path of a member, like "2.traceId"';
  return new ConfigError(`ignore[${index}]`, value, allowed);
}

function compileArguments(entries: readonly unknown[]): CompiledIgnore {
  const indexes = new Set<number>();
  const members = new Map<number, Tree>();
  entries.forEach((entry, position) => {
    if (typeof entry === "number" && Number.isSafeInteger(entry) && entry >= 0) {
      indexes.add(entry);
      return;
    }
    const [, index, path] = (typeof entry === "string" && MEMBER.exec(entry)) || [];
    if (index === undefined || path === undefined) throw badEntry(entry, "arguments", position);
    const tree: Tree = members.get(Number(index)) ?? new Map();
    members.set(Number(index), tree);
    plant(tree, path.slice(1).split("."));
  });
  return { indexes, members, query: [] };
}

function compileQuery(entries: readonly unknown[]): CompiledIgnore {
  const query = entries.map((entry, position) => {
    if (typeof entry !== "string" || entry === "") throw badEntry(entry, "query", position);
    return entry;
  });
  return { indexes: new Set(), members: new Map(), query };
}

/**
 * Compiles an `ignore` option. Arguments are named by index (`1`) or member path (`"2.traceId"`,
 * also through arrays: `"0.items.3"`), query parameters of `fetch` by name. Returns undefined for
 * an empty list.
 * @throws ConfigError naming the bad entry
 */
export function compileIgnore(
  ignore: unknown,
  where: "arguments" | "query" = "arguments",
): CompiledIgnore | undefined {
  if (!Array.isArray(ignore)) {
    const entry = where === "query" ? '["_dc"]' : '[1, "2.traceId"]';
    throw new ConfigError("ignore", ignore, `a list, like ${entry}`);
  }
  const entries: unknown[] = Array.from(ignore);
  if (entries.length === 0) return undefined;
  return where === "query" ? compileQuery(entries) : compileArguments(entries);
}

function decodedName(parameter: string): string {
  const [name = ""] = parameter.split("=", 1);
  try {
    return decodeURIComponent(name.replaceAll("+", " "));
  } catch {
    return name; // malformed percent-encoding stands for itself
  }
}

/**
 * Returns the URL without the query parameters of these decoded names. Whole names only: `a` does
 * not match `data=1`. The rest stays as it is written.
 */
export function withoutQuery(url: string, names: readonly string[]): string {
  const hash = url.indexOf("#");
  const end = hash < 0 ? url.length : hash;
  const start = url.indexOf("?");
  if (start < 0 || start > end) return url;
  const parameters = url.slice(start + 1, end).split("&");
  const kept = parameters.filter((one) => one === "" || !names.includes(decodedName(one)));
  if (kept.length === parameters.length) return url;
  const query = kept.length === 0 ? "" : `?${kept.join("&")}`;
  return url.slice(0, start) + query + url.slice(end);
}
