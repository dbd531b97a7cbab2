//! A report as text.

use crate::configuration::Room;
use crate::report::{Report, Row, Summary, eviction_name};
use crate::units::{about_bytes, about_millis, count, exact_size, exact_span};
use std::fmt;

/// Headings of the table: those of a policy, of the whole log, and of the outage.
const POLICY: [&str; 5] = ["ttl", "memory", "eviction", "revalidate", "if error"];
const ALL: [&str; 10] = [
    "hits", "stale", "errors", "calls", "bytes", "p50", "p99", "p50", "p99", "max",
];
const OUTAGE: [&str; 4] = ["answered", "errors", "p99", "oldest"];

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_log(formatter)?;
        write_table(formatter, &self.table())?;
        writeln!(
            formatter,
            "\nRecommended (marked *), as of the policies tried it is"
        )?;
        for reason in &self.advice.reason {
            writeln!(formatter, "  {reason}")?;
        }
        writeln!(
            formatter,
            "\nIn TypeScript:\n\n{}",
            indented(&self.advice.typescript)
        )?;
        write!(formatter, "In Rust:\n\n{}", indented(&self.advice.rust))
    }
}

impl Report {
    fn write_log(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tally = self.tally;
        let (from, until) = self.span;
        writeln!(
            formatter,
            "{} requests for {} keys in {}, from {}",
            count(tally.accesses),
            count(self.keys as u64),
            about_millis(until - from),
            date(from),
        )?;
        let left_out = [
            (tally.others, "other methods than GET and HEAD, left out"),
            (tally.damaged, "lines that cannot be read, left out"),
            (
                tally.steps_back,
                "lines out of order, taken as if at the newest time before them",
            ),
        ];
        for (number, what) in left_out {
            if number > 0 {
                writeln!(formatter, "{} {what}", count(number))?;
            }
        }
        if let Some(outage) = self.outage {
            let length = about_millis(outage.until - outage.from);
            writeln!(
                formatter,
                "an outage of {length} is tried at {}",
                date(outage.from)
            )?;
        }
        writeln!(formatter)
    }

    fn table(&self) -> Vec<Vec<String>> {
        let mut table = vec![self.groups(), self.headings()];
        let mut none = vec![String::new(), "no cache".to_owned()];
        none.resize(POLICY.len() + 1, String::new());
        none.extend(all_cells(&self.without_cache));
        none.extend(self.outage_cells(self.without_cache_in_outage.as_ref()));
        table.push(none);
        for (place, row) in self.rows.iter().enumerate() {
            let mark = if place == self.advice.row { "*" } else { "" };
            let mut cells = vec![mark.to_owned()];
            cells.extend(policy_cells(row));
            cells.extend(all_cells(&row.all));
            cells.extend(self.outage_cells(row.in_outage.as_ref()));
            table.push(cells);
        }
        table
    }

    /// Names what headings of one name are about, above them.
    fn groups(&self) -> Vec<String> {
        let mut groups = vec![""; POLICY.len() + 1];
        groups[4] = "stale while";
        groups[5] = "stale";
        groups.extend([
            "", "", "", "origin", "origin", "wait", "wait", "age", "age", "age",
        ]);
        if self.outage.is_some() {
            groups.extend(["outage:", "", "wait", "age"]);
        }
        groups.into_iter().map(str::to_owned).collect()
    }

    fn headings(&self) -> Vec<String> {
        let outage = if self.outage.is_some() {
            &OUTAGE[..]
        } else {
            &[]
        };
        let all = [""].iter().chain(&POLICY).chain(&ALL).chain(outage);
        all.map(|&heading| heading.to_owned()).collect()
    }

    fn outage_cells(&self, summary: Option<&Summary>) -> Vec<String> {
        match summary {
            _ if self.outage.is_none() => Vec::new(),
            None => vec!["-".to_owned(); OUTAGE.len()],
            Some(summary) => vec![
                percent(summary.answered()),
                count(summary.errors),
                about_millis(summary.wait_p99),
                about_millis(summary.age_max),
            ],
        }
    }
}

fn policy_cells(row: &Row) -> [String; 5] {
    let policy = row.policy;
    let room = match policy.room {
        Room::Entries(most) => count(most.into()),
        Room::Bytes(most) => exact_size(most),
    };
    [
        exact_span(policy.ttl),
        room,
        eviction_name(policy.eviction).to_owned(),
        exact_span(policy.stale_while_revalidate),
        exact_span(policy.stale_if_error),
    ]
}

fn all_cells(all: &Summary) -> [String; 10] {
    let stale = crate::play::part(all.stale, all.calls);
    [
        percent(all.hit_ratio),
        percent(stale),
        count(all.errors),
        count(all.origin_calls),
        about_bytes(all.origin_bytes),
        about_millis(all.wait_p50),
        about_millis(all.wait_p99),
        about_millis(all.age_p50),
        about_millis(all.age_p99),
        about_millis(all.age_max),
    ]
}

fn percent(part: f64) -> String {
    format!("{:.1} %", part * 100.0)
}

fn date(millis: u64) -> String {
    let millis = i64::try_from(millis).unwrap_or(i64::MAX);
    match jiff::Timestamp::from_millisecond(millis) {
        Ok(time) => time.to_string(),
        Err(_) => format!("{millis} ms"),
    }
}

fn write_table(formatter: &mut fmt::Formatter<'_>, table: &[Vec<String>]) -> fmt::Result {
    let widths: Vec<usize> = (0..table[0].len())
        .map(|column| table.iter().map(|row| row[column].len()).max().unwrap_or(0))
        .collect();
    for row in table {
        let cells = row.iter().zip(&widths);
        let line: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:>width$}"))
            .collect();
        writeln!(formatter, "{}", line.join("  ").trim_end())?;
    }
    Ok(())
}

fn indented(code: &str) -> String {
    code.lines()
        .map(|line| format!("    {line}").trim_end().to_owned() + "\n")
        .collect()
}
