//! The suites of the crate.

use std::process::Command;

use anyhow::Result;

use super::Bench;
use crate::pip;
use crate::show::RUST_BENCH;
use crate::tally::Tally;
use crate::toolchain::{BARE_METAL, Toolchain, WASI, WASM, cargo_in_use};
use crate::watched::{check, count};

/// A runtime of WebAssembly components.
const WASMTIME: &str = "wasmtime==50.0.1";

/// Checks formatting.
pub(super) fn fmt(bench: &mut Bench<'_>) -> Result<Tally> {
    let all = check(cargo(bench, "fmt").args(["--all", "--check"]))?;
    let manifest = format!("{RUST_BENCH}/Cargo.toml");
    let apart = ["--check", "--manifest-path", &manifest];
    Ok(all + check(cargo(bench, "fmt").args(apart))?)
}

/// Runs the lints, with every feature and with none.
pub(super) fn clippy(bench: &mut Bench<'_>) -> Result<Tally> {
    let deny = ["--", "--deny", "warnings"];
    let everything = ["--locked", "--workspace", "--all-targets", "--all-features"];
    let alone = ["--locked", "--package", "holdover", "--lib"];
    let all = check(cargo(bench, "clippy").args(everything).args(deny))?;
    let none = check(cargo(bench, "clippy").args(alone).args(deny))?;
    Ok(all + none)
}

/// Runs unit, integration and documentation tests.
///
/// The tests of this tool run separately: together they would select other features of common
/// dependencies, and cargo would compile those a second time.
pub(super) fn tests(bench: &mut Bench<'_>) -> Result<Tally> {
    let options = ["--locked", "--no-fail-fast"];
    let library = ["--workspace", "--exclude", "xtask", "--all-features"];
    let of_library = count(cargo(bench, "test").args(options).args(library))?;
    let of_this = count(
        cargo(bench, "test")
            .args(options)
            .args(["--package", "xtask"]),
    )?;
    Ok(of_library + of_this)
}

/// Builds the documentation; fails on broken links and undocumented items.
pub(super) fn docs(bench: &mut Bench<'_>) -> Result<Tally> {
    let mut doc = cargo(bench, "doc");
    doc.args([
        "--locked",
        "--package",
        "holdover",
        "--package",
        "holdover-workers",
        "--package",
        "holdover-macros",
        "--package",
        "holdover-simulate",
        "--no-deps",
        "--all-features",
    ]);
    check(doc.env("RUSTDOCFLAGS", "--deny warnings"))
}

/// Builds the crate for a target that has `core` and `alloc` and nothing else, and its driver for
/// WebAssembly, where futures need not be `Send`.
pub(super) fn no_std(bench: &mut Bench<'_>) -> Result<Tally> {
    let library = ["--package", "holdover", "--lib"];
    let toolchain = Toolchain::for_target(BARE_METAL)?;
    let mut check_core = toolchain.cargo(bench.workspace, "check", BARE_METAL, "core,alloc");
    let core = check(check_core.args(library))?;
    let toolchain = Toolchain::for_target(WASM)?;
    let mut check_driver = toolchain.cargo(bench.workspace, "check", WASM, "std,panic_abort");
    let driver = check(
        check_driver
            .args(library)
            .args(["--features", "json,postcard,testing"]),
    )?;
    Ok(core + driver)
}

/// Plays the scenarios on WASI: preview 1 in Node, preview 2 in wasmtime.
pub(super) fn wasi(bench: &mut Bench<'_>) -> Result<Tally> {
    let workspace = bench.workspace;
    let folder = workspace.path("target/wasmtime");
    let proof = folder.join("wasmtime");
    pip::install(workspace, "wasmtime", WASMTIME, &folder, &proof)?;
    let mut player = Command::new("node");
    player.current_dir(workspace.path("tests/platforms/wasi"));
    player.arg("run.mjs").env("PYTHONPATH", folder);
    let mut built = Tally::default();
    for target in WASI {
        let toolchain = Toolchain::with_library(target)?;
        let mut cargo = toolchain.cargo(workspace, "build", target, "");
        built = built + check(cargo.args(["--package", "holdover-wasi-tests"]))?;
        let folder = toolchain.debug_folder(workspace, target);
        player.arg(folder.join("wasi.wasm"));
    }
    Ok(built + count(&mut player)?)
}

pub(super) fn cargo(bench: &Bench<'_>, subcommand: &str) -> Command {
    let mut cargo = Command::new(cargo_in_use());
    cargo.current_dir(bench.workspace.root()).arg(subcommand);
    cargo
}
