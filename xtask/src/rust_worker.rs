//! The Worker in Rust that tests ask.

use std::path::PathBuf;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::stamp::{read, write};
use crate::step::{run_shown, step};
use crate::toolchain::{Toolchain, WASM};
use crate::workspace::Workspace;

const PROJECT: &str = "tests/platforms/workers-rs";

/// Builds it; returns its folder, where `index.js` is the Worker.
pub(crate) fn build(workspace: &Workspace) -> Result<PathBuf> {
    let toolchain = Toolchain::for_target(WASM)?;
    let mut cargo = toolchain.cargo(workspace, "build", WASM, "std,panic_abort");
    run_shown(cargo.args(["--package", "holdover-workers-tests"]))?;
    let built = toolchain.debug_folder(workspace, WASM);
    let folder = workspace.scratch("workers-rs");
    step("bind the Worker", || {
        Bindgen::new()
            .input_path(built.join("holdover_workers_tests.wasm"))
            .out_name("worker")
            .web(true)?
            .typescript(false)
            .generate(&folder)
            .context("wasm-bindgen failed")
    })?;
    let entry = workspace.path(PROJECT).join("index.js");
    write(&folder.join("index.js"), &read(&entry)?)?;
    Ok(folder)
}
