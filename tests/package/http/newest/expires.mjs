// Forms of `Expires`. RFC 9111 §5.3: "A cache recipient MUST interpret invalid date formats,
// especially the value "0", as representing a time in the past"; RFC 9110 §5.6.7 says which are
// valid: three, and names and zones are compared without case by most who read them.

const OBSOLETE = "RFC 9110 §5.6.7: a recipient MUST accept all three HTTP-date formats";
const INVALID = "RFC 9111 §5.3: an invalid date is in the past";

const VALID = {
  "32bit": "Tue, 19 Jan 2038 14:14:08 GMT",
  "far-future": "Sun, 21 Nov 2286 04:46:39 GMT",
  rfc850: "Thursday, 18-Aug-50 02:01:18 GMT",
  "ansi-c": "Thu Aug  8 02:01:18 2050",
  "wrong-case-weekday": "THU, 18 Aug 2050 02:01:18 GMT",
  "wrong-case-month": "Thu, 18 AUG 2050 02:01:18 GMT",
  "wrong-case-tz": "Thu, 18 Aug 2050 02:01:18 gMT",
};

const NOT_VALID = {
  "invalid-utc": ["Thu, 18 Aug 2050 02:01:18 UTC"],
  "invalid-aest": ["Thu, 18 Aug 2050 02:01:18 AEST"],
  "invalid-2-digit-year": ["Thu, 18 Aug 50 02:01:18 GMT"],
  "invalid-no-comma": ["Thu 18 Aug 2050 02:01:18 GMT"],
  "invalid-multiple-spaces": ["Thu, 18  Aug  2050 02:01:18 GMT"],
  "invalid-date-dashes": ["Thu, 18-Aug-2050 02:01:18 GMT"],
  "invalid-time-periods": ["Thu, 18 Aug 2050 02.01.18 GMT"],
  "invalid-1-digit-hour": ["Thu, 18 Aug 2050 2:01:18 GMT"],
  "invalid-multiple-lines": ["Thu, 18 Aug 2050 2:01:18 GMT", "Thu, 18 Aug 2050 2:01:19 GMT"],
};

const head = (dates) => [...dates.map((date) => `expires?: ${date}`), "date: now"].join(" | ");

export default [
  ...Object.entries(VALID).map(([name, date]) => ({
    id: `freshness-expires-${name}`,
    kind: "optimal",
    rule: OBSOLETE,
    head: head([date]),
    again: "reused",
  })),
  ...Object.entries(NOT_VALID).map(([name, dates]) => ({
    id: `freshness-expires-${name}`,
    rule: INVALID,
    head: head(dates),
    again: "asked",
  })),
].map((row) => ({ ...row, needs: "freshness-expires-future" }));
