//! What `libopenras.so` exports: exactly the list in `symbols.txt`, each declared in a header, each with its row in
//! `docs/compat/`. After an export was added on purpose: `UPDATE_SYMBOLS=1 cargo test --workspace --test symbols`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests are tests

#[path = "../stage/mod.rs"]
mod stage;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use stage::{Compiler, Lang, Stage, found};

/// Exported, and for nobody's sources: for copies of the library, for the processes of modules and scripts, for
/// `libopenras_wmain.a`.
const OURS: [&str; 4] =
    ["openras_copy_in_use", "openras_module_host", "openras_script_host", "openras_start_wmain"];

/// Declared so that modules and libraries of the program define them.
const THEIRS: [&str; 4] =
    ["DllMain", "RasSecurityDialogBegin", "RasSecurityDialogComplete", "RasSecurityDialogEnd"];

/// Every header there is, but those that others include.
const HEADERS: &str = "#include <windows.h>\n#include <windowsx.h>\n#include <tchar.h>\n#include <strsafe.h>\n\
     #include <winsock2.h>\n#include <ws2tcpip.h>\n#include <ras.h>\n#include <rasdlg.h>\n#include <raserror.h>\n\
     #include <rasshost.h>\n#include <rassapi.h>\n#include <openras.h>\n";

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn exported(stage: &Stage) -> BTreeSet<String> {
    let library = stage.lib().join("libopenras.so.0");
    let output = Command::new("nm").args(["-D", "--defined-only"]).arg(&library).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // a version of the symbols themselves has an @ in its name
    let names = text.lines().filter_map(|line| line.split_whitespace().nth(2));
    names.map(|name| name.split('@').next().unwrap().to_owned()).collect()
}

fn assert_same(what: &str, left: &BTreeSet<String>, right: &BTreeSet<String>) {
    let more: Vec<_> = left.difference(right).collect();
    let less: Vec<_> = right.difference(left).collect();
    assert!(more.is_empty() && less.is_empty(), "{what}: more {more:?}, less {less:?}");
}

#[test]
fn the_library_exports_what_the_list_says() {
    if !found("the_library_exports_what_the_list_says", "nm") {
        return;
    }
    let exported = exported(&Stage::new());
    let list = here("symbols.txt");
    if std::env::var_os("UPDATE_SYMBOLS").is_some() {
        let text: Vec<_> = exported.iter().map(String::as_str).collect();
        fs::write(&list, text.join("\n") + "\n").unwrap();
    }
    let listed = fs::read_to_string(&list).unwrap().lines().map(str::to_owned).collect();
    assert_same("the library against symbols.txt", &exported, &listed);
}

#[test]
fn the_library_has_its_soname_is_bound_to_itself_and_never_unmapped() {
    let test = "the_library_has_its_soname_is_bound_to_itself_and_never_unmapped";
    if !found(test, "readelf") {
        return;
    }
    let stage = Stage::new();
    let library = stage.lib().join("libopenras.so.0");
    let output = Command::new("readelf").arg("-d").arg(&library).env("LC_ALL", "C").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for part in ["soname: [libopenras.so.0]", "SYMBOLIC", "NODELETE"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// What our headers declare, as the preprocessor gives it: functions outside of any brackets, without a body.
fn declared(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let (mut ours, mut statement, mut depth) = (false, String::new(), 0);
    for line in text.lines() {
        if let Some(marker) = line.strip_prefix("# ") {
            ours = marker.contains("include/openras/");
            continue;
        }
        if !ours || line.starts_with('#') {
            continue;
        }
        for c in line.chars() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ';' if depth == 0 => {
                    names.extend(function(&std::mem::take(&mut statement)));
                    continue;
                }
                _ => {}
            }
            if depth == 0 && c == '}' {
                // the end of a body, or of a structure whose name comes behind
                if statement.contains('(') && !statement.trim_start().starts_with("typedef") {
                    statement.clear();
                }
            } else if depth == 0 {
                statement.push(c);
            }
        }
        statement.push(' ');
    }
    names
}

/// The name in `DWORD RasHangUpA(HRASCONN connection) __attribute__(…)`.
fn function(statement: &str) -> Option<String> {
    let statement = statement.trim();
    let other = ["typedef", "_Static_assert", "struct", "enum", "union", "_Pragma"];
    if other.iter().any(|word| statement.starts_with(word)) || !statement.contains('(') {
        return None;
    }
    let mut rest = statement;
    while let Some(after) = rest.strip_prefix("__extension__").or_else(|| rest.strip_prefix("__attribute__"))
    {
        rest = after.trim_start();
        if rest.starts_with('(') {
            rest = rest.split_once("))").map_or("", |(_, after)| after.trim_start());
        }
    }
    let before = rest.split_once('(')?.0;
    let name = before.rsplit(|c: char| !c.is_alphanumeric() && c != '_').find(|word| !word.is_empty())?;
    Some(name.to_owned())
}

#[test]
fn the_headers_declare_what_is_exported_and_nothing_else() {
    let test = "the_headers_declare_what_is_exported_and_nothing_else";
    if !found(test, "gcc") {
        return;
    }
    let stage = Stage::new();
    let source = stage.source("all.c", HEADERS);
    let mut names = BTreeSet::new();
    // some are there in one of these only
    for flags in [&["-fshort-wchar", "-DUNICODE", "-D_UNICODE"][..], &[]] {
        let mut command = stage.compiler(Lang::C, Compiler::Gcc, flags, &[&source]);
        let output = command.arg("-E").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        names.extend(declared(&String::from_utf8(output.stdout).unwrap()));
    }
    for name in OURS {
        assert!(!names.contains(name), "{name}");
        names.insert(name.into());
    }
    for name in THEIRS {
        names.remove(name);
    }
    let listed = fs::read_to_string(here("symbols.txt")).unwrap();
    assert_same("headers against symbols.txt", &names, &listed.lines().map(str::to_owned).collect());
}

/// Whether the first cell of a row names a function: `RasDial`, `LoadLibrary(Ex)`, `StringCch*`.
fn names(cell: &str, function: &str) -> bool {
    let plain = function.strip_suffix(['A', 'W']).unwrap_or(function);
    cell.split(|c: char| c.is_whitespace() || ",`".contains(c)).any(|word| {
        let matches = |word: &str| match word.strip_suffix('*') {
            Some(start) => !start.is_empty() && function.starts_with(start),
            None => word == function || word == plain,
        };
        match word.split_once('(') {
            Some((name, more)) => matches(name) || matches(&format!("{name}{}", more.replace(')', ""))),
            None => matches(word),
        }
    })
}

#[test]
fn every_export_has_its_row_in_the_documentation() {
    let mut cells = Vec::new();
    for file in fs::read_dir(here("../../docs/compat")).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let rows = text.lines().filter_map(|line| line.strip_prefix("| "));
        cells.extend(rows.map(|row| row.split(" | ").next().unwrap().to_owned()));
    }
    let listed = fs::read_to_string(here("symbols.txt")).unwrap();
    // functions of C under other names: one row for all, `wide functions`
    let shown = listed.lines().filter(|name| !name.starts_with("openras_"));
    let missing: Vec<_> = shown.filter(|name| !cells.iter().any(|cell| names(cell, name))).collect();
    assert!(missing.is_empty(), "docs/compat has no row of {missing:?}");
}
