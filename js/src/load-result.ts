/** How a load went, as `src/wasm/guards.rs` numbers it. */
export type LoadResult = 0 | 1 | 2;
export const SUCCEEDED: LoadResult = 0;
export const FAILED: LoadResult = 1;
/** It says nothing of the origin: stopped by its callers, or `countIf` says so. */
export const IGNORED: LoadResult = 2;
