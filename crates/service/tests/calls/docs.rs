//! What `docs/security.md` says is proved has its test: one that is renamed or taken away is noticed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

/// The word of a row for a folder, and the folder.
fn folders(text: &str) -> Vec<(String, PathBuf)> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | `crates/"));
    let rows = rows.filter(|(word, _)| word.chars().all(|c| c.is_ascii_lowercase()));
    let folder = |rest: &str| Path::new(ROOT).join("crates").join(rest.split('`').next().unwrap());
    rows.map(|(word, rest)| (word.to_owned(), folder(rest))).collect()
}

/// The names of the functions of a file.
fn functions(file: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(file).unwrap();
    let begins = text.split("fn ").skip(1);
    begins.filter_map(|rest| rest.split_once('(')).map(|(name, _)| name.to_owned()).collect()
}

/// Each file and test that a row names, which is not there.
fn missing(row: &str, folders: &[(String, PathBuf)], all: &[PathBuf]) -> Vec<String> {
    let (mut missing, mut folder, mut file) = (Vec::new(), None, None::<&PathBuf>);
    for (n, part) in row.split('`').enumerate() {
        if n % 2 == 0 {
            let word = part.rsplit([' ', ';', ',']).find(|word| !word.is_empty());
            if let Some((_, path)) = folders.iter().find(|(name, _)| word == Some(name)) {
                folder = Some(path);
            }
        } else if part.ends_with(".rs") {
            let is_it = |path: &&PathBuf| match part.starts_with("crates/") {
                true => path.ends_with(part),
                false => folder.is_some_and(|folder| path.starts_with(folder)) && path.ends_with(part),
            };
            file = all.iter().find(is_it);
            if file.is_none() {
                missing.push(part.to_owned());
            }
        } else if part.contains('_') {
            let names = file.map(|file| functions(file)).unwrap_or_default();
            let is_there = match part.strip_suffix('…') {
                Some(beginning) => names.iter().any(|name| name.starts_with(beginning)),
                None => names.contains(part),
            };
            if !is_there {
                missing.push(format!(
                    "{part} in {}",
                    file.map_or("no file".into(), |f| f.display().to_string())
                ));
            }
        }
    }
    missing
}

#[test]
fn every_test_that_the_page_on_security_names_is_there() {
    let text = std::fs::read_to_string(format!("{ROOT}/docs/security.md")).unwrap();
    let (_, table) = text.split_once("| Rule | Tests |").unwrap();
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| ")).collect();
    let mut all = Vec::new();
    sources(&Path::new(ROOT).join("crates").canonicalize().unwrap(), &mut all);
    let folders: Vec<_> =
        folders(&text).into_iter().map(|(word, path)| (word, path.canonicalize().unwrap())).collect();
    assert!(folders.len() >= 9, "{folders:?}");
    let lost: Vec<String> = rows.iter().flat_map(|row| missing(row, &folders, &all)).collect();
    assert_eq!(lost, Vec::<String>::new());
    let has = |rule: u32| rows.iter().any(|row| row.starts_with(&format!("| {rule} ")));
    let unproved: Vec<u32> = (1..=15).chain([17, 20]).filter(|rule| !has(*rule)).collect();
    assert_eq!(unproved, Vec::<u32>::new());
    // and it would notice
    let row = "| calls `docs.rs` `every_test_that_the_page_on_security_names_is_there`, `no_such_test`";
    assert_eq!(missing(row, &folders, &all).len(), 1);
}
