/**
 * Files installed with a version of the service worker and kept apart from the cache, so that no
 * header, policy or full store drops them.
 *
 * Each install loads into a version of its own. A page keeps the files of the worker that controls
 * it; the next version is used from `activate` on, which drops earlier ones.
 */

import { ConfigError } from "../util/errors.js";
import { readOptions } from "../util/options.js";
import type { InstalledCaches, InstalledFiles } from "./installed.js";

/** A file to load before the first request. */
export type PrecacheEntry =
  | string
  | {
      /** An absolute URL, or one relative to the worker's origin. */
      readonly url: string;
      /**
       * Changes with the file: a hash of it, as build tools write. Null if the URL changes with the
       * file.
       */
      readonly revision: string | null;
    };

/** A compiled entry. */
interface InstalledFile {
  /** Without fragment. */
  readonly url: string;
  readonly revision: string | null | undefined;
}

/** The installed versions: the one in use, and the latest. */
interface Versions {
  readonly active?: string;
  readonly waiting?: string;
}

/** The address of the record of versions. */
const VERSIONS = "https://precache.holdover.invalid/versions";
const REVISIONS = "https://precache.holdover.invalid/revisions";

const asResponse = (value: unknown): Response => new Response(JSON.stringify(value));

/** The precached files of one service worker. */
export class Precache {
  readonly #files: ReadonlyMap<string, InstalledFile>;
  readonly #caches: InstalledCaches;
  readonly #prefix: string;
  #current: Promise<InstalledFiles | undefined> | undefined;

  /** @param scope the worker's: other workers of the same origin have files of their own */
  constructor(files: readonly InstalledFile[], caches: InstalledCaches, scope: string) {
    this.#files = new Map(files.map((file) => [file.url, file]));
    this.#caches = caches;
    this.#prefix = `holdover-precache ${scope}`;
  }

  /** Returns the file at a request's URL; undefined if there is none. */
  fileFor({ method, url }: Request): InstalledFile | undefined {
    return method === "GET" || method === "HEAD"
      ? this.#files.get(withoutFragment(url))
      : undefined;
  }

  /** Returns the URLs of files without a revision. */
  get unversioned(): string[] {
    const files = [...this.#files.values()];
    return files.filter(({ revision }) => revision === undefined).map(({ url }) => url);
  }

  /**
   * Loads every file, bypassing the browser's HTTP cache; a file already installed with its
   * revision is copied.
   * @throws Error if a file cannot be loaded, TypeError if the network fails
   */
  async install(fetch: typeof globalThis.fetch): Promise<void> {
    if (this.#files.size === 0) return;
    const { active, waiting } = await this.#versions();
    const version = crypto.getRandomValues(new Uint32Array(4)).join("-");
    try {
      const before = await this.#known(active);
      const files = await this.#caches.open(this.#named(version));
      const load = (file: InstalledFile) => this.#load(file, files, before, fetch);
      await Promise.all([...this.#files.values()].map(load));
      const revisions = [...this.#files.values()].map(({ url, revision }) => [url, revision]);
      await files.put(REVISIONS, asResponse(Object.fromEntries(revisions)));
    } catch (error) {
      await this.#caches.delete(this.#named(version));
      throw error;
    }
    await this.#saveVersions({ ...(active !== undefined && { active }), waiting: version });
    if (waiting !== undefined) await this.#caches.delete(this.#named(waiting));
  }

  /** Puts the latest version in use and drops all older ones. */
  async activate(): Promise<void> {
    const { active, waiting } = await this.#versions();
    const isEmpty = this.#files.size === 0;
    const version = isEmpty ? undefined : (waiting ?? active);
    if (version !== undefined) await this.#saveVersions({ active: version });
    this.#current = undefined;
    const kept = version === undefined ? [] : [this.#prefix, this.#named(version)];
    const names = (await this.#caches.keys()).filter((name) => this.#isOwn(name));
    await Promise.all(
      names.filter((name) => !kept.includes(name)).map((name) => this.#caches.delete(name)),
    );
  }

  /** Returns the installed response of a file; undefined if it is missing. */
  async response(url: string): Promise<Response | undefined> {
    this.#current ??= this.#open();
    return (await this.#current)?.match(url);
  }

  async #open(): Promise<InstalledFiles | undefined> {
    const { active, waiting } = await this.#versions();
    const version = active ?? waiting;
    return version === undefined ? undefined : this.#caches.open(this.#named(version));
  }

  /** Returns the files of the version in use, by revision. */
  async #known(
    version: string | undefined,
  ): Promise<(file: InstalledFile) => Promise<Response | undefined>> {
    if (version === undefined) return async () => undefined;
    const files = await this.#caches.open(this.#named(version));
    const revisions = (await jsonOf(await files.match(REVISIONS))) as Record<string, unknown>;
    return async ({ url, revision }) =>
      revision !== undefined && Object.hasOwn(revisions, url) && revisions[url] === revision
        ? files.match(url)
        : undefined;
  }

  async #load(
    file: InstalledFile,
    files: InstalledFiles,
    before: (file: InstalledFile) => Promise<Response | undefined>,
    fetch: typeof globalThis.fetch,
  ): Promise<void> {
    const { url } = file;
    const known = await before(file);
    if (known !== undefined) return files.put(url, known);
    const response = await fetch(url, { cache: "reload", credentials: "same-origin" });
    if (!response.ok) throw new Error(`${url} could not be installed: ${response.status}`);
    await files.put(url, storable(response));
  }

  async #versions(): Promise<Versions> {
    const cache = await this.#caches.open(this.#prefix);
    const { active, waiting } = (await jsonOf(await cache.match(VERSIONS))) as Versions;
    return {
      ...(typeof active === "string" && { active }),
      ...(typeof waiting === "string" && { waiting }),
    };
  }

  async #saveVersions(versions: Versions): Promise<void> {
    const cache = await this.#caches.open(this.#prefix);
    await cache.put(VERSIONS, asResponse(versions));
    this.#current = undefined;
  }

  #named(version: string): string {
    return `${this.#prefix} ${version}`;
  }

  /** True for a cache of this scope: those of `/a/ b` do not belong to `/a/`. */
  #isOwn(name: string): boolean {
    return name === this.#prefix || /^ [\d-]+$/.test(name.slice(this.#prefix.length))
      ? name.startsWith(this.#prefix)
      : false;
  }
}

/**
 * Compiles option `precache`.
 * @throws ConfigError naming the wrong entry
 */
export function compilePrecache(precache: unknown, base: string | undefined): InstalledFile[] {
  if (precache === undefined) return [];
  if (Array.isArray(precache)) return precache.map((entry, index) => compile(entry, index, base));
  throw new ConfigError("precache", precache, "a list of URLs, or of { url, revision }");
}

function compile(entry: unknown, index: number, base: string | undefined): InstalledFile {
  const option = `precache[${index}]`;
  if (typeof entry === "string") return { url: absolute(entry, option, base), revision: undefined };
  const { url, revision } = readOptions(entry, { of: option, known: ["url", "revision"] });
  if (revision !== null && (typeof revision !== "string" || revision === "")) {
    throw new ConfigError(`${option}.revision`, revision, "text, or null");
  }
  return { url: absolute(url, `${option}.url`, base), revision };
}

/**
 * Returns an absolute URL.
 * @throws ConfigError if it is no http or https URL
 */
export function absolute(url: unknown, option: string, base: string | undefined): string {
  const href = typeof url === "string" ? resolved(url, base) : undefined;
  if (href !== undefined && /^https?:/.test(href)) return withoutFragment(href);
  throw new ConfigError(option, url, "a URL, or a path of this origin");
}

function resolved(url: string, base: string | undefined): string | undefined {
  try {
    return new URL(url, base).href;
  } catch {
    return undefined;
  }
}

/** Removes `Vary`: CacheStorage refuses `Vary: *`. */
function storable(response: Response): Response {
  if (!/\*/.test(response.headers.get("vary") ?? "")) return response;
  const headers = new Headers(response.headers);
  headers.delete("vary");
  const { status, statusText } = response;
  return new Response(response.body, { status, statusText, headers });
}

async function jsonOf(response: Response | undefined): Promise<object> {
  try {
    return Object((await response?.json()) ?? {});
  } catch {
    return {}; // A foreign value counts as none.
  }
}

function withoutFragment(url: string): string {
  const hash = url.indexOf("#");
  return hash < 0 ? url : url.slice(0, hash);
}
