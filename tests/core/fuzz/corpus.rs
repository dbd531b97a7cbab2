//! Values as servers and clients send them, for each reader.

use super::readers;

/// A reader and the values that its inputs are made of.
pub(crate) struct Target {
    pub(crate) values: &'static [&'static str],
    pub(crate) read: fn(&str),
}

pub(crate) const TARGETS: &[Target] = &[
    Target {
        values: CACHE_CONTROL,
        read: readers::cache_control,
    },
    Target {
        values: CACHE_CONTROL,
        read: readers::targeted,
    },
    Target {
        values: CACHE_CONTROL,
        read: readers::request,
    },
    Target {
        values: DATES,
        read: readers::dates,
    },
    Target {
        values: AGES,
        read: readers::ages,
    },
    Target {
        values: DATES,
        read: readers::expiry,
    },
    Target {
        values: VARY,
        read: readers::vary_names,
    },
    Target {
        values: ACCEPT,
        read: readers::vary_values,
    },
    Target {
        values: ENTITY_TAGS,
        read: readers::entity_tags,
    },
    Target {
        values: RANGES,
        read: readers::ranges,
    },
    Target {
        values: CONTENT_RANGES,
        read: readers::content_ranges,
    },
    Target {
        values: GROUPS,
        read: readers::cache_groups,
    },
    Target {
        values: HEADS,
        read: readers::heads,
    },
    Target {
        values: HEADS,
        read: readers::answers,
    },
];

const CACHE_CONTROL: &[&str] = &[
    "max-age=3600",
    "max-age=0, must-revalidate",
    "s-maxage=600, max-age=60, stale-while-revalidate=30, stale-if-error=86400",
    "private, no-cache=\"set-cookie, x-a\"",
    "no-store, no-cache, must-revalidate, proxy-revalidate",
    "public, max-age=31536000, immutable",
    "max-age=\"10\", private=\"x\", must-understand, ext=\"a\\\"b, c\"",
    "only-if-cached, max-stale, max-stale=5, min-fresh=10",
    "max-age=99999999999999999999",
    "max-age=60;p=\"x\", no-store=?0, x=(a b);c, y=:aGk=:",
];

const DATES: &[&str] = &[
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "Sunday, 06-Nov-94 08:49:37 GMT",
    "Sun Nov  6 08:49:37 1994",
    "Thu, 29 Feb 2024 23:59:60 GMT",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Sat, 01 Jan 0000 00:00:00 GMT",
    "0",
    "-1",
];

const AGES: &[&str] = &[
    "0",
    "3600",
    "7200,0",
    "0, 0",
    "99999999999999999999",
    "1;foo=1",
    "-5",
];

const VARY: &[&str] = &[
    "Accept-Encoding",
    "accept, Accept-Language, COOKIE",
    "*",
    "Origin,, X-A, x-a",
];

const ACCEPT: &[&str] = &[
    "en, de;q=0.5, *;q=0.1",
    "gzip, deflate, br",
    "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
    "a/b;p=\"x, y\", c/d",
];

const ENTITY_TAGS: &[&str] = &[
    "\"abcdef\"",
    "W/\"abcdef\"",
    "\"a\", W/\"b,c\", \"d\\\"",
    "*",
    "abcdef",
    "Sun, 06 Nov 1994 08:49:37 GMT",
];

const RANGES: &[&str] = &[
    "bytes=0-1",
    "bytes=5-",
    "bytes=-5",
    "bytes=0-4, 2-9, 20-30,99-",
    "bytes=0-18446744073709551615",
    "items=1-2",
];

const CONTENT_RANGES: &[&str] = &[
    "bytes 4-8/20",
    "bytes 5-9/10",
    "bytes 0-4/*",
    "bytes */10",
    "bytes 0-18446744073709551615/*",
    "bytes 4-9/10",
];

const GROUPS: &[&str] = &[
    "\"scripts\", \"a b\";x=1, \"\"",
    "\"\\\"\", \"\\\\\", \"a\\\\\\\"b\"",
    "(\"a\" \"b\"), token, 1.5, ?1",
];

const HEADS: &[&str] = &[
    "cache-control: max-age=60\netag: \"a\"\nvary: accept\n",
    "connection: a, keep-alive\na: 1\nkeep-alive: 5\n",
    "date: Sun, 06 Nov 1994 08:49:37 GMT\nage: 30\n",
    "set-cookie: a=b\nset-cookie: c=d\nlast-modified: 0\n\netag: W/\"b\"\n\n",
    "authorization: x\ncookie: a=b\ncontent-length: 5\nlocation: /a\n",
];
