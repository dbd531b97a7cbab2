//! The WebAssembly module: compiled, bound, and optimised for size.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;
use wasm_bindgen_cli_support::Bindgen;

use crate::glue;
use crate::npm;
use crate::stamp::{Inputs, once, write};
use crate::step::{capture, run_shown, step};
use crate::toolchain::{Toolchain, WASM};
use crate::workspace::Workspace;

/// The module and its JavaScript as the tools generate them, before trimming.
pub(crate) struct Module {
    /// The optimised module.
    pub(crate) wasm: PathBuf,
    /// The generated glue for it.
    pub(crate) glue: PathBuf,
    /// The declarations of its functions in TypeScript.
    pub(crate) declarations: PathBuf,
}

/// Only features of Node 20, workerd and Safari 16, which the compiler uses anyway.
const OPTIMISER_FLAGS: [&str; 11] = [
    "-Oz",
    // Frequently called functions get small numbers, and exports short names.
    "--reorder-functions",
    "--minify-imports-and-exports",
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--strip-producers",
    "--strip-target-features",
];

/// Builds the module.
pub(crate) fn build(workspace: &Workspace) -> Result<Module> {
    let raw = compile(workspace)?;
    let folder = workspace.scratch("wasm");
    let module = Module {
        wasm: folder.join("core.wasm"),
        glue: folder.join("holdover.js"),
        declarations: folder.join("holdover.d.ts"),
    };
    npm::install(workspace, "js")?;
    let inputs = Inputs::of(env!("CARGO_PKG_VERSION"))
        .text("wasm-bindgen 0.2.130 with declarations")
        .text(&OPTIMISER_FLAGS.join(" "))
        .path(&raw)?
        .path(&workspace.path("js/package-lock.json"))?;
    once(
        workspace,
        "wasm",
        "bind and optimise the module",
        &inputs,
        &module.wasm,
        || {
            bind(&raw, &folder)?;
            let names = optimise(workspace, &folder.join("holdover_bg.wasm"), &module.wasm)?;
            let bound = fs::read_to_string(&module.glue).context("reading the generated glue")?;
            write(&module.glue, glue::renamed(&bound, &names)?.as_bytes())
        },
    )?;
    Ok(module)
}

fn compile(workspace: &Workspace) -> Result<PathBuf> {
    let toolchain = Toolchain::for_target(WASM)?;
    let mut cargo = toolchain.cargo(workspace, "rustc", WASM, "std,panic_abort");
    cargo.args([
        "--release",
        "--package",
        "holdover",
        "--lib",
        "--crate-type",
        "cdylib",
        "--features",
        "wasm",
    ]);
    step("compile the module", || run_shown(&mut cargo))?;
    Ok(toolchain
        .release_folder(workspace, WASM)
        .join("holdover.wasm"))
}

fn bind(raw: &Path, folder: &Path) -> Result<()> {
    Bindgen::new()
        .input_path(raw)
        .out_name("holdover")
        .web(true)?
        .typescript(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(folder)
        .context("wasm-bindgen failed")
}

/// Optimises the module for size; returns the new name of each export.
fn optimise(workspace: &Workspace, from: &Path, to: &Path) -> Result<HashMap<String, String>> {
    let mut node = Command::new("node");
    node.arg(workspace.path("js/node_modules/binaryen/bin/wasm-opt"))
        .args(OPTIMISER_FLAGS)
        .arg(from)
        .arg("-o")
        .arg(to);
    let told: Value = serde_json::from_str(&capture(&mut node)?)
        .context("wasm-opt should say how it renamed the exports")?;
    let pairs = told["exports"].as_array().into_iter().flatten();
    let named = pairs.filter_map(|pair| {
        let (name, short) = (pair[0].as_str()?, pair[1].as_str()?);
        Some((name.to_owned(), short.to_owned()))
    });
    Ok(named.collect())
}
