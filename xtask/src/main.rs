//! `cargo xtask`: sets up what is missing, then builds, tests, measures and shows holdover.

mod apt;
mod boundary;
mod browsers;
mod comments;
mod cycles;
mod debian;
mod excerpt;
mod glue;
mod latin1;
mod npm;
mod package;
mod pip;
mod release;
mod rooms;
mod rust_size;
mod rust_worker;
mod servers;
mod show;
mod site;
mod stamp;
mod step;
mod suites;
mod tally;
mod toolchain;
mod wasm;
mod watched;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::workspace::Workspace;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  demo [--once] [options]  the example worker in front of a failing origin, with a live page
  demo rust [options]      the same with the server of axum in place of the worker
  demo browser             a service worker in a page of your browser, offline included
  test [suite…]            every test but consumers, site, wasi and workers-rs, or the named suites
  lint                     the suites fmt, clippy and js-lint
  format                   formats everything, and applies the safe fixes of the linters
  build                    the npm package, in pkg/ and as a tarball in target/
  docs                     the documentation as a static site, in target/docs
  size                     what the package weighs, against its budget
  size rust                what the crate adds to a Worker in Rust, likewise
  bench [WORK…] [--quick]  side by side with other caches; a work is p1, p2, …, or scale
  bench rust [--quick]     the same for the crate, written to bench/RESULTS-RUST.md
  bench load [--seconds N] Workers under load on workerd, written to bench/RESULTS-LOAD.md
  release --dry-run        what a release would publish, built and verified

Each sets up what it needs and is missing.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<ExitCode> {
    let workspace = Workspace::find();
    let Some((command, rest)) = arguments.split_first() else {
        bail!("{USAGE}");
    };
    match (command.as_str(), rest) {
        ("test", suites) => suites::run(&workspace, suites),
        ("lint", []) => suites::run(&workspace, &suites::LINT.map(str::to_owned)),
        ("format", []) => show::format(&workspace),
        ("build", []) => package::rebuild(&workspace).map(|_| ExitCode::SUCCESS),
        ("docs", []) => site::build(&workspace).map(|()| ExitCode::SUCCESS),
        ("size", []) => show::size(&workspace),
        ("size", [of]) if of == "rust" => {
            let tally = rust_size::measure(&workspace)?;
            Ok(if tally.failed == 0 {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
        ("release", [option]) if option == "--dry-run" => {
            release::dry_run(&workspace).map(|()| ExitCode::SUCCESS)
        }
        ("demo", options) => show::demo(&workspace, options),
        ("bench", options) => show::bench(&workspace, options),
        ("help" | "--help" | "-h", _) => {
            println!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        _ => bail!("unknown: {}\n\n{USAGE}", arguments.join(" ")),
    }
}
