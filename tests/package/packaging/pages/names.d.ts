// The names that blocks of code use and do not declare: what a reader has. Each block is a module, so
// its own names come before these.

interface User {
  id: number;
  name: string;
  org: string;
}

declare const API: string;
declare const url: string;
declare const request: Request;
declare const cache: import("holdover").Cache;
declare const stores: import("holdover").CacheOptions["stores"] & object;
declare const table: import("holdover").Store;
declare const client: Parameters<typeof import("holdover/stores/redis").redis>[0];
declare const fetchCached: import("holdover/fetch").CachedFetch;
declare const getUser: import("holdover").Wrapped<[{ id: number; org: string }], User>;
declare const meter: import("@opentelemetry/api").Meter;

declare function loadUser(id: number, org?: string): Promise<User>;
declare function loadPrice(item: string): Promise<number>;
declare function loadPrices(): Promise<number[]>;
declare function loadReport(name: string): Promise<string>;
declare function loadPage(path: string): Promise<{ products: number[] }>;
declare function fetchUser(id: number): Promise<User>;
declare function fetchRates(): Promise<number[]>;
declare function saveName(id: number, name: string): Promise<User>;
declare function render(request: Request, env: unknown): Promise<Response>;
declare function renderPage(request: Request): Promise<string>;

// A database, and what a page does with it.
declare const db: { user(id: number): Promise<User | null>; users: Rows };
type Rows = (ids: number[], options: { signal: AbortSignal }) => Promise<User[]>;
declare const ids: number[];
declare const newId: number;
declare const parts: string[];
declare const store: { write(part: string, options: { fence: number | undefined }): Promise<void> };
interface Row {
  record: Uint8Array;
}
declare const rows: {
  find(key: string): Promise<Row | undefined>;
  put(key: string, row: Row & { expiresIn: number }): Promise<void>;
  remove(key: string): Promise<void>;
};
declare function myStore(): import("holdover").Store;

// Hosts.
// biome-ignore lint/suspicious/noExplicitAny: bindings are of many kinds
declare const env: Record<string, any>;
declare const Deno: {
  openKv(): Promise<Parameters<typeof import("holdover/stores/deno-kv").denoKv>[0]>;
};
declare function getStore(
  name: string,
): ReturnType<Parameters<typeof import("holdover/stores/netlify-blobs").netlifyBlobs>[0]>;

// Service workers.
declare const routes: import("holdover/service-worker").Route[];
declare const precache: import("holdover/service-worker").PrecacheEntry[];
interface Window {
  readonly __HOLDOVER_PRECACHE: import("holdover/service-worker").PrecacheEntry[];
}
