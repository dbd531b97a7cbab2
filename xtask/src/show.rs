//! Commands whose output is to be read: the demo, the benchmarks, the sizes.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::step::{run_shown, shell_words};
use crate::toolchain::cargo_in_use;
use crate::workspace::Workspace;
use crate::{npm, package};

/// Runs the example worker on workerd; serves until Ctrl-C without `--once`.
pub(crate) fn demo(workspace: &Workspace, options: &[String]) -> Result<ExitCode> {
    run_node(workspace, "examples/worker", &["demo.mjs"], options)
}

/// Runs the benchmarks beside other caches.
pub(crate) fn bench(workspace: &Workspace, options: &[String]) -> Result<ExitCode> {
    run_node(workspace, "bench", &["--expose-gc", "run.mjs"], options)
}

/// Prints the package's sizes; fails if one exceeds the budget.
pub(crate) fn size(workspace: &Workspace) -> Result<ExitCode> {
    run_node(workspace, "tests", &["package/packaging/size.mjs"], &[])
}

/// Formats everything, and applies the linters' safe fixes.
pub(crate) fn format(workspace: &Workspace) -> Result<ExitCode> {
    let mut rustfmt = Command::new(cargo_in_use());
    run_shown(rustfmt.current_dir(workspace.root()).args(["fmt", "--all"]))?;
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
) -> Result<ExitCode> {
    let tarball = package::build(workspace)?;
    package::install(workspace, &tarball, project)?;
    let mut node = Command::new("node");
    node.current_dir(workspace.path(project))
        .args(script)
        .args(options);
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
