//! The npm package: assembled in `pkg/`, packed to a tarball, and installed in the projects that
//! test it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use crate::boundary;
use crate::glue;
use crate::latin1;
use crate::npm;
use crate::stamp::{Inputs, files_below, once, read, write};
use crate::step::run_quietly;
use crate::wasm::{self, Module};
use crate::workspace::Workspace;

pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Everything besides the modules that is part of the package or decides its contents.
const SOURCES: [&str; 10] = [
    "js/src",
    "js/build",
    "js/tsconfig.json",
    "js/package.json",
    "js/package-lock.json",
    "pkg-template",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "CHANGELOG.md",
    "docs",
];
/// The pages of `docs/` for maintainers, and the list of all pages, which names those.
const NOT_SHIPPED: [&str; 3] = ["semantics.md", "reported.md", "README.md"];
/// The README of the package as pages name it, and its place for those that are shipped.
const README: [&str; 2] = ["pkg-template/README.md", "README.md"];

/// The variable of the environment that names the repository, `https://…`, in a release.
pub(crate) const REPOSITORY: &str = "HOLDOVER_REPOSITORY";

/// The internals, as far as tests import them: built with the package from the same files, but not
/// packed.
const INTERNAL: &str = "dist/internal.js";

/// Writes generated sources, then builds the package.
pub(crate) fn rebuild(workspace: &Workspace) -> Result<PathBuf> {
    boundary::update(workspace, &wasm::build(workspace)?)?;
    build(workspace)
}

/// Builds the package and packs it; returns the tarball. Fails if a generated source is stale.
pub(crate) fn build(workspace: &Workspace) -> Result<PathBuf> {
    let modules = wasm::build(workspace)?;
    boundary::check_sources(workspace)?;
    boundary::check_declarations(workspace, &modules)?;
    let repository = env::var(REPOSITORY).unwrap_or_default();
    let mut inputs =
        Inputs::of(&format!("{VERSION} {repository}")).path(&workspace.path("xtask/src"))?;
    for module in &modules {
        inputs = inputs.path(&module.wasm)?.path(&module.glue)?;
    }
    for source in SOURCES {
        inputs = inputs.path(&workspace.path(source))?;
    }
    let tarball = workspace
        .path("target")
        .join(format!("holdover-{VERSION}.tgz"));
    let package = workspace.path("pkg");
    once(
        workspace,
        "package",
        "assemble and pack the npm package",
        &inputs,
        &tarball,
        || {
            // Assembled in a separate folder, so that a failing build leaves the last good package
            // alone.
            let stage = workspace.scratch("stage");
            remove_folder(&stage)?;
            add_code(workspace, &modules, &stage.join("dist"))?;
            add_template(workspace, &stage)?;
            remove_folder(&package)?;
            fs::rename(&stage, &package).context("moving the package into place")?;
            pack(workspace)
        },
    )?;
    Ok(tarball)
}

/// Installs the packed package, and the internals that tests import, in a project's `node_modules`.
pub(crate) fn install(workspace: &Workspace, tarball: &Path, project: &str) -> Result<()> {
    npm::install(workspace, project)?;
    let installed = workspace.path(project).join("node_modules/holdover");
    let internal = workspace.path("pkg").join(INTERNAL);
    let inputs = Inputs::of("extract").path(tarball)?.path(&internal)?;
    let stamp = format!("extract-{}", project.replace('/', "-"));
    once(
        workspace,
        &stamp,
        &format!("put the package into {project}"),
        &inputs,
        &installed,
        || {
            // Extracted beside it and renamed, so that a reader never sees half a package.
            let fresh = installed.with_file_name(".holdover-new");
            remove_folder(&fresh)?;
            fs::create_dir_all(&fresh)?;
            let mut tar = Command::new("tar");
            run_quietly(
                tar.arg("-xzf")
                    .arg(tarball)
                    .arg("-C")
                    .arg(&fresh)
                    .arg("--strip-components=1"),
            )?;
            write(&fresh.join(INTERNAL), &read(&internal)?)?;
            remove_folder(&installed)?;
            fs::rename(&fresh, &installed).context("moving the package into place")
        },
    )
}

/// Checks the sources, bundles them with the modules, and declares what they export.
fn add_code(workspace: &Workspace, modules: &[Module], dist: &Path) -> Result<()> {
    let sources = workspace.scratch("sources");
    gather_sources(workspace, modules, &sources)?;
    let declarations = workspace.scratch("declarations");
    remove_folder(&declarations)?;
    let mut tsc = Command::new("node");
    tsc.current_dir(workspace.path("js"))
        .args(["node_modules/typescript/bin/tsc", "--project", "."])
        .args(["--emitDeclarationOnly", "--outDir"])
        .arg(&declarations);
    run_quietly(&mut tsc)?;
    let mut bundle = Command::new("node");
    bundle
        .current_dir(workspace.path("js"))
        .arg("build/bundle.mjs")
        .args([&sources, &declarations])
        .arg(dist);
    run_quietly(&mut bundle)?;
    for Module { name, wasm, .. } in modules {
        write(&dist.join(format!("{name}.wasm")), &read(wasm)?)?;
    }
    Ok(())
}

/// Puts what is generated beside the sources, in the place of its declarations.
fn gather_sources(workspace: &Workspace, modules: &[Module], to: &Path) -> Result<()> {
    remove_folder(to)?;
    let from = workspace.path("js/src");
    for file in files_below(&from)? {
        write(&to.join(file.strip_prefix(&from)?), &read(&file)?)?;
    }
    let put = |file: String, code: &[u8]| {
        fs::remove_file(to.join(&file).with_extension("d.ts"))?;
        write(&to.join(&file).with_extension("ts"), code)
    };
    for module in modules {
        let &Module { name, room, .. } = module;
        let glue = fs::read_to_string(&module.glue).context("reading the generated glue")?;
        put(format!("{room}/glue/{name}"), glue::trim(&glue)?.as_bytes())?;
        if module.is_inlined {
            let text = latin1::escaped(&read(&module.wasm)?);
            let text = format!("export const {name}Text =\n  \"{text}\";\n");
            put(format!("entry/{name}-text"), text.as_bytes())?;
        }
    }
    Ok(())
}

fn add_template(workspace: &Workspace, package: &Path) -> Result<()> {
    let copy = |from: &str, to: &str| write(&package.join(to), &read(&workspace.path(from))?);
    let readme = read_text(&workspace.path(README[0]))?.replace("](../docs/", "](docs/");
    write(&package.join(README[1]), readme.as_bytes())?;
    for name in wasm::NAMES {
        copy(
            "pkg-template/module.d.ts",
            &format!("dist/{name}.wasm.d.ts"),
        )?;
    }
    for shipped in ["LICENSE-MIT", "LICENSE-APACHE", "CHANGELOG.md"] {
        copy(shipped, shipped)?;
    }
    let docs = workspace.path("docs");
    for page in files_below(&docs)? {
        let name = page.strip_prefix(&docs)?;
        if !NOT_SHIPPED.iter().any(|page| name == Path::new(page)) {
            let text = read_text(&page)?.replace(README[0], README[1]);
            write(&package.join("docs").join(name), text.as_bytes())?;
        }
    }
    let mut manifest: Value =
        serde_json::from_slice(&read(&workspace.path("pkg-template/package.json"))?)
            .context("pkg-template/package.json is not JSON")?;
    manifest["version"] = VERSION.into();
    manifest["typesVersions"] = types_of_subpaths(&manifest);
    manifest["alias"] = files_of_subpaths(&manifest);
    add_common_js(&mut manifest);
    add_addresses(&mut manifest, env::var(REPOSITORY).ok().as_deref());
    write(
        &package.join("package.json"),
        format!("{manifest:#}\n").as_bytes(),
    )
}

/// Returns the declarations' location for each subpath, for tools that do not read `exports`.
fn types_of_subpaths(manifest: &Value) -> Value {
    let exports = manifest["exports"].as_object();
    let types: Map<String, Value> = exports
        .into_iter()
        .flatten()
        .filter_map(|(subpath, conditions)| {
            let types = conditions.get("types")?;
            Some((subpath.strip_prefix("./")?.to_owned(), json!([types])))
        })
        .collect();
    json!({ "*": types })
}

/// Returns the file of each subpath for Parcel, which does not read `exports` unless it is told to.
fn files_of_subpaths(manifest: &Value) -> Value {
    let exports = manifest["exports"].as_object();
    let files: Map<String, Value> = exports
        .into_iter()
        .flatten()
        .filter(|(subpath, _)| *subpath != ".")
        .filter_map(|(subpath, conditions)| {
            Some((subpath.clone(), conditions.get("default")?.clone()))
        })
        .collect();
    files.into()
}

/// Adds to each subpath's conditions those that lead to `CommonJS` where Node, or what acts like
/// it, cannot `require` an ES module; a newer Node takes the same file for `import` and `require`, and
/// a bundler, which may know `node`, the one it can take apart.
fn add_common_js(manifest: &mut Value) {
    let subpaths = manifest["exports"].as_object_mut();
    for conditions in subpaths
        .into_iter()
        .flat_map(|paths| paths.values_mut())
        .filter_map(Value::as_object_mut)
    {
        let Some(script) = conditions["default"].as_str() else {
            continue;
        };
        let Some(stem) = script.strip_suffix(".js").map(str::to_owned) else {
            continue;
        };
        let types = conditions["types"].as_str().unwrap_or_default();
        let common_types = types.replace(".d.ts", ".d.cts");
        conditions["types"] = json!({ "require": common_types, "default": types });
        let module = conditions.remove("default");
        let common = format!("{stem}.cjs");
        conditions.extend([
            ("bun".to_owned(), json!(module)),
            ("module-sync".to_owned(), json!(module)),
            ("module".to_owned(), json!(module)),
            (
                "node".to_owned(),
                json!({ "import": format!("{stem}.mjs"), "default": common }),
            ),
            ("require".to_owned(), json!(common)),
            ("default".to_owned(), json!(module)),
        ]);
    }
}

/// Adds where the package comes from, if the environment says so: a release knows, others need not.
fn add_addresses(manifest: &mut Value, repository: Option<&str>) {
    if let Some(address) = repository {
        manifest["repository"] = json!({ "type": "git", "url": format!("git+{address}.git") });
        manifest["homepage"] = json!(format!("{address}#readme"));
        manifest["bugs"] = json!(format!("{address}/issues"));
    }
}

fn pack(workspace: &Workspace) -> Result<()> {
    let mut npm = npm::command(workspace, "pkg");
    run_quietly(
        npm.args(["pack", "--ignore-scripts", "--pack-destination"])
            .arg(workspace.path("target")),
    )
}

fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

fn remove_folder(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    Ok(())
}
