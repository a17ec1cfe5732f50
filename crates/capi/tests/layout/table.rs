//! The table of all structures, programs that tell where a compiler puts them, and their reading.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use crate::stage::quiet;

/// Every WINVER for which ras.h differs, and one that does not.
pub const WINVERS: [u32; 8] = [0x400, 0x401, 0x500, 0x501, 0x600, 0x601, 0x602, 0xA00];

/// A row of structs.txt.
#[derive(Clone, Debug)]
pub struct Row {
    /// The header that has it.
    pub header: String,
    /// Structure, with A or W.
    pub structure: String,
    /// Member, or `sizeof`.
    pub member: String,
    /// The WINVER from which on this holds; 0 for ever.
    pub since: u32,
    /// Offset or size on this machine.
    pub value: u32,
}

impl Row {
    /// What asks a compiler for it.
    fn question(&self) -> String {
        let Self { structure, member, .. } = self;
        if member == "sizeof" {
            format!("sizeof({structure})")
        } else {
            format!("offsetof({structure}, {member})")
        }
    }
}

/// All rows.
fn rows() -> Vec<Row> {
    let lines = include_str!("structs.txt").lines().filter(|line| !line.starts_with('#'));
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(' ').collect();
        let since = cells[3].strip_prefix("0x").map_or(0, |hex| u32::from_str_radix(hex, 16).unwrap());
        let value = cells[if cfg!(target_pointer_width = "64") { 4 } else { 5 }].parse().unwrap();
        let [header, structure, member] = [cells[0], cells[1], cells[2]].map(str::to_owned);
        Row { header, structure, member, since, value }
    };
    lines.map(row).collect()
}

/// What holds for a WINVER: of several rows for one member the newest.
pub fn at(winver: u32) -> Vec<Row> {
    let mut newest = BTreeMap::new();
    for row in rows().into_iter().filter(|row| row.since <= winver) {
        // rows of one member ascend
        newest.insert((row.structure.clone(), row.member.clone()), row);
    }
    newest.into_values().collect()
}

/// A source that keeps the answers, four bytes each, in a section of its own.
pub fn source(rows: &[&Row]) -> String {
    let mut text = String::from("#include <stddef.h>\n#include <windows.h>\n");
    let mut headers: Vec<&str> = rows.iter().map(|row| row.header.as_str()).collect();
    headers.sort_unstable();
    headers.dedup();
    headers.iter().for_each(|header| writeln!(text, "#include <{header}>").unwrap());
    text += "extern const unsigned int layout[];\n";
    text += "const unsigned int layout[] __attribute__((section(\".layout\"))) = {\n";
    rows.iter().for_each(|row| writeln!(text, "    (unsigned int){},", row.question()).unwrap());
    text + "};\n"
}

/// The answers in an object file, by the `objcopy` that belongs to its compiler.
pub fn answers(objcopy: &str, object: &Path) -> Vec<u32> {
    let bytes = object.with_extension("bin");
    let mut command = Command::new(objcopy);
    quiet(command.args(["-O", "binary", "--only-section=.layout"]).arg(object).arg(&bytes));
    let bytes = std::fs::read(bytes).unwrap();
    bytes.chunks_exact(4).map(|four| u32::from_le_bytes(four.try_into().unwrap())).collect()
}

/// Compares, and tells all differences at once. A section may be padded at its end.
pub fn compare(what: &str, rows: &[&Row], answers: &[u32]) {
    assert!(answers.len() >= rows.len() && !rows.is_empty(), "{what}: {} of {}", answers.len(), rows.len());
    let wrong = rows.iter().zip(answers).filter(|(row, is)| row.value != **is);
    let wrong: Vec<String> =
        wrong.map(|(row, is)| format!("{}.{}: {is}, not {}", row.structure, row.member, row.value)).collect();
    assert!(wrong.is_empty(), "{what}:\n{}", wrong.join("\n"));
}
