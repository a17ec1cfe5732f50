//! What `docs/security.md` says is proved has its test: one that is renamed or taken away is noticed. And every configuration of
//! the docs is one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use openras_service::Config;

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

/// Whether a line begins a table or is a key of ours: the files of wvdial and Windows are on these pages too.
fn is_ours(line: &str) -> bool {
    const TABLES: [&str; 9] =
        ["port", "virtual_modem", "grant", "pool", "modem", "directory", "module", "group", "service"];
    match line.strip_prefix('[') {
        Some(rest) => {
            TABLES.contains(&rest.trim_start_matches('[').split(['.', ']']).next().unwrap_or_default())
        }
        None => line
            .split_once(" = ")
            .is_some_and(|(key, _)| key.chars().all(|c| c == '_' || c.is_ascii_lowercase())),
    }
}

/// The configurations of a page, each with its line: what is fenced as TOML, and of what is indented the paragraphs that are ours.
fn configurations(page: &str) -> Vec<(usize, String)> {
    let lines: Vec<&str> = page.lines().collect();
    let (mut found, mut n) = (Vec::new(), 0);
    while n < lines.len() {
        let rest = &lines[n + 1..];
        let is_block = lines[n].starts_with("    ") && (n == 0 || lines[n - 1].is_empty());
        let (end, text) = if let Some(kind) = lines[n].strip_prefix("```") {
            let end = n + 1 + rest.iter().position(|line| line.starts_with("```")).unwrap();
            (end + 1, if kind == "toml" { lines[n + 1..end].join("\n") } else { String::new() })
        } else if is_block {
            let goes_on = |line: &&str| line.is_empty() || line.starts_with("    ");
            let end = n + 1 + rest.iter().take_while(|line| goes_on(line)).count();
            let block: Vec<&str> =
                lines[n..end].iter().map(|line| line.strip_prefix("    ").unwrap_or(line)).collect();
            let block = block.join("\n");
            (end, block.split("\n\n").filter(|part| is_ours(part)).collect::<Vec<_>>().join("\n\n"))
        } else {
            (n + 1, String::new())
        };
        if !text.is_empty() {
            found.push((n + 1, text));
        }
        n = end;
    }
    found
}

/// The mistakes of a configuration; keys without a table are those of a port.
fn mistakes(text: &str, place: &str) -> Option<String> {
    let port = "[[port]]\nname = \"line1\"\nline = \"listen:tcp:127.0.0.1:7001\"\n";
    let is_whole = text.lines().any(|line| line.starts_with('['));
    let mut text = if is_whole { text.to_owned() } else { format!("{port}{text}") };
    // only a service of root names the user of a command
    if !rustix::process::geteuid().is_root() {
        text = text.lines().filter(|line| !line.starts_with("user = ")).collect::<Vec<_>>().join("\n");
    }
    Config::parse(&text, place).err().map(|error| error.to_string())
}

#[test]
fn every_configuration_of_the_docs_is_without_a_mistake() {
    let docs = Path::new(ROOT).join("docs");
    let mut pages = vec![Path::new(ROOT).join("README.md")];
    pages.extend(std::fs::read_dir(docs).unwrap().map(|entry| entry.unwrap().path()));
    pages.retain(|page| page.extension().is_some_and(|end| end == "md"));
    let (mut seen, mut wrong) = (0, Vec::new());
    for page in &pages {
        for (line, text) in configurations(&std::fs::read_to_string(page).unwrap()) {
            seen += 1;
            wrong.extend(mistakes(&text, &format!("{}, block at {line}", page.display())));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(seen >= 20, "{seen}");
    // and it would notice
    let page = "Text\n\n    [[port]]\n    nam = \"a\"\n\n    openras serve\n\n```toml\nreach = [\"intranet\"]\n```\n";
    let found = configurations(page);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(!found[0].1.contains("openras"), "{found:?}");
    assert!(found.iter().all(|(_, text)| mistakes(text, "page").is_some()), "{found:?}");
}
