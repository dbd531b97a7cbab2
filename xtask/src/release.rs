//! A release, as far as it can be tried without publishing: what would be published, where it says
//! it comes from, and in which order.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::npm;
use crate::package::{self, REPOSITORY, VERSION};
use crate::stamp::{read, write};
use crate::step::{capture, run_quietly, step};
use crate::toolchain::cargo_in_use;
use crate::workspace::Workspace;

/// The published crates and their manifests, each after those that it depends on.
const CRATES: [(&str, &str); 3] = [
    ("holdover-macros", "crates/macros/Cargo.toml"),
    ("holdover", "Cargo.toml"),
    ("holdover-workers", "crates/workers/Cargo.toml"),
];
/// The line of a manifest that the repository's comes behind.
const LICENSE: &str = "license.workspace = true\n";

/// Builds, packs and verifies everything, and prints it; publishes nothing.
pub(crate) fn dry_run(workspace: &Workspace) -> Result<()> {
    let repository = repository(env::var(REPOSITORY).ok().as_deref())?;
    check_changelog(&fs::read_to_string(workspace.path("CHANGELOG.md"))?)?;
    let tarball = package::build(workspace)?;
    step("try to publish the npm package", || {
        let mut npm = npm::command(workspace, "target");
        let options = ["--dry-run", "--ignore-scripts", "--offline"];
        run_quietly(npm.arg("publish").arg(&tarball).args(options))
    })?;
    let crates = step("package and verify the crates", || {
        package_crates(workspace, &repository)
    })?;
    println!("\nwould be published for {repository}, in this order:");
    for (nth, file) in crates.iter().chain([&tarball]).enumerate() {
        let registry = if file.ends_with(&tarball) {
            "npm"
        } else {
            "crate"
        };
        let sum = capture(Command::new("sha256sum").arg(file))?;
        let sum = sum.split_whitespace().next().unwrap_or_default();
        println!(
            "  {}. {registry:<6} {}\n     sha256 {sum}",
            nth + 1,
            file.display()
        );
    }
    println!("nothing was published");
    Ok(())
}

/// Returns the address of the repository.
fn repository(given: Option<&str>) -> Result<String> {
    let address = given.unwrap_or_default();
    let is_plain = !["/", ".git"].iter().any(|end| address.ends_with(end));
    if address.starts_with("https://") && is_plain && !address.contains(char::is_whitespace) {
        return Ok(address.to_owned());
    }
    bail!(
        "{REPOSITORY} is `{address}`: set it to the repository's address, https://…, without a \
         slash or `.git` at its end"
    );
}

/// Fails unless the changelog has news for this version.
fn check_changelog(text: &str) -> Result<()> {
    let heading = format!("## {VERSION}");
    let news = text
        .split("\n## ")
        .skip(1)
        .find(|part| part.starts_with("Unreleased") || format!("## {part}").starts_with(&heading));
    let is_there = news.is_some_and(|part| part.lines().skip(1).any(|line| !line.is_empty()));
    ensure!(
        is_there,
        "CHANGELOG.md has no news below `Unreleased` or `{VERSION}`"
    );
    Ok(())
}

/// Packages the crates as they are in a copy of the repository, whose manifests are filled in.
fn package_crates(workspace: &Workspace, repository: &str) -> Result<Vec<PathBuf>> {
    let copy = workspace.scratch("release");
    copy_sources(workspace, &copy)?;
    for (name, manifest) in CRATES {
        let path = copy.join(manifest);
        let text = fs::read_to_string(&path)?;
        let filled = with_repository(&text, repository)
            .with_context(|| format!("the manifest of {name}, {manifest}"))?;
        fs::write(&path, filled)?;
    }
    let target = workspace.path("target/release-crates");
    let mut cargo = Command::new(cargo_in_use());
    cargo.current_dir(&copy).env("CARGO_TARGET_DIR", &target);
    // The copy is no checkout: nothing in it is committed.
    cargo.args(["package", "--locked", "--allow-dirty"]);
    for (name, _) in CRATES {
        cargo.args(["--package", name]);
    }
    run_quietly(&mut cargo)?;
    let file = |name| target.join(format!("package/{name}-{VERSION}.crate"));
    Ok(CRATES.iter().map(|(name, _)| file(*name)).collect())
}

/// Copies what git tracks, or would.
fn copy_sources(workspace: &Workspace, to: &Path) -> Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    let mut git = Command::new("git");
    git.current_dir(workspace.root());
    let options = [
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ];
    for name in capture(git.args(options))?.split_terminator('\0') {
        let from = workspace.path(name);
        if from.is_file() {
            write(&to.join(name), &read(&from)?)?;
        }
    }
    Ok(())
}

/// Returns a manifest that says where the crate comes from.
fn with_repository(manifest: &str, repository: &str) -> Result<String> {
    ensure!(
        manifest.contains("version.workspace = true") && !manifest.contains("\nrepository"),
        "needs the workspace's version, and no repository of its own"
    );
    for line in manifest.lines().filter(|line| is_own(line)) {
        let wanted = format!("version = \"{VERSION}\"");
        ensure!(line.contains(&wanted), "`{line}` needs {wanted}");
    }
    let (before, after) = manifest.split_once(LICENSE).context("needs a license")?;
    Ok(format!(
        "{before}{LICENSE}repository = \"{repository}\"\n{after}"
    ))
}

/// True for a dependency on another crate of this repository.
fn is_own(line: &str) -> bool {
    line.starts_with("holdover") && line.contains("path = ")
}

#[cfg(test)]
mod tests {
    use super::{check_changelog, repository, with_repository};
    use crate::package::VERSION;

    #[test]
    fn a_release_needs_the_address_of_its_repository() {
        let address = "https://forge.example/a/b";
        assert_eq!(repository(Some(address)).expect("an address"), address);
        let wrong = ["", "git@forge.example:a/b", "https://forge.example/a/b.git"];
        assert!(wrong.iter().all(|given| repository(Some(given)).is_err()));
        assert!(repository(None).is_err());
    }

    #[test]
    fn a_manifest_is_filled_in_once() {
        let manifest = "version.workspace = true\nlicense.workspace = true\nreadme = \"R\"\n";
        let filled = with_repository(manifest, "https://a").expect("a manifest");
        assert!(filled.contains("license.workspace = true\nrepository = \"https://a\"\nreadme"));
        assert!(with_repository(&filled, "https://a").is_err());
    }

    #[test]
    fn dependencies_on_each_other_have_the_version_that_is_released() {
        let with = |version: &str| {
            let own = format!("holdover = {{ version = \"{version}\", path = \"..\" }}\n");
            format!("version.workspace = true\nlicense.workspace = true\n{own}")
        };
        assert!(with_repository(&with(VERSION), "https://a").is_ok());
        assert!(with_repository(&with("0.0.7"), "https://a").is_err());
    }

    #[test]
    fn a_release_needs_news() {
        assert!(check_changelog("# C\n\n## Unreleased\n\n- news\n").is_ok());
        assert!(check_changelog(&format!("# C\n\n## {VERSION}\n\n- news\n")).is_ok());
        assert!(check_changelog("# C\n\n## Unreleased\n\n## 0.0.1\n\n- old\n").is_err());
    }
}
