//! The npm projects of this repository.

use std::process::Command;

use anyhow::{Result, bail};

use crate::stamp::{Inputs, once};
use crate::step::run_quietly;
use crate::workspace::Workspace;

/// The linter and formatter of everything but Rust, relative to the root.
pub(crate) const BIOME: &str = "js/node_modules/@biomejs/biome/bin/biome";

/// Installs exactly what the project's lock file names.
pub(crate) fn install(workspace: &Workspace, project: &str) -> Result<()> {
    let lock = workspace.path(project).join("package-lock.json");
    if !lock.exists() {
        bail!("{project}/package-lock.json is missing");
    }
    let inputs = Inputs::of("npm ci").path(&lock)?;
    let stamp = format!("npm-{}", project.replace('/', "-"));
    let modules = workspace.path(project).join("node_modules");
    let what = format!("install the npm packages of {project}");
    once(workspace, &stamp, &what, &inputs, &modules, || {
        // No package here needs its install script, so none is run.
        let mut npm = command(workspace, project);
        run_quietly(npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))
    })
}

/// Returns an `npm` command in a project's folder.
pub(crate) fn command(workspace: &Workspace, project: &str) -> Command {
    let mut npm = Command::new("npm");
    npm.current_dir(workspace.path(project));
    npm
}
