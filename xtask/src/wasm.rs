//! The WebAssembly modules: compiled, bound, and optimised.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;
use wasm_bindgen_cli_support::Bindgen;

use crate::glue;
use crate::npm;
use crate::stamp::{Inputs, once, read, write};
use crate::step::{capture, run_shown};
use crate::toolchain::{Toolchain, WASM};
use crate::workspace::Workspace;

/// A module and its JavaScript as the tools generate them, before trimming.
pub(crate) struct Module {
    /// The name of the module's files, here and in the package.
    pub(crate) name: &'static str,
    /// The folder of its bindings' sources.
    pub(crate) bindings: &'static str,
    /// The folder of `js/src` that has its glue, in `glue/`.
    pub(crate) room: &'static str,
    /// True if it ships as text, too, for hosts that load no modules.
    pub(crate) is_inlined: bool,
    /// The optimised module.
    pub(crate) wasm: PathBuf,
    /// The generated glue for it.
    pub(crate) glue: PathBuf,
    /// The declarations of its functions in TypeScript.
    pub(crate) declarations: PathBuf,
}

/// The modules that applications may import: calls, guards and tags; the rules of HTTP.
pub(crate) const NAMES: [&str; 2] = ["core", "http"];

/// The way to a module.
struct Recipe {
    name: &'static str,
    /// The folder of `js/src` that has its glue.
    room: &'static str,
    /// The package whose library it is, and the feature of it.
    package: &'static str,
    feature: Option<&'static str>,
    profile: &'static str,
    /// The optimiser's aim.
    level: &'static str,
    /// The sources, besides those that all have; those of the bindings first.
    sources: &'static [&'static str],
}

/// All modules. The first two go into applications, hence are as small as can be; the last one plays
/// millions of requests, and only its command loads it.
const RECIPES: [Recipe; 3] = [
    of_core(NAMES[0]),
    of_core(NAMES[1]),
    Recipe {
        name: "simulate",
        room: "simulate",
        package: "holdover-simulate-wasm",
        feature: None,
        profile: "native",
        level: "-O3",
        sources: &[
            "crates/simulate-wasm",
            "crates/simulate/src",
            "crates/simulate/Cargo.toml",
        ],
    },
];

/// A module that is `crates/wasm` with the feature of that name.
const fn of_core(name: &'static str) -> Recipe {
    Recipe {
        name,
        room: "core",
        package: "holdover-wasm",
        feature: Some(name),
        profile: "release",
        level: "-Oz",
        sources: &["crates/wasm"],
    }
}

/// Only features of Node 20, workerd and Safari 16, which the compiler uses anyway.
pub(crate) const OPTIMISER_FLAGS: [&str; 10] = [
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

/// Builds the modules.
pub(crate) fn build(workspace: &Workspace) -> Result<Vec<Module>> {
    npm::install(workspace, "js")?;
    let modules = RECIPES.iter().map(|recipe| build_one(workspace, recipe));
    modules.collect()
}

fn build_one(workspace: &Workspace, recipe: &Recipe) -> Result<Module> {
    let &Recipe { name, level, .. } = recipe;
    let raw = compile(workspace, recipe)?;
    let folder = workspace.scratch("wasm").join(name);
    let module = Module {
        name,
        bindings: recipe.sources[0],
        room: recipe.room,
        is_inlined: NAMES.contains(&name),
        wasm: folder.join(format!("{name}.wasm")),
        glue: folder.join(format!("{name}.js")),
        declarations: folder.join(format!("{name}.d.ts")),
    };
    let inputs = Inputs::of(env!("CARGO_PKG_VERSION"))
        .text("wasm-bindgen 0.2.130 with declarations")
        .text(level)
        .text(&OPTIMISER_FLAGS.join(" "))
        .path(&raw)?
        .path(&workspace.path("js/package-lock.json"))?;
    once(
        workspace,
        &format!("wasm-{name}"),
        &format!("bind and optimise {name}.wasm"),
        &inputs,
        &module.wasm,
        || {
            bind(&raw, name, &folder)?;
            let bound = folder.join(format!("{name}_bg.wasm"));
            let names = optimise(workspace, level, &bound, &module.wasm)?;
            let bound = fs::read_to_string(&module.glue).context("reading the generated glue")?;
            write(&module.glue, glue::renamed(&bound, &names)?.as_bytes())
        },
    )?;
    Ok(module)
}

/// Compiles a module. The first two have one path among the compiler's files, where the second takes
/// the first one's place: cargo would always compile both.
fn compile(workspace: &Workspace, recipe: &Recipe) -> Result<PathBuf> {
    let &Recipe { name, profile, .. } = recipe;
    let toolchain = Toolchain::for_target(WASM)?;
    let mut cargo = toolchain.cargo(workspace, "rustc", WASM, "std,panic_abort");
    cargo.args(["--profile", profile, "--package", recipe.package, "--lib"]);
    cargo.args(["--crate-type", "cdylib", "--no-default-features"]);
    cargo.args(recipe.feature.iter().flat_map(|name| ["--features", name]));
    let raw = workspace.scratch("wasm").join(format!("{name}.wasm"));
    let mut inputs = Inputs::of(&toolchain.version()?);
    for source in ["src", "Cargo.toml", "Cargo.lock"]
        .iter()
        .chain(recipe.sources)
    {
        inputs = inputs.path(&workspace.path(source))?;
    }
    let stamp = format!("compile-{name}");
    let what = format!("compile {name}.wasm");
    once(workspace, &stamp, &what, &inputs, &raw, || {
        run_shown(&mut cargo)?;
        let folder = toolchain.folder(workspace, WASM, profile);
        let file = recipe.package.replace('-', "_");
        write(&raw, &read(&folder.join(file).with_extension("wasm"))?)
    })?;
    Ok(raw)
}

fn bind(raw: &Path, name: &str, folder: &Path) -> Result<()> {
    Bindgen::new()
        .input_path(raw)
        .out_name(name)
        .web(true)?
        .typescript(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(folder)
        .context("wasm-bindgen failed")
}

/// Optimises the module; returns the new name of each export.
fn optimise(
    workspace: &Workspace,
    level: &str,
    from: &Path,
    to: &Path,
) -> Result<HashMap<String, String>> {
    let mut node = Command::new("node");
    node.arg(workspace.path("js/node_modules/binaryen/bin/wasm-opt"))
        .arg(level)
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
