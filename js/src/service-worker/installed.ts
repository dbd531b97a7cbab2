/** Storage of installed files: the browser's CacheStorage, or memory where a host has none. */

/** The used part of `Cache`. */
export interface InstalledFiles {
  match(url: string): Promise<Response | undefined>;
  put(url: string, response: Response): Promise<void>;
}

/** The used part of `CacheStorage`. */
export interface InstalledCaches {
  open(name: string): Promise<InstalledFiles>;
  keys(): Promise<readonly string[]>;
  delete(name: string): Promise<boolean>;
}

declare const caches: CacheStorage | undefined;

/** Returns this host's storage. */
export function installedCaches(): InstalledCaches {
  return typeof caches === "undefined" ? new MemoryCaches() : new BrowserCaches(caches);
}

/** Caches that match by URL alone: every page gets the same file, whatever `Vary` says. */
class BrowserCaches implements InstalledCaches {
  readonly #caches: CacheStorage;

  constructor(browser: CacheStorage) {
    this.#caches = browser;
  }

  async open(name: string): Promise<InstalledFiles> {
    const cache = await this.#caches.open(name);
    return {
      match: (url) => cache.match(url, { ignoreVary: true }),
      put: (url, response) => cache.put(url, response),
    };
  }

  keys(): Promise<readonly string[]> {
    return this.#caches.keys();
  }

  delete(name: string): Promise<boolean> {
    return this.#caches.delete(name);
  }
}

/** Files of a host without CacheStorage, kept as long as the process. */
class MemoryCaches implements InstalledCaches {
  readonly #caches = new Map<string, Map<string, Response>>();

  async open(name: string): Promise<InstalledFiles> {
    const files = this.#caches.get(name) ?? new Map<string, Response>();
    this.#caches.set(name, files);
    return {
      match: async (url) => files.get(url)?.clone(),
      put: async (url, response) => {
        const body = await response.arrayBuffer();
        files.set(url, new Response(body, response));
      },
    };
  }

  async keys(): Promise<readonly string[]> {
    return [...this.#caches.keys()];
  }

  async delete(name: string): Promise<boolean> {
    return this.#caches.delete(name);
  }
}
