//! The command line.

use crate::configuration::Room;
use crate::grid::Memory;
use crate::log::{Format, JsonFields};
use crate::run::{OutageAt, Settings};
use crate::units::{size, span};
use holdover::Span;
use holdover::memory::Eviction;
use lexopt::prelude::*;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

/// The most policies to try at once.
const MOST_POLICIES: usize = 4096;

/// Returns the help text of a program of this name.
#[must_use]
pub fn usage(program: &str) -> String {
    USAGE.replace("holdover-simulate", program)
}

const USAGE: &str = "\
holdover-simulate: what a cache would have done with the traffic of an access log

usage: holdover-simulate [OPTIONS] LOG...        (`-`: standard input, read once)

the log
  --format FORMAT          auto, common (and combined), json, csv          [auto]
  --fields NAMES           fields of JSON: time=ts,key=request.uri,size=size,
                           status=status,method=method,latency=duration:s
  --latency TIME           of the origin, where the log does not tell      [100ms]

the policies: each value with each of the others
  --ttl TIMES                                                   [10s,1m,5m,1h]
  --memory SIZES           entries (1000), bytes (32mb), or entries for a
                           part of the log's keys (10%)             [10%,100%]
  --eviction NAMES         lru, s3-fifo                          [lru,s3-fifo]
  --stale-while-revalidate TIMES                                        [0,1m]
  --stale-if-error TIMES                                                [0,1d]
  --failover-after TIME    of policies with a window of stale entries   [none]
  --timeout TIME                                                        [none]
  --retry-after TIME                                                      [1s]

the result
  --outage TIME            length of the outage to try, or none          [10m]
  --outage-at TIME         its time, RFC 3339 or Unix       [the busiest time]
  --max-age TIME           recommend a policy 99 % of whose answers are no
                           older than this                              [none]
  --json                   all figures, as JSON

times: 0, 250ms, 10s, 5m, 1h30m, 1d, forever";

/// A command line.
#[derive(Clone, Debug, Default)]
pub struct Arguments {
    /// Settings of the run.
    pub settings: Settings,
    /// The files of the log, in their order; `-` is standard input.
    pub logs: Vec<PathBuf>,
    /// True to print JSON.
    pub json: bool,
    /// True to print the help text and nothing else.
    pub help: bool,
}

/// A command line that is wrong.
#[derive(Debug)]
pub struct Wrong(String);

impl fmt::Display for Wrong {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Wrong {}

impl From<lexopt::Error> for Wrong {
    fn from(error: lexopt::Error) -> Self {
        Self(format!("{error} (--help tells the options)"))
    }
}

const SPAN: &str = "0, forever, or numbers with ms, s, m, h or d";
const MEMORY: &str = "entries (1000), bytes (32mb) or a part of the keys (10%), each above 0";

impl Arguments {
    /// Reads a command line without the program's name.
    ///
    /// # Errors
    /// The option that is wrong, its value and what is allowed.
    pub fn parse(given: impl IntoIterator<Item = impl Into<OsString>>) -> Result<Self, Wrong> {
        let mut parser = lexopt::Parser::from_args(given);
        let mut arguments = Self::default();
        while let Some(argument) = parser.next()? {
            match argument {
                Value(path) => arguments.logs.push(path.into()),
                Short('h') | Long("help") => arguments.help = true,
                Long("json") => arguments.json = true,
                Long(name) => {
                    let name = name.to_owned();
                    let value = parser.value()?.string()?;
                    arguments.settings.set(&name, &value)?;
                }
                other @ Short(_) => return Err(other.unexpected().into()),
            }
        }
        arguments.check()?;
        Ok(arguments)
    }

    fn check(&self) -> Result<(), Wrong> {
        if self.help {
            return Ok(());
        }
        if self.logs.is_empty() {
            return Err(Wrong(
                "no LOG was given (--help tells the options)".to_owned(),
            ));
        }
        let policies = self.settings.grid.len();
        if policies > MOST_POLICIES {
            return Err(Wrong(format!(
                "{policies} policies are too many: at most {MOST_POLICIES}"
            )));
        }
        Ok(())
    }
}

impl Settings {
    fn set(&mut self, name: &str, value: &str) -> Result<(), Wrong> {
        let one = || one(name, value, SPAN, span);
        let spans = || list(name, value, SPAN, span);
        match name {
            "format" => {
                self.format =
                    self::one(name, value, "auto, common, combined, json or csv", format)?;
            }
            "fields" => {
                let named = JsonFields::default().named(value);
                self.fields = named.map_err(|error| Wrong(format!("--fields: {error}")))?;
            }
            "latency" => self.latency = one()?.as_millis().try_into().unwrap_or(u32::MAX),
            "outage" if value == "none" => self.outage_at = OutageAt::Never,
            "outage" => self.outage = self::one(name, value, "none, or a time above 0", positive)?,
            "outage-at" => {
                let time = self::one(name, value, "RFC 3339 or a Unix time", crate::log::time)?;
                self.outage_at = OutageAt::Time(time);
            }
            "max-age" => self.max_age = Some(one()?),
            "failover-after" => self.grid.failover_after = Some(one()?),
            "timeout" => self.grid.timeout = Some(one()?),
            "retry-after" => self.grid.retry_after = one()?,
            "ttl" => self.grid.ttl = spans()?,
            "stale-while-revalidate" => self.grid.stale_while_revalidate = spans()?,
            "stale-if-error" => self.grid.stale_if_error = spans()?,
            "eviction" => self.grid.eviction = list(name, value, "lru or s3-fifo", eviction)?,
            "memory" => self.grid.memory = list(name, value, MEMORY, memory)?,
            _ => {
                return Err(Wrong(format!(
                    "no option is called --{name} (--help tells them)"
                )));
            }
        }
        Ok(())
    }
}

fn one<T>(
    name: &str,
    value: &str,
    allowed: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<T, Wrong> {
    read(value).ok_or_else(|| Wrong(format!("--{name} cannot be `{value}`: it takes {allowed}")))
}

fn list<T>(
    name: &str,
    values: &str,
    allowed: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, Wrong> {
    values
        .split(',')
        .map(|value| one(name, value.trim(), allowed, &read))
        .collect()
}

fn positive(text: &str) -> Option<Span> {
    span(text).filter(|span| !span.is_zero() && !span.is_forever())
}

fn format(text: &str) -> Option<Format> {
    Some(match text {
        "auto" => Format::Auto,
        "common" | "combined" => Format::Common,
        "json" => Format::Json,
        "csv" => Format::Csv(Box::default()),
        _ => return None,
    })
}

fn eviction(text: &str) -> Option<Eviction> {
    match text {
        "lru" => Some(Eviction::Lru),
        "s3-fifo" => Some(Eviction::S3Fifo),
        _ => None,
    }
}

fn memory(text: &str) -> Option<Memory> {
    if let Some(percent) = text.strip_suffix('%') {
        let percent: f64 = percent.parse().ok()?;
        return (percent > 0.0 && percent <= 100.0).then_some(Memory::Percent(percent));
    }
    let room = match text.parse() {
        Ok(entries) => Some(Room::Entries(entries)),
        Err(_) => size(text).map(Room::Bytes),
    };
    room.filter(|room| ![Room::Entries(0), Room::Bytes(0)].contains(room))
        .map(Memory::Room)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(arguments: &[&str]) -> String {
        Arguments::parse(arguments).unwrap_err().to_string()
    }

    #[test]
    fn options_are_read() {
        let given = "--format csv --ttl 5m,forever --memory 100,1mb,5% --eviction lru \
            --stale-while-revalidate 0 --stale-if-error 1d --failover-after 300ms --timeout 2s \
            --retry-after 5s --latency 20ms --outage 1h --outage-at 2023-11-14T22:13:20Z \
            --max-age 1h --json a.csv -";
        let read = Arguments::parse(given.split_ascii_whitespace()).unwrap();
        let Arguments {
            settings,
            logs,
            json,
            help,
        } = read;
        assert_eq!((logs.len(), json, help), (2, true, false));
        let Settings {
            grid,
            latency,
            outage,
            outage_at,
            max_age,
            ..
        } = settings;
        assert_eq!(latency, 20);
        assert_eq!(outage, Span::from_secs(3600));
        assert_eq!(outage_at, OutageAt::Time(1_700_000_000_000));
        assert_eq!(max_age, Some(Span::from_secs(3600)));
        assert_eq!(grid.len(), 6);
        let last = *grid.configurations(1000).last().unwrap();
        assert_eq!((last.ttl, last.room), (Span::FOREVER, Room::Entries(50)));
        assert_eq!(last.stale_if_error, Span::from_secs(86_400));
        let limits = (last.failover_after, last.timeout, last.retry_after);
        let [failover, timeout, retry] = [300, 2000, 5000].map(Span::from_millis);
        assert_eq!(limits, (Some(failover), Some(timeout), retry));
    }

    #[test]
    fn a_wrong_value_is_told_with_its_option_and_what_is_allowed() {
        let cases = [
            ("ttl", "5", SPAN),
            ("ttl", "", SPAN),
            ("memory", "0", MEMORY),
            ("memory", "101%", MEMORY),
            ("memory", "NaN%", MEMORY),
            ("eviction", "fifo", "lru or s3-fifo"),
            ("format", "xml", "auto, common, combined, json or csv"),
            ("outage", "0", "none, or a time above 0"),
            ("outage-at", "noon", "RFC 3339 or a Unix time"),
        ];
        for (name, value, allowed) in cases {
            let told = wrong(&[&format!("--{name}"), value, "a.log"]);
            assert_eq!(
                told,
                format!("--{name} cannot be `{value}`: it takes {allowed}")
            );
        }
        assert!(wrong(&["--fields", "time", "a.log"]).starts_with("--fields: `time` is no field"));
        assert!(wrong(&["--tll", "5m", "a.log"]).contains("--tll"));
        assert!(wrong(&["--ttl"]).contains("--ttl"));
        assert!(wrong(&["-x", "a.log"]).contains("-x"));
        assert!(wrong(&[]).starts_with("no LOG"));
    }

    #[test]
    fn a_grid_has_an_end() {
        let many = vec!["1s"; 600].join(",");
        let told = wrong(&["--ttl", &many, "a.log"]);
        assert_eq!(told, "9600 policies are too many: at most 4096");
    }
}
