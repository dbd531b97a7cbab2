/** Scenarios that no Rust program can play where panics do not unwind, as on WebAssembly. */

const JUDGES = ["staleOn", "failIf", "cacheIf"];
const isDuration = (value) =>
  (typeof value === "number" && value >= 0) ||
  value?.$ === "Infinity" ||
  /^(\d+(ms|[smhdw]))+$/.test(value);
const gives = (of) =>
  of === undefined ||
  (of.by ? [...of.by.map(([, given]) => given), of.else] : [of]).every(isDuration);

/** True for a vector with a function that throws, or gives no duration: in Rust it panics, and panics end the program there. */
export const panics = ({ policy }) =>
  JUDGES.some((name) => policy[name] === "throws") ||
  policy.circuitBreaker?.countIf === "throws" ||
  ![policy.ttl, policy.errorTtl].every(gives);
