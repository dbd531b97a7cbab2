//! Commands whose output is to be read: the demo, the benchmarks, the sizes.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::step::{run_shown, shell_words};
use crate::toolchain::cargo_in_use;
use crate::workspace::Workspace;
use crate::{npm, package};

/// The server of axum that the demo may run instead of the worker.
const AXUM: &str = "holdover-example-axum";

/// Runs the example worker on workerd, or with `rust` first the server of axum, or with `browser` the
/// service worker; serves until Ctrl-C without `--once`.
pub(crate) fn demo(workspace: &Workspace, options: &[String]) -> Result<ExitCode> {
    if options == ["browser"] {
        let script = ["service-worker/demo/serve.mjs"];
        return run_node(workspace, "examples", &script, &[], None);
    }
    let Some((_, options)) = options.split_first().filter(|(first, _)| *first == "rust") else {
        return run_node(workspace, DEMO, &["demo.mjs"], options, None);
    };
    let program = build_axum(workspace)?;
    run_node(workspace, DEMO, &["demo.mjs"], options, Some(program))
}

/// Builds the server of axum; gives the program.
pub(crate) fn build_axum(workspace: &Workspace) -> Result<PathBuf> {
    let mut cargo = Command::new(cargo_in_use());
    cargo.args(["build", "--locked", "--package", AXUM]);
    run_shown(cargo.current_dir(workspace.root()))?;
    Ok(workspace.path("target/debug").join(AXUM))
}

const DEMO: &str = "examples/worker";

/// A workspace of its own: only this compiles the other caches.
pub(crate) const RUST_BENCH: &str = "bench/rust";

/// Runs the benchmarks beside other caches; with `rust` first those of the crate.
pub(crate) fn bench(workspace: &Workspace, options: &[String]) -> Result<ExitCode> {
    if let Some((_, options)) = options.split_first().filter(|(first, _)| *first == "rust") {
        return bench_rust(workspace, options);
    }
    run_node(
        workspace,
        "bench",
        &["--expose-gc", "run.mjs"],
        options,
        None,
    )
}

fn bench_rust(workspace: &Workspace, options: &[String]) -> Result<ExitCode> {
    let mut cargo = Command::new(cargo_in_use());
    cargo.args(["run", "--locked", "--release", "--target-dir"]);
    cargo.arg(workspace.path("target/bench-rust")).arg("--");
    cargo
        .arg(workspace.path("bench/RESULTS-RUST.md"))
        .args(options);
    run_shown(cargo.current_dir(workspace.path(RUST_BENCH)))?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the package's sizes; fails if one exceeds the budget.
pub(crate) fn size(workspace: &Workspace) -> Result<ExitCode> {
    run_node(
        workspace,
        "tests",
        &["package/packaging/size.mjs"],
        &[],
        None,
    )
}

/// Formats everything, and applies the linters' safe fixes.
pub(crate) fn format(workspace: &Workspace) -> Result<ExitCode> {
    let mut rustfmt = Command::new(cargo_in_use());
    run_shown(rustfmt.current_dir(workspace.root()).args(["fmt", "--all"]))?;
    let mut apart = Command::new(cargo_in_use());
    run_shown(apart.current_dir(workspace.path(RUST_BENCH)).arg("fmt"))?;
    npm::install(workspace, "js")?;
    let mut biome = Command::new("node");
    biome.current_dir(workspace.root());
    run_shown(biome.args([npm::BIOME, "check", "--write", "."]))?;
    Ok(ExitCode::SUCCESS)
}

/// Installs the freshly built package in a project and replaces this process by its script.
fn run_node(
    workspace: &Workspace,
    project: &str,
    script: &[&str],
    options: &[String],
    program: Option<PathBuf>,
) -> Result<ExitCode> {
    let tarball = package::build(workspace)?;
    package::install(workspace, &tarball, project)?;
    let mut node = Command::new("node");
    node.current_dir(workspace.path(project))
        .args(script)
        .args(options);
    if let Some(program) = program {
        node.env("HOLDOVER_DEMO_PROGRAM", program);
    }
    println!();
    become_it(&mut node)
}

/// Replaces this process, so that Ctrl-C and the exit status are the script's.
#[cfg(unix)]
fn become_it(command: &mut Command) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt;

    let error = command.exec();
    Err(error).with_context(|| format!("could not start {}", shell_words(command)))
}

#[cfg(not(unix))]
fn become_it(command: &mut Command) -> Result<ExitCode> {
    let status = command
        .status()
        .with_context(|| format!("could not start {}", shell_words(command)))?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
