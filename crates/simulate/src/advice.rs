//! The policy to begin with, by a rule that is told with it.

use crate::configuration::{Configuration, Room};
use crate::report::{Row, Summary};
use crate::units::{about_millis, count, exact_size, exact_span};
use holdover::memory::Eviction;
use holdover::{Policy, Span};
use serde::Serialize;
use std::fmt::Write as _;

/// A figure counts as equal to the best up to a tenth above it.
const CLOSE: (u64, u64) = (11, 10);
/// Errors count as equal to the fewest up to so small a part of calls more.
const FEW: u64 = 100;

/// Wishes of the user.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rule {
    /// The age in milliseconds above which no more than a hundredth of answers should be.
    pub max_age: Option<u64>,
}

/// A recommended policy.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Advice {
    /// The place of its row.
    pub row: usize,
    /// The reason, a sentence for each step of the rule.
    pub reason: Vec<String>,
    /// The policy in TypeScript.
    pub typescript: String,
    /// The policy in Rust.
    pub rust: String,
}

impl Advice {
    /// Recommends one of some rows, of which there is at least one.
    ///
    /// The rule, each step among those that the one before it left: answers that are young enough;
    /// the fewest visitors with an error, in the outage if there was one; the fewest calls of the
    /// origin; the shortest waits; then the shortest `ttl`, the youngest answers, the smallest
    /// memory, LRU, and the shortest windows.
    ///
    /// # Panics
    /// Without a row.
    #[must_use]
    pub fn of(rows: &[Row], rule: Rule) -> Self {
        let mut chosen = Chosen::all(rows);
        if let Some(most) = rule.max_age {
            chosen.young(most);
        }
        chosen.few_errors();
        chosen.few_calls();
        chosen.short_waits();
        let row = chosen.first();
        Self {
            row,
            reason: chosen.reason,
            typescript: typescript(&rows[row].policy),
            rust: rust(&rows[row].policy),
        }
    }
}

/// The rows that are left, and why.
struct Chosen<'a> {
    rows: &'a [Row],
    left: Vec<usize>,
    reason: Vec<String>,
}

impl<'a> Chosen<'a> {
    fn all(rows: &'a [Row]) -> Self {
        Self {
            rows,
            left: (0..rows.len()).collect(),
            reason: Vec::new(),
        }
    }

    /// Keeps the rows whose figure is no more than `most` makes of the least; says so.
    fn keep(
        &mut self,
        figure: impl Fn(&Row) -> u64,
        most: impl Fn(u64) -> u64,
        why: impl FnOnce(u64) -> String,
    ) {
        let figures = self.left.iter().map(|&row| figure(&self.rows[row]));
        let Some(least) = figures.min() else { return };
        let before = self.left.len();
        let rows = self.rows;
        self.left.retain(|&row| figure(&rows[row]) <= most(least));
        let left = self.left.len();
        self.reason
            .push(format!("{left} of {before}: {}", why(least)));
    }

    fn young(&mut self, most: u64) {
        self.keep(
            |row| row.all.age_p99,
            |least| most.max(least),
            |least| {
                let asked = about_millis(most);
                if least > most {
                    let least = about_millis(least);
                    return format!("the youngest answers there are, {least} rather than {asked}.");
                }
                format!("99 % of answers are no older than {asked}, as asked.")
            },
        );
    }

    fn few_errors(&mut self) {
        let counted = |row: &Row| {
            let Row { all, in_outage, .. } = row;
            in_outage.as_ref().unwrap_or(all).clone()
        };
        let Summary { calls, .. } = counted(&self.rows[0]);
        let time = if self.rows[0].in_outage.is_some() {
            " during the outage"
        } else {
            ""
        };
        self.keep(
            |row| counted(row).errors,
            |least| least + calls / FEW,
            |least| {
                let (least, calls) = (count(least), count(calls));
                format!("about the fewest errors{time}, {least} in {calls} calls.")
            },
        );
    }

    fn few_calls(&mut self) {
        self.keep(
            |row| row.all.origin_calls,
            close,
            |least| format!("about the fewest calls of the origin, {}.", count(least)),
        );
    }

    fn short_waits(&mut self) {
        self.keep(
            |row| row.all.wait_p99,
            close,
            |least| {
                format!(
                    "99 % of visitors wait about {} at most.",
                    about_millis(least)
                )
            },
        );
    }

    fn first(&mut self) -> usize {
        let rows = self.rows;
        let order = |row: &usize| {
            let Row { policy, all, .. } = &rows[*row];
            let (kind, room) = match policy.room {
                Room::Entries(most) => (0, u64::from(most)),
                Room::Bytes(most) => (1, most),
            };
            let is_lru = policy.eviction == Eviction::Lru;
            let windows = policy.stale_while_revalidate.as_millis();
            let in_failure = policy.stale_if_error.as_millis();
            let ttl = policy.ttl.as_millis();
            (ttl, all.age_p99, kind, room, !is_lru, windows, in_failure)
        };
        let first = self.left.iter().copied().min_by_key(order);
        let left = self.left.len();
        if left > 1 {
            self.reason.push(format!(
                "1 of {left}: the shortest ttl, then the youngest answers, the smallest memory, \
                 lru, the shortest windows."
            ));
        }
        first.expect("a row is left of at least one")
    }
}

const fn close(least: u64) -> u64 {
    least.saturating_mul(CLOSE.0) / CLOSE.1
}

fn typescript(policy: &Configuration) -> String {
    let room = match policy.room {
        Room::Entries(most) => format!("maxEntries: {most}"),
        Room::Bytes(most) => format!("maxBytes: \"{}\"", exact_size(most)),
    };
    let eviction = match policy.eviction {
        Eviction::Lru => String::new(),
        Eviction::S3Fifo => ", eviction: \"s3-fifo\"".to_owned(),
    };
    let mut text = format!(
        "import {{ createCache, memory }} from \"holdover\";\n\n\
         export const cache = createCache({{\n  namespace: \"app\",\n  \
         stores: [memory({{ {room}{eviction} }})],\n}});\n\
         export const policy = {{\n"
    );
    for (option, span) in options(policy) {
        let (name, value) = (option.typescript, exact_span(span));
        // Infinity is how the package spells it.
        let value = match span {
            Span::FOREVER => "Infinity".to_owned(),
            Span::ZERO => value,
            _ => format!("\"{value}\""),
        };
        let _ = writeln!(text, "  {name}: {value},");
    }
    text.push_str("};\n");
    text
}

fn rust(policy: &Configuration) -> String {
    let mut text = String::from("let cache = Cache::<String, Vec<u8>, Error>::builder(Tokio)\n");
    let _ = match policy.room {
        Room::Entries(most) => writeln!(text, "    .max_entries({most})"),
        Room::Bytes(most) => writeln!(
            text,
            "    .max_entries(u32::MAX)\n    .max_bytes({most}, |_, value| value.len() as u32)"
        ),
    };
    if policy.eviction == Eviction::S3Fifo {
        text.push_str("    .eviction(Eviction::S3Fifo)\n");
    }
    text.push_str("    .build();\nlet policy = CachePolicy");
    for (nth, (option, span)) in (0..).zip(options(policy)) {
        let value = if span.is_forever() {
            "Span::FOREVER".to_owned()
        } else {
            format!("Duration::from_millis({})", span.as_millis())
        };
        let before = if nth == 0 { "::" } else { "\n    ." };
        let _ = write!(text, "{before}{}({value})", option.rust);
    }
    text.push_str(";\n");
    text
}

/// An option by its names.
struct Named {
    typescript: &'static str,
    rust: &'static str,
}

/// The options of a policy that are not what they are by default, `ttl` first.
fn options(policy: &Configuration) -> Vec<(Named, Span)> {
    let zero = Span::ZERO;
    let all = [
        ("ttl", "ttl", Some(policy.ttl), None),
        (
            "staleWhileRevalidate",
            "stale_while_revalidate",
            Some(policy.stale_while_revalidate),
            Some(zero),
        ),
        (
            "staleIfError",
            "stale_if_error",
            Some(policy.stale_if_error),
            Some(zero),
        ),
        (
            "failoverAfter",
            "failover_after",
            policy.failover_after,
            None,
        ),
        ("timeout", "timeout", policy.timeout, None),
        (
            "retryAfter",
            "retry_after",
            Some(policy.retry_after),
            Some(Policy::RETRY_AFTER),
        ),
    ];
    all.into_iter()
        .filter(|(_, _, given, default)| given.is_some() && given != default)
        .filter_map(|(typescript, rust, given, _)| Some((Named { typescript, rust }, given?)))
        .collect()
}
