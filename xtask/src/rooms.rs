//! Holds the folders of the sources to one direction: a folder may import itself and those before
//! it in its list. Loose files (the entries of the package, the crate's root) may import everything.
//! No two files may import each other, by whatever way round, be it only for types.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::cycles::{self, Graph};
use crate::workspace::Workspace;

/// The folders of one language, the most general first.
struct House {
    root: &'static str,
    extension: &'static str,
    rooms: &'static [&'static str],
    /// Files with an import from a later folder, and that folder: still to be fixed.
    exceptions: &'static [(&'static str, &'static str)],
    /// Returns the files, relative to the root and without extension, that a file's text imports.
    imports: fn(file: &Path, text: &str) -> Vec<PathBuf>,
}

const TYPESCRIPT: House = House {
    root: "js/src",
    extension: "ts",
    rooms: &[
        "util",
        "core",
        "model",
        "runtime",
        "keys",
        "records",
        "tiers",
        "memory",
        "coordination",
        "policy",
        "engine",
        "api",
        "http",
        "integrations",
        "simulate",
    ],
    exceptions: &[],
    imports: of_typescript,
};

const RUST: House = House {
    root: "src",
    extension: "rs",
    rooms: &[
        "time",
        "fence",
        "policy",
        "strategy",
        "tags",
        "record",
        "stored_tags",
        "guard",
        "http",
        "memory",
        "flight",
        "call",
        "driver",
        "tower",
        "abi",
    ],
    exceptions: &[("policy.rs", "strategy")],
    imports: of_rust,
};

/// Checks both languages.
///
/// # Errors
///
/// Lists the imports that go the wrong way, and exceptions that are no longer needed.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    for house in [TYPESCRIPT, RUST] {
        let mut wrong = BTreeSet::new();
        let mut used = BTreeSet::new();
        let mut graph = Graph::new();
        let files = files_of(workspace, &house)?;
        for file in &files {
            let path = workspace.path(house.root).join(file);
            let text =
                fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
            graph.insert(file.clone(), house.imported(file, &text, &files));
            for (importer, imported) in house.backward(file, &text) {
                let name = importer.to_string_lossy().into_owned();
                match house
                    .exceptions
                    .iter()
                    .find(|(from, to)| *from == name && *to == imported)
                {
                    Some(exception) => drop(used.insert(exception)),
                    None => drop(wrong.insert(format!("{name} imports {imported}/"))),
                }
            }
        }
        let unused: Vec<_> = house
            .exceptions
            .iter()
            .filter(|it| !used.contains(it))
            .collect();
        ensure!(
            wrong.is_empty() && unused.is_empty(),
            "a folder of {} may import itself and those before it in xtask/src/rooms.rs; \
             wrong: {wrong:#?}; exceptions that are needed no longer: {unused:#?}",
            house.root,
        );
        let cycle = cycles::find(&graph);
        ensure!(
            cycle.is_none(),
            "files of {} import each other: {:#?}; shared types belong in a file of their own, and \
             a function takes the narrowest interface it needs",
            house.root,
            cycle.unwrap_or_default(),
        );
    }
    Ok(())
}

impl House {
    /// Returns the imports of a file from folders that come after its own.
    fn backward(&self, file: &Path, text: &str) -> Vec<(PathBuf, &'static str)> {
        let Some(own) = self.place_of(file) else {
            return Vec::new();
        };
        (self.imports)(file, text)
            .iter()
            .filter_map(|imported| self.place_of(imported))
            .filter(|place| *place > own)
            .map(|place| (file.to_path_buf(), self.rooms[place]))
            .collect()
    }

    /// Returns the files of the sources that a file imports.
    fn imported(&self, file: &Path, text: &str, files: &BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
        (self.imports)(file, text)
            .iter()
            .filter_map(|imported| self.file_of(imported, files))
            .filter(|imported| imported != file)
            .collect()
    }

    /// Returns the file that an import leads to; in Rust the last names of a path may be of items.
    fn file_of(&self, imported: &Path, files: &BTreeSet<PathBuf>) -> Option<PathBuf> {
        imported.ancestors().find_map(|path| {
            let file = format!("{}.{}", path.display(), self.extension);
            let folder = path.join("mod").with_extension(self.extension);
            [file.into(), folder]
                .into_iter()
                .find(|file| files.contains(file))
        })
    }

    /// Returns the position in the list of a file's folder (or, in Rust, module).
    fn place_of(&self, file: &Path) -> Option<usize> {
        let first = file.components().next()?.as_os_str().to_str()?;
        let name = first.strip_suffix(".rs").unwrap_or(first);
        self.rooms.iter().position(|room| *room == name)
    }
}

fn files_of(workspace: &Workspace, house: &House) -> Result<BTreeSet<PathBuf>> {
    let root = workspace.path(house.root);
    let mut found = BTreeSet::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("in {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|given| given == house.extension)
            {
                found.insert(path.strip_prefix(&root)?.to_path_buf());
            }
        }
    }
    ensure!(!found.is_empty(), "no sources in {}", root.display());
    Ok(found)
}

/// `from "../x/y.js"` and `import("../x/y.js")`.
fn of_typescript(file: &Path, text: &str) -> Vec<PathBuf> {
    let folder = file.parent().unwrap_or(Path::new(""));
    text.match_indices("from \"")
        .chain(text.match_indices("import(\""))
        .filter_map(|(at, begin)| text[at + begin.len()..].split('"').next())
        .filter(|specifier| specifier.starts_with('.'))
        .map(|specifier| specifier.strip_suffix(".js").unwrap_or(specifier))
        .map(|specifier| resolve(&folder.join(specifier)))
        .collect()
}

/// `crate::x::…`, except in tests, which may import everything.
fn of_rust(file: &Path, text: &str) -> Vec<PathBuf> {
    if file.to_string_lossy().ends_with("_tests.rs") {
        return Vec::new();
    }
    let code = text.split("#[cfg(test)]").next().unwrap_or(text);
    code.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
            let path = &rest[..end.unwrap_or(rest.len())];
            path.split("::").filter(|name| !name.is_empty()).collect()
        })
        .collect()
}

/// Returns the path without `.` and `..`.
fn resolve(path: &Path) -> PathBuf {
    let mut resolved = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(resolved.pop()),
            Component::CurDir => {}
            part => resolved.push(part),
        }
    }
    resolved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_from_a_later_folder_is_backward() {
        let text =
            "import { a } from \"../util/a.js\";\nimport type { B } from \"../engine/b.js\";";
        let found = TYPESCRIPT.backward(Path::new("memory/memory.ts"), text);
        assert_eq!(found, [(PathBuf::from("memory/memory.ts"), "engine")]);
        assert!(TYPESCRIPT.backward(Path::new("index.ts"), text).is_empty());
        let file = |name: &str| PathBuf::from(name);
        let files = ["util/a.ts", "engine/b.ts"].map(PathBuf::from).into();
        assert_eq!(
            TYPESCRIPT.imported(Path::new("memory/memory.ts"), text, &files),
            [file("util/a.ts"), file("engine/b.ts")].into()
        );
        let deeper = "await import(\"../../api/cache.js\")";
        assert_eq!(
            TYPESCRIPT
                .backward(Path::new("records/codec/x.ts"), deeper)
                .len(),
            1
        );
    }

    #[test]
    fn tests_and_comments_of_rust_may_name_everything() {
        let text = "use crate::call::X;\n//! [`crate::call`]\n#[cfg(test)]\nuse crate::abi::Y;";
        assert_eq!(
            RUST.backward(Path::new("time.rs"), text),
            [(PathBuf::from("time.rs"), "call")]
        );
        let files = ["call/mod.rs", "wasm/mod.rs"].map(PathBuf::from).into();
        assert_eq!(
            RUST.imported(Path::new("time.rs"), text, &files),
            [PathBuf::from("call/mod.rs")].into()
        );
    }
}
