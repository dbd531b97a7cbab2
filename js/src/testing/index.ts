/** Helpers for tests of applications, policies and stores. */

export {
  type ConformanceCase,
  type StoreConformanceOptions,
  storeConformance,
} from "./store-conformance.js";
