// Parsing of `Age`. RFC 9111 §5.1: of a list "a cache … SHOULD use the first member of the field
// value, discarding subsequent ones", and where the value is invalid "SHOULD ignore the field".

const HOUR = "date: now | cache-control: max-age=3600";
const FIRST = "RFC 9111 §5.1: of a list the first member counts";
const INVALID = "RFC 9111 §5.1: an invalid Age is ignored";
const LARGE = "RFC 9111 §1.2.2: 2^31 or more is 2^31 (delta-seconds)";
const needs = "freshness-max-age-age";

export default [
  { id: "age-parse-nonnumeric", rule: INVALID, age: ["abc"], again: "reused" },
  { id: "age-parse-negative", rule: INVALID, age: ["-7200"], again: "reused" },
  { id: "age-parse-float", rule: INVALID, age: ["7200.0"], again: "reused" },
  { id: "age-parse-large-minus-one", rule: LARGE, age: ["2147483647"], again: "asked" },
  { id: "age-parse-large", rule: LARGE, age: ["2147483648"], again: "asked" },
  { id: "age-parse-larger", rule: LARGE, age: ["2147483649"], again: "asked" },
  { id: "age-parse-suffix", rule: FIRST, age: ["7200, 0"], again: "asked" },
  { id: "age-parse-prefix", rule: FIRST, age: ["0, 7200"], again: "reused" },
  { id: "age-parse-prefix-twoline", rule: FIRST, age: ["0", "7200"], again: "reused" },
  { id: "age-parse-dup-0", rule: FIRST, age: ["0, 0"], again: "reused" },
  { id: "age-parse-dup-0-twoline", rule: FIRST, age: ["0", "0"], again: "reused" },
  {
    id: "age-parse-dup-old",
    rule: FIRST,
    head: "date: now | cache-control: max-age=10000",
    age: ["3600", "3600"],
    again: "reused",
  },
  {
    id: "age-parse-parameter",
    kind: "check",
    rule: INVALID,
    age: ["7200;foo=bar"],
    again: "asked",
  },
  {
    id: "age-parse-numeric-parameter",
    kind: "check",
    rule: INVALID,
    age: ["7200;foo=111"],
    again: "asked",
  },
].map(({ age, head = HOUR, ...row }) => ({
  ...row,
  needs,
  head: [head, ...age.map((value) => `age?: ${value}`)].join(" | "),
}));
