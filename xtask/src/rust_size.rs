//! Sizes that the crate adds to a Worker in Rust, gzipped, against their budget.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::npm;
use crate::step::{capture, run_shown, step};
use crate::tally::Tally;
use crate::toolchain::{Toolchain, WASM};
use crate::wasm;
use crate::workspace::Workspace;

const PROJECT: &str = "tests/platforms/rust-size";
/// The feature that leaves everything out.
const BARE: &str = "bare";
const KB: f64 = 1000.0;

/// Prints a table; a line over its budget counts as failed.
pub(crate) fn measure(workspace: &Workspace) -> Result<Tally> {
    npm::install(workspace, "js")?;
    let budget = fs::read(workspace.path(PROJECT).join("budget.json"))?;
    let budget: BTreeMap<String, usize> = serde_json::from_slice(&budget)?;
    let bare = size_of(workspace, BARE)?;
    println!("a Worker's function without a cache: {:.1} KB", in_kb(bare));
    let mut tally = Tally::default();
    for (feature, most) in &budget {
        let added = size_of(workspace, feature)?.saturating_sub(bare);
        let fits = added <= *most;
        let said = if fits { "" } else { ": too large" };
        println!(
            "{feature} adds {:.1} of {:.1} KB{said}",
            in_kb(added),
            in_kb(*most)
        );
        tally = tally + Tally::one(fits);
    }
    Ok(tally)
}

#[expect(clippy::cast_precision_loss, reason = "sizes of modules are small")]
fn in_kb(bytes: usize) -> f64 {
    bytes as f64 / KB
}

/// The bytes of the module with this feature, bound, optimised and gzipped.
fn size_of(workspace: &Workspace, feature: &str) -> Result<usize> {
    let toolchain = Toolchain::for_target(WASM)?;
    let mut cargo = toolchain.cargo(workspace, "build", WASM, "std,panic_abort");
    cargo.args(["--release", "--package", "holdover-size"]);
    if feature != BARE {
        cargo.args(["--features", feature]);
    }
    run_shown(&mut cargo)?;
    let raw = toolchain
        .folder(workspace, WASM, "release")
        .join("holdover_size.wasm");
    let folder = workspace.scratch("rust-size").join(feature);
    step(&format!("bind and optimise {feature}"), || {
        Bindgen::new()
            .input_path(raw)
            .out_name("size")
            .web(true)?
            .typescript(false)
            .remove_name_section(true)
            .remove_producers_section(true)
            .generate(&folder)
            .context("wasm-bindgen failed")?;
        gzipped(workspace, &folder)
    })
}

fn gzipped(workspace: &Workspace, folder: &Path) -> Result<usize> {
    let optimised = folder.join("optimised.wasm");
    let mut node = Command::new("node");
    node.arg(workspace.path("js/node_modules/binaryen/bin/wasm-opt"))
        .arg("-Oz")
        .args(wasm::OPTIMISER_FLAGS)
        .arg(folder.join("size_bg.wasm"))
        .arg("-o")
        .arg(&optimised);
    capture(&mut node)?;
    let script =
        "console.log(zlib.gzipSync(fs.readFileSync(process.argv[1]), { level: 9 }).length)";
    let mut node = Command::new("node");
    let length = capture(node.args(["-e", script]).arg(&optimised))?;
    length.trim().parse().context("the size should be a number")
}
