/** The entry `holdover/service-worker/extras`: functions that only some service workers need. */

export { answerRanges } from "./ranges.js";
export type { Responding } from "./served.js";
export {
  broadcastUpdates,
  type ClientLike,
  type UpdateEvents,
  type UpdateMessage,
  type UpdateOptions,
} from "./updates.js";
export { type InstallEvents, type WarmUpOptions, warmUp } from "./warm-up.js";
