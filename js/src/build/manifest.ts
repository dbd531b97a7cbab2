/** The list of a build's files for `precache`, which the plugins of bundlers put into a worker. */

import { ConfigError } from "../util/errors.js";
import { optionalFunction, readOptions } from "../util/options.js";

/** Options of `precachePlugin`. */
export interface PrecachePluginOptions {
  /** The source of the service worker, relative to the root of the project. */
  readonly worker: string;
  /** The name of the built worker, without a hash: its URL must stay. Default `"sw.js"`. */
  readonly fileName?: string | undefined;
  /** The path or URL that the files are served below. Default: the bundler's own, or `"/"`. */
  readonly base?: string | undefined;
  /**
   * True for files, by their path in the output, that are precached. Default: all but source maps,
   * licence texts and hidden files. The worker itself never is.
   */
  readonly include?: ((path: string) => boolean) | undefined;
}

/** A built file. */
export interface BuiltFile {
  readonly path: string;
  readonly content: string | Uint8Array;
  /** True if its name changes with its content. */
  readonly isHashed: boolean;
}

/** Checked options. */
export interface CompiledPluginOptions {
  readonly worker: string;
  readonly fileName: string;
  readonly base: string | undefined;
  readonly include: (path: string) => boolean;
}

/** The text in a worker's source that stands for the list. */
const PLACEHOLDER = "self.__HOLDOVER_PRECACHE";
const LEFT_OUT = /(?:^|\/)\.|\.map$|\.LICENSE\.txt$/;
/** Digits of a revision: enough to tell versions of one file apart. */
const DIGITS = 20;

/**
 * Checks the options of a plugin.
 * @throws ConfigError naming the wrong option
 */
export function compilePluginOptions(options: PrecachePluginOptions): CompiledPluginOptions {
  const { worker, fileName, base, include } = readOptions(options, {
    of: "precachePlugin",
    known: ["worker", "fileName", "base", "include"],
  });
  if (base !== undefined && !(typeof base === "string" && isBase(base))) {
    throw new ConfigError(
      "base",
      base,
      'a path like "/" or "/app/", or a URL; with "/" at its end',
    );
  }
  return {
    worker: named(worker, "worker"),
    fileName: fileName === undefined ? "sw.js" : named(fileName, "fileName"),
    base,
    include:
      optionalFunction<(path: string) => boolean>(include, "include", "(path) => boolean") ??
      ((path) => !LEFT_OUT.test(path)),
  };
}

function named(value: unknown, option: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw new ConfigError(option, value, "the path of a file");
}

const isBase = (base: string): boolean => /^(?:\/|https?:\/\/).*$/.test(base) && base.endsWith("/");

/**
 * Returns a worker's code with the list of files in it.
 * @param base where the bundler says that files are served
 * @throws Error if the code has no place for the list
 */
export async function withManifest(
  code: string,
  files: readonly BuiltFile[],
  options: CompiledPluginOptions,
  base: unknown,
): Promise<string> {
  if (!code.includes(PLACEHOLDER)) {
    throw new Error(`${options.worker} has no ${PLACEHOLDER}, the list of files to precache`);
  }
  const own = typeof base === "string" && isBase(base) ? base : "/";
  const kept = files.filter(({ path }) => path !== options.fileName && options.include(path));
  const sorted = [...kept].sort((one, other) => (one.path < other.path ? -1 : 1));
  const entries = await Promise.all(sorted.map((file) => entryOf(file, options.base ?? own)));
  return code.split(PLACEHOLDER).join(JSON.stringify(entries));
}

async function entryOf({ path, content, isHashed }: BuiltFile, base: string) {
  // A host serves it at its folder.
  const url =
    base + encodeURI(path.replace(/(^|\/)index\.html$/, "$1")).replace(/[?#]/g, encodeURIComponent);
  return { url, revision: isHashed ? null : await digestOf(content) };
}

async function digestOf(content: string | Uint8Array): Promise<string> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content.slice();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as BufferSource));
  const hex = [...digest].map((byte) => byte.toString(16).padStart(2, "0"));
  return hex.join("").slice(0, DIGITS);
}
