// Other people's packages that pages import and this project does not install. Their own types are
// held against ours in tests/platforms/stores and tests/package/types.

declare module "ioredis" {
  type Client = Parameters<typeof import("holdover/stores/redis").redis>[0] & {
    on(event: "error", listener: (error: Error) => void): void;
  };
  export const Redis: new (url?: string) => Client;
  export const Cluster: new (nodes: { host: string; port: number }[]) => Client;
}

declare module "memjs" {
  type Client = Parameters<typeof import("holdover/stores/memcached").memcached>[0];
  const memjs: { Client: { create(servers: string): Client } };
  export default memjs;
}

declare module "devalue" {
  export function parse(text: string): unknown;
  export function stringify(value: unknown): string;
}

/** Vite's, for the page of the README. */
interface ImportMeta {
  readonly env: { readonly PROD: boolean };
}
