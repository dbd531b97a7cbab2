//! Long texts that are made to cost a careless reader the square of their length.

use super::readers;

/// A text to grow, and the reader it is meant for.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) read: fn(&str),
    before: &'static str,
    repeated: fn(usize) -> String,
    after: &'static str,
}

impl Case {
    /// A text of about this length.
    pub(crate) fn text(&self, length: usize) -> String {
        let mut text = String::from(self.before);
        for number in 0.. {
            if text.len() >= length {
                break;
            }
            text.push_str(&(self.repeated)(number));
        }
        text.push_str(self.after);
        text
    }
}

macro_rules! case {
    ($read:ident, $before:literal, $repeated:literal, $after:literal) => {
        Case {
            name: concat!(stringify!($read), " ", stringify!($repeated)),
            read: readers::$read,
            before: $before,
            repeated: |number| $repeated.replace('N', &number.to_string()),
            after: $after,
        }
    };
}

/// `N` stands for a number that is another one each time.
pub(crate) fn cases() -> Vec<Case> {
    vec![
        case!(cache_control, "", "\"", "x"),
        case!(cache_control, "", "\"\\\"\\\"", ""),
        case!(cache_control, "", "a=\",", ""),
        case!(cache_control, "", "max-age=9,", ""),
        case!(cache_control, "no-cache=\"", "N,", "\""),
        case!(targeted, "", "a=\"\\\\\",", "a"),
        case!(targeted, "a=(", "\"x\";p ", ")"),
        case!(targeted, "", "max-age=1,", "x"),
        case!(targeted, "a", ";a", ""),
        case!(request, "", "max-stale=N,", ""),
        case!(dates, "Sun, ", "0", " GMT"),
        case!(ages, "", "9", ""),
        case!(ages, "", "0,", ""),
        case!(vary_names, "", "N,", ""),
        case!(vary_names, "", "a,", ""),
        case!(vary_names, "", ",", "*"),
        case!(vary_values, "", "N,", ""),
        case!(vary_values, "", "\"", "a"),
        case!(vary_values, "", "x;q=0.N, ", ""),
        case!(entity_tags, "", "W/\"", ""),
        case!(entity_tags, "", "\"N\",", ""),
        case!(entity_tags, "", ", ", ""),
        case!(entity_tags, "", "a", ""),
        case!(ranges, "bytes=", "0-0,", ""),
        case!(ranges, "bytes=", "9", "-"),
        case!(ranges, "bytes=", "N-,", ""),
        case!(cache_groups, "", "\"N\",", "\"\""),
        case!(cache_groups, "\"", "\\\\", "\""),
        case!(heads, "connection: ", "N,", "\na: 1\n"),
        case!(heads, "connection: a\n", "N: 1\n", ""),
        case!(heads, "", "etag: \"N\"\n\n", ""),
        case!(heads, "", "\n", ""),
        case!(heads, "", "no colon ", "\n"),
        case!(answers, "", "cache-control: max-age=N\n", ""),
        case!(answers, "", "vary: N\n", ""),
        case!(answers, "", "age: 1\n", ""),
        case!(answers, "", "a", ""),
    ]
}
