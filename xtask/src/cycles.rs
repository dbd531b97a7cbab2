//! Finds files that import each other, by whatever way round.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The files that each file imports.
pub(crate) type Graph = BTreeMap<PathBuf, BTreeSet<PathBuf>>;

/// Returns the files of a cycle, each importing the next one and the last the first; nothing when
/// there is none.
pub(crate) fn find(graph: &Graph) -> Option<Vec<PathBuf>> {
    let mut done = BTreeSet::new();
    graph
        .keys()
        .find_map(|file| visit(graph, file, &mut Vec::new(), &mut done))
}

/// Looks for a cycle in everything that a file imports; `way` leads to it.
fn visit<'a>(
    graph: &'a Graph,
    file: &'a Path,
    way: &mut Vec<&'a Path>,
    done: &mut BTreeSet<&'a Path>,
) -> Option<Vec<PathBuf>> {
    if let Some(at) = way.iter().position(|before| *before == file) {
        return Some(way[at..].iter().map(|file| file.to_path_buf()).collect());
    }
    if !done.insert(file) {
        return None;
    }
    way.push(file);
    let found = graph
        .get(file)
        .into_iter()
        .flatten()
        .find_map(|imported| visit(graph, imported, way, done));
    way.pop();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(imports: &[(&str, &[&str])]) -> Graph {
        imports
            .iter()
            .map(|(file, imported)| {
                let imported = imported.iter().map(PathBuf::from).collect();
                (PathBuf::from(file), imported)
            })
            .collect()
    }

    #[test]
    fn files_that_import_each_other_are_a_cycle() {
        let direct = graph(&[("a", &["b"]), ("b", &["a"])]);
        assert_eq!(find(&direct), Some(["a", "b"].map(PathBuf::from).to_vec()));
        let round = graph(&[
            ("a", &["b"]),
            ("b", &["c", "d"]),
            ("c", &[]),
            ("d", &["e"]),
            ("e", &["b"]),
        ]);
        assert_eq!(
            find(&round),
            Some(["b", "d", "e"].map(PathBuf::from).to_vec())
        );
        assert!(find(&graph(&[("a", &["a"])])).is_some());
    }

    #[test]
    fn two_ways_to_one_file_are_none() {
        let diamond = graph(&[("a", &["b", "c"]), ("b", &["d"]), ("c", &["d"]), ("d", &[])]);
        assert_eq!(find(&diamond), None);
    }
}
