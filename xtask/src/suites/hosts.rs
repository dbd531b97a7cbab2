//! The package in the other runtimes, and in browsers.

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

/// Apart, as runtimes weigh more than the other tests need.
const HOSTS: &str = "tests/hosts";
const EXAMPLES: &str = "examples";
const CHROMIUM: &str = "/usr/bin/chromium";

/// Node, Deno, Bun and Vercel's edge runtime.
pub(super) fn runtimes(bench: &mut Bench<'_>) -> Result<Tally> {
    bench.install_package(HOSTS)?;
    servers::install(bench.workspace)?;
    count(&mut node(bench, "runtimes.mjs"))
}

/// Pages and service workers in Chromium.
pub(super) fn browsers(bench: &mut Bench<'_>) -> Result<Tally> {
    bench.install_package(HOSTS)?;
    install_chromium()?;
    count(node(bench, "browsers.mjs").env("HOLDOVER_CHROMIUM", CHROMIUM))
}

/// The programs of `examples/`: on Node, Deno, in Chromium, and of the core by itself.
pub(super) fn examples(bench: &mut Bench<'_>) -> Result<Tally> {
    bench.install_package(HOSTS)?;
    bench.install_package(EXAMPLES)?;
    install_chromium()?;
    let core = check(
        Command::new(cargo_in_use())
            .current_dir(bench.workspace.root())
            .args(["run", "--locked", "--example", "hold_over"]),
    )?;
    let programs = count(node(bench, "examples.mjs").env("HOLDOVER_CHROMIUM", CHROMIUM))?;
    Ok(core + programs)
}

fn install_chromium() -> Result<()> {
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
