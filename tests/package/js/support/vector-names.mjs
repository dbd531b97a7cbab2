// The names that vectors may use: a misspelt one must not result in a vector that checks nothing.

const EXPECTED = ["value", "error", "source", "at", "age", "ttl", "cause", "retryAfter", "pending"];
const OPERATIONS = [
  "call",
  "refresh",
  "peek",
  "set",
  "invalidate",
  "abort",
  "vanish",
  "clock",
  "roll",
];

const NAMES = {
  vector: [
    "name",
    "rule",
    "theirs",
    "policy",
    "memory",
    "waitUntil",
    "origin",
    "steps",
    "loads",
    "aborts",
    "stats",
    "until",
  ],
  step: ["at", ...OPERATIONS, "value", "as", "callers", "ttl", "expect", "others"],
  expect: EXPECTED,
  others: EXPECTED,
  load: ["after", "value", "error", "returns", "throws", "hangs", "stopsOnAbort"],
};

function check(kind, object) {
  for (const name of Object.keys(object)) {
    if (!NAMES[kind].includes(name)) throw new Error(`${name} is nothing that a ${kind} has`);
  }
}

function checkStep(step) {
  check("step", step);
  const operations = OPERATIONS.filter((name) => name in step);
  if (operations.length !== 1) throw new Error(`a step does one thing, not ${operations}`);
  for (const part of ["expect", "others"]) if (part in step) check(part, step[part]);
  const asks = ["call", "refresh", "peek"].includes(operations[0]);
  if (asks !== "expect" in step) throw new Error(`${operations[0]}: "expect" is wrong or missing`);
}

/** @throws Error naming the misspelt or missing name */
export function checkNames(vector) {
  check("vector", vector);
  for (const load of Object.values(vector.origin ?? []).flat()) check("load", load);
  for (const step of vector.steps) checkStep(step);
}
