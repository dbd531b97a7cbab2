//! The suites of the package on other runtimes and in browsers.

use std::process::Command;

use anyhow::Result;

use super::Bench;
use crate::browsers::{self, CHROMIUM};
use crate::servers;
use crate::site;
use crate::tally::Tally;
use crate::toolchain::cargo_in_use;
use crate::watched::{check, count};

/// A project of its own, as runtimes are large.
pub(super) const HOSTS: &str = "tests/platforms/hosts";
const EXAMPLES: &str = "examples";

/// Tests on Node, Deno, Bun and Vercel's edge runtime.
pub(super) fn runtimes(bench: &mut Bench<'_>) -> Result<Tally> {
    bench.install_package(HOSTS)?;
    servers::install(bench.workspace)?;
    count(&mut node(bench, "runtimes.mjs"))
}

/// Tests pages and service workers in Chromium and Firefox, and pages in `WebKit`.
pub(super) fn browsers(bench: &mut Bench<'_>) -> Result<Tally> {
    bench.install_package(HOSTS)?;
    // The script goes on with those that are there, and counts each missing one as a failed test.
    if let Err(error) = browsers::install_all() {
        println!("error: {error:#}");
    }
    count(node(bench, "browsers.mjs").env("HOLDOVER_CHROMIUM", CHROMIUM))
}

/// Tests the site of the documentation in Chromium, as readers use it.
pub(super) fn site(bench: &mut Bench<'_>) -> Result<Tally> {
    site::build(bench.workspace)?;
    bench.install_package(HOSTS)?;
    browsers::install_chromium()?;
    count(node(bench, "site.mjs").env("HOLDOVER_CHROMIUM", CHROMIUM))
}

/// Runs the programs of `examples/`: on Node, on Deno, in Chromium, and in Rust.
pub(super) fn examples(bench: &mut Bench<'_>) -> Result<Tally> {
    bench.install_package(HOSTS)?;
    bench.install_package(EXAMPLES)?;
    browsers::install_chromium()?;
    let core = check(&mut rust_example(bench, "hold_over"))?;
    let driver = check(rust_example(bench, "cached_function").args(["--features", "tokio"]))?;
    let programs = count(node(bench, "examples.mjs").env("HOLDOVER_CHROMIUM", CHROMIUM))?;
    Ok(core + driver + programs)
}

fn rust_example(bench: &Bench<'_>, name: &str) -> Command {
    let mut cargo = Command::new(cargo_in_use());
    cargo.current_dir(bench.workspace.root());
    cargo.args(["run", "--locked", "--example", name]);
    cargo
}

fn node(bench: &Bench<'_>, script: &str) -> Command {
    let mut node = Command::new("node");
    node.current_dir(bench.workspace.path(HOSTS)).arg(script);
    node
}
