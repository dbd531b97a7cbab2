//! Stamp files: digests of a step's inputs, so that it is not repeated without need.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::step::{skipped, step};
use crate::workspace::Workspace;

/// A digest of everything a step depends on.
#[derive(Default)]
pub(crate) struct Inputs(DefaultHasher);

impl Inputs {
    /// Starts with a text that identifies the version of the step: a tool's version, a list of
    /// flags.
    pub(crate) fn of(text: &str) -> Self {
        Self::default().text(text)
    }

    /// Adds a text.
    pub(crate) fn text(mut self, text: &str) -> Self {
        text.hash(&mut self.0);
        self
    }

    /// Adds the content of a file, or of every file in a folder. A missing path counts as empty.
    pub(crate) fn path(mut self, path: &Path) -> Result<Self> {
        for file in files_below(path)? {
            file.hash(&mut self.0);
            read(&file)?.hash(&mut self.0);
        }
        Ok(self)
    }

    fn digest(&self) -> String {
        format!("{:016x}", self.0.finish())
    }
}

/// Does `work` unless its inputs are unchanged and its output exists.
pub(crate) fn once(
    workspace: &Workspace,
    name: &str,
    what: &str,
    inputs: &Inputs,
    output: &Path,
    work: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let stamp = workspace.scratch(&format!("{name}.stamp"));
    let digest = inputs.digest();
    let _alone = workspace.lock()?;
    if output.exists() && fs::read_to_string(&stamp).is_ok_and(|old| old == digest) {
        skipped(what);
        return Ok(());
    }
    // Removed first, so that an interrupted step is repeated.
    if stamp.exists() {
        fs::remove_file(&stamp)?;
    }
    step(what, work)?;
    write(&stamp, digest.as_bytes())
}

/// Returns every file below `path`, sorted; `path` itself if it is a file.
pub(crate) fn files_below(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_path_buf()]);
    }
    if !path.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).with_context(|| format!("reading {}", path.display()))? {
        files.extend(files_below(&entry?.path())?);
    }
    files.sort();
    Ok(files)
}

/// Reads a file; errors name it.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("reading {}", path.display()))
}

/// Writes a file, creating its folders; errors name it.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    }
    fs::write(path, content).with_context(|| format!("writing {}", path.display()))
}
