// The names that blocks of docs/integrations.md use and do not declare.

declare function findProduct(id: string): { name: string };
declare const products: import("express").Router;
declare const news: readonly string[];

// Nitro's, which its projects have without an import.
declare function defineNitroPlugin(plugin: () => void): unknown;
declare function defineNitroConfig(config: {
  storage: Record<string, { driver: string; ttl?: string }>;
}): unknown;
declare function useStorage(): {
  mount(base: string, driver: import("holdover/integrations/unstorage").UnstorageDriver): void;
};
