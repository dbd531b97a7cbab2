//! The suites of the package on other runtimes and in browsers.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use super::Bench;
use crate::apt;
use crate::servers;
use crate::step::step;
use crate::tally::Tally;
use crate::toolchain::cargo_in_use;
use crate::watched::{check, count};

/// A project of its own, as runtimes are large.
pub(super) const HOSTS: &str = "tests/platforms/hosts";
const EXAMPLES: &str = "examples";
pub(super) const CHROMIUM: &str = "/usr/bin/chromium";

/// Tests on Node, Deno, Bun and Vercel's edge runtime.
pub(super) fn runtimes(bench: &mut Bench<'_>) -> Result<Tally> {
    bench.install_package(HOSTS)?;
    servers::install(bench.workspace)?;
    count(&mut node(bench, "runtimes.mjs"))
}

/// Tests pages and service workers in Chromium.
pub(super) fn browsers(bench: &mut Bench<'_>) -> Result<Tally> {
    bench.install_package(HOSTS)?;
    install_chromium()?;
    count(node(bench, "browsers.mjs").env("HOLDOVER_CHROMIUM", CHROMIUM))
}

/// Runs the programs of `examples/`: on Node, on Deno, in Chromium, and in Rust.
pub(super) fn examples(bench: &mut Bench<'_>) -> Result<Tally> {
    bench.install_package(HOSTS)?;
    bench.install_package(EXAMPLES)?;
    install_chromium()?;
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

pub(super) fn install_chromium() -> Result<()> {
    if Path::new(CHROMIUM).exists() {
        return Ok(());
    }
    if !apt::is_usable()? {
        bail!(
            "no {CHROMIUM}: as root on Debian, `apt-get install --no-install-recommends chromium`"
        );
    }
    apt::update()?;
    step("install Chromium", || apt::install(&["chromium"]))
}

fn node(bench: &Bench<'_>, script: &str) -> Command {
    let mut node = Command::new("node");
    node.current_dir(bench.workspace.path(HOSTS)).arg(script);
    node
}
