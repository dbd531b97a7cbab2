//! The documentation as a static site: the pages of `docs/`, with the references of the package.

use std::process::Command;

use anyhow::Result;

use crate::step::run_shown;
use crate::workspace::Workspace;
use crate::{npm, package};

/// The npm project that builds the site.
pub(crate) const SITE: &str = "site";

/// Builds the site into `target/docs`.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    package::build(workspace)?;
    npm::install(workspace, SITE)?;
    let mut node = Command::new("node");
    run_shown(node.current_dir(workspace.path(SITE)).arg("build/site.mjs"))?;
    Ok(())
}
