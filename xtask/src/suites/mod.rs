//! The test suites: their list, their order, and their results.

mod consumers;
mod hosts;
mod javascript;
mod rust;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};

use crate::comments;
use crate::excerpt;
use crate::package;
use crate::rooms;
use crate::tally::Tally;
use crate::workspace::Workspace;

/// The workspace and the package that suites work on.
struct Bench<'a> {
    workspace: &'a Workspace,
    /// The packed npm package; `None` until it is built.
    tarball: Option<PathBuf>,
}

impl Bench<'_> {
    /// Installs the packed package in a project.
    fn install_package(&self, project: &str) -> Result<()> {
        let tarball = self
            .tarball
            .as_deref()
            .ok_or_else(|| anyhow!("the package it tests could not be built"))?;
        package::install(self.workspace, tarball, project)
    }
}

#[derive(Clone, Copy)]
struct Suite {
    name: &'static str,
    /// True if it tests the packed package.
    needs_package: bool,
    /// True if it runs only when it is named: it installs gigabytes, or takes minutes.
    on_demand: bool,
    run: fn(&mut Bench<'_>) -> Result<Tally>,
}

const fn suite(name: &'static str, run: fn(&mut Bench<'_>) -> Result<Tally>) -> Suite {
    Suite {
        name,
        needs_package: false,
        on_demand: false,
        run,
    }
}

const fn packed(name: &'static str, run: fn(&mut Bench<'_>) -> Result<Tally>) -> Suite {
    Suite {
        name,
        needs_package: true,
        on_demand: false,
        run,
    }
}

const fn on_demand(suite: Suite) -> Suite {
    Suite {
        on_demand: true,
        ..suite
    }
}

/// The suite that builds the package for later ones.
const PACKAGE: &str = "package";

/// All suites, quick ones first.
const ALL: [Suite; 24] = [
    suite("fmt", rust::fmt),
    suite("rooms", folders),
    suite("clippy", rust::clippy),
    suite("rust", rust::tests),
    suite("docs", rust::docs),
    suite("no-std", rust::no_std),
    // Compiles the driver twice more, to play the scenarios that `rust` has played.
    on_demand(suite("wasi", rust::wasi)),
    suite("js-lint", javascript::lint),
    suite(PACKAGE, build_package),
    packed("js", javascript::units),
    packed("http", javascript::http),
    packed("types", javascript::types),
    packed("packaging", javascript::packaging),
    packed("workerd", javascript::workerd),
    on_demand(packed("workers-rs", javascript::workers_rs)),
    packed("stores", javascript::stores),
    packed("integrations", javascript::integrations),
    packed("runtimes", hosts::runtimes),
    packed("browsers", hosts::browsers),
    packed("examples", hosts::examples),
    // Builds the site, which takes a minute.
    on_demand(packed("site", hosts::site)),
    packed("demo", javascript::demo),
    packed("consumers-fast", consumers::fast),
    on_demand(packed("consumers", consumers::all)),
];

/// The suites of `cargo xtask lint`.
pub(crate) const LINT: [&str; 3] = ["fmt", "clippy", "js-lint"];

struct Report {
    name: &'static str,
    tally: Tally,
    took: Duration,
}

/// Runs the named suites, or all but those on demand, to the end, and prints the results.
pub(crate) fn run(workspace: &Workspace, wanted: &[String]) -> Result<ExitCode> {
    let suites = select(wanted)?;
    let mut bench = Bench {
        workspace,
        tarball: None,
    };
    let reports: Vec<Report> = suites
        .into_iter()
        .map(|suite| run_one(suite, &mut bench))
        .collect();
    let total: Tally = reports.iter().map(|report| report.tally).sum();
    excerpt::print_kept();
    print_summary(&reports, total);
    Ok(if total.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Returns the wanted suites in order, with the package's if one of them needs it.
fn select(wanted: &[String]) -> Result<Vec<&'static Suite>> {
    let names: Vec<&str> = ALL.iter().map(|suite| suite.name).collect();
    if let Some(unknown) = wanted.iter().find(|name| !names.contains(&name.as_str())) {
        bail!(
            "there is no suite `{unknown}`; there are {}",
            names.join(", ")
        );
    }
    let is_wanted = |suite: &Suite| {
        wanted.is_empty() && !suite.on_demand || wanted.iter().any(|name| name == suite.name)
    };
    let package_needed = ALL
        .iter()
        .any(|suite| suite.needs_package && is_wanted(suite));
    Ok(ALL
        .iter()
        .filter(|suite| is_wanted(suite) || package_needed && suite.name == PACKAGE)
        .collect())
}

fn run_one(suite: &'static Suite, bench: &mut Bench<'_>) -> Report {
    println!("\n━━ {}", suite.name);
    let start = Instant::now();
    let tally = (suite.run)(bench).unwrap_or_else(|error| {
        let error = format!("error: {error:#}");
        println!("{error}");
        excerpt::keep(suite.name, &error);
        Tally::one(false)
    });
    // A suite that ran no test has shown nothing.
    let tally = if tally == Tally::default() {
        println!("error: no test ran");
        Tally::one(false)
    } else {
        tally
    };
    Report {
        name: suite.name,
        tally,
        took: start.elapsed(),
    }
}

/// Checks that imports between folders of the sources go one way, and how comments begin.
fn folders(bench: &mut Bench<'_>) -> Result<Tally> {
    rooms::check(bench.workspace)?;
    comments::check(bench.workspace)?;
    Ok(Tally::one(true))
}

fn build_package(bench: &mut Bench<'_>) -> Result<Tally> {
    bench.tarball = Some(package::build(bench.workspace)?);
    Ok(Tally::one(true))
}

fn print_summary(reports: &[Report], total: Tally) {
    println!(
        "\n{:<16}{:>8}{:>8}{:>10}",
        "suite", "passed", "failed", "seconds"
    );
    for Report { name, tally, took } in reports {
        let mark = if tally.failed > 0 { "  ← failed" } else { "" };
        println!(
            "{name:<16}{:>8}{:>8}{:>10.1}{mark}",
            tally.passed,
            tally.failed,
            took.as_secs_f64()
        );
    }
    println!("{} passed, {} failed", total.passed, total.failed);
}

#[cfg(test)]
mod tests {
    use super::select;

    fn names(wanted: &[&str]) -> Vec<&'static str> {
        let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
        select(&wanted)
            .expect("known suites")
            .iter()
            .map(|suite| suite.name)
            .collect()
    }

    #[test]
    fn nothing_named_means_everything_but_what_is_on_demand() {
        assert_eq!(names(&[]).len(), super::ALL.len() - 4);
        for on_demand in ["consumers", "site", "wasi", "workers-rs"] {
            assert!(!names(&[]).contains(&on_demand));
        }
        assert_eq!(names(&["consumers"]), ["package", "consumers"]);
    }

    #[test]
    fn the_package_comes_before_what_needs_it() {
        assert_eq!(names(&["types", "fmt"]), ["fmt", "package", "types"]);
        assert_eq!(names(&["fmt"]), ["fmt"]);
    }

    #[test]
    fn an_unknown_name_is_refused() {
        assert!(select(&["nope".to_owned()]).is_err());
    }
}
