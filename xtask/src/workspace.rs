//! Paths in this repository.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The repository's root folder.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// Finds the root: the folder above this crate's.
    ///
    /// `cargo run` passes the crate's folder at run time, so a moved clone keeps working.
    pub(crate) fn find() -> Self {
        let manifest = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest.parent().unwrap_or(&manifest).to_path_buf();
        Self { root }
    }

    /// Returns the root folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns a path below the root.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Returns a path below this tool's scratch folder.
    pub(crate) fn scratch(&self, relative: &str) -> PathBuf {
        self.root.join("target/xtask").join(relative)
    }

    /// Waits until no other `cargo xtask` works on this repository; others wait until it is
    /// dropped.
    pub(crate) fn lock(&self) -> Result<File> {
        let path = self.scratch("lock");
        fs::create_dir_all(self.scratch(""))?;
        let file = File::create(&path).with_context(|| format!("opening {}", path.display()))?;
        if file.try_lock().is_err() {
            println!("   waiting for another cargo xtask");
            file.lock()
                .with_context(|| format!("locking {}", path.display()))?;
        }
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::Workspace;
    use std::fs;
    use std::process::Command;

    #[test]
    fn published_crates_bring_their_licences() {
        for package in ["holdover", "holdover-workers", "holdover-macros"] {
            let listing = Command::new("cargo")
                .args(["package", "--list", "--allow-dirty", "--package", package])
                .current_dir(Workspace::find().path(""))
                .output()
                .expect("cargo runs");
            let listed = String::from_utf8_lossy(&listing.stdout);
            for file in ["LICENSE-MIT", "LICENSE-APACHE", "README.md"] {
                assert!(listed.lines().any(|line| line == file), "{package}: {file}");
            }
        }
    }

    #[test]
    fn published_crates_ask_for_no_exact_version() {
        // A pin of theirs would be one for every program that uses the same dependency.
        for manifest in [
            "Cargo.toml",
            "crates/workers/Cargo.toml",
            "crates/macros/Cargo.toml",
        ] {
            let text = fs::read_to_string(Workspace::find().path(manifest)).expect(manifest);
            let pinned: Vec<_> = text.lines().filter(|line| line.contains("\"=")).collect();
            assert!(pinned.is_empty(), "{manifest}: {pinned:?}");
        }
    }
}
