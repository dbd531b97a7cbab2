/** Helpers for tests of applications, policies and stores. */

export { type ManualClock, manualClock } from "./clock.js";
export {
  type FlakyOrigin,
  flakyOrigin,
  type OriginOptions,
  type OriginStep,
} from "./origin.js";
export {
  type Capability,
  type ConformanceCase,
  type StoreConformanceOptions,
  storeConformance,
} from "./store-conformance.js";
