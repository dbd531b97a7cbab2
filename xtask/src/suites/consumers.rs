//! The suites of the package in other people's tools, which install those themselves.

use std::process::Command;

use anyhow::Result;

use super::Bench;
use super::hosts::HOSTS;
use super::javascript::TESTS;
use crate::browsers::{CHROMIUM, install_chromium};
use crate::tally::Tally;
use crate::watched::count;

const CONSUMERS: &str = "tests/platforms/consumers";
/// The kinds of consumers, each a command of its own, as one may take minutes.
const KINDS: [&str; 11] = [
    "starts",
    "workers",
    "bundlers",
    "runtimes",
    "runners",
    "slim",
    "next",
    "frameworks",
    "recipes",
    "nitro",
    "sizes",
];

/// Tests those that install and run within seconds.
pub(super) fn fast(bench: &mut Bench<'_>) -> Result<Tally> {
    run(bench, &["fast"])
}

/// Tests all of them.
pub(super) fn all(bench: &mut Bench<'_>) -> Result<Tally> {
    run(bench, &KINDS)
}

fn run(bench: &mut Bench<'_>, selections: &[&str]) -> Result<Tally> {
    bench.install_package(TESTS)?;
    bench.install_package(HOSTS)?;
    install_chromium()?;
    selections
        .iter()
        .map(|selection| {
            let mut node = Command::new("node");
            node.current_dir(bench.workspace.path(CONSUMERS))
                .env("HOLDOVER_CHROMIUM", CHROMIUM)
                .args(["run.mjs", selection]);
            count(&mut node)
        })
        .sum()
}
