//! mingw-w64's headers against the table: somebody else's reading of the same documents.

use std::process::Command;

use crate::stage::{Stage, found, quiet};
use crate::table::{Row, WINVERS, answers, at, compare, source};

const COMPILER: &str = "x86_64-w64-mingw32-gcc";
const OBJCOPY: &str = "x86_64-w64-mingw32-objcopy";

/// What mingw-w64 does not have: its structures end with Windows XP.
const NEWER_THAN_XP: [(&str, &[&str]); 5] = [
    ("RASCONN", &["guidCorrelationId"]),
    ("RASCONNSTATUS", &["localEndPoint", "remoteEndPoint", "rasconnsubstate"]),
    ("RASDIALPARAMS", &["szEncPassword"]),
    ("RASDIALEXTENSIONS", &["fSkipPppAuth", "RasDevSpecificInfo"]),
    (
        "RASENTRY",
        &[
            "ipv6addrDns",
            "ipv6addrDnsAlt",
            "dwIPv4InterfaceMetric",
            "dwIPv6InterfaceMetric",
            "ipv6addr",
            "dwIPv6PrefixLength",
            "dwNetworkOutageTime",
            "szIDi",
            "szIDr",
            "fIsImsConfig",
            "IdiType",
            "IdrType",
            "fDisableIKEv2Fragmentation",
        ],
    ),
];

/// What mingw-w64 has from a WINVER on, and we always.
const GATED: [(&str, u32); 2] = [("RASPPPIPV6", 0x600), ("RASTUNNELENDPOINT", 0x601)];

/// What mingw-w64 does not know at all.
const UNKNOWN: [&str; 1] = ["RASDEVSPECIFICINFO"];

/// The row as mingw-w64 should give it, or `None`.
fn expected(row: Row, winver: u32) -> Option<Row> {
    if UNKNOWN.contains(&row.structure.as_str())
        || GATED.iter().any(|(structure, since)| row.structure == *structure && winver < *since)
    {
        return None;
    }
    let base = row.structure.trim_end_matches(['A', 'W']);
    if NEWER_THAN_XP
        .iter()
        .any(|(structure, members)| *structure == base && members.contains(&row.member.as_str()))
    {
        return None;
    }
    if row.member != "sizeof" || row.since == 0 {
        return Some(row);
    }
    // the only member that mingw-w64 has by WINVER is RASDIALPARAMS.dwIfIndex
    let layout_of = if base == "RASDIALPARAMS" && winver >= 0x601 { 0x601 } else { 0x501 };
    at(layout_of).into_iter().find(|xp| xp.structure == row.structure && xp.member == "sizeof")
}

#[test]
fn mingw_agrees_where_it_knows_the_structure() {
    let test = "mingw_agrees_where_it_knows_the_structure";
    if !cfg!(target_pointer_width = "64") || !found(test, COMPILER) {
        return;
    }
    let stage = Stage::new();
    for winver in WINVERS {
        let rows: Vec<Row> = at(winver).into_iter().filter_map(|row| expected(row, winver)).collect();
        // rassapi.h and mprapi.h, which rasshost.h includes, cannot be in one source; neither knows a WINVER
        let groups: [&[&str]; 3] = [&["ras.h", "rasdlg.h"], &["rasshost.h"], &["rassapi.h"]];
        for headers in &groups[..if winver == 0x501 { 3 } else { 1 }] {
            let rows: Vec<&Row> = rows.iter().filter(|row| headers.contains(&row.header.as_str())).collect();
            let file = stage.source("mingw.c", &source(&rows));
            let object = stage.path().join("mingw.o");
            let mut compiler = Command::new(COMPILER);
            compiler
                .arg("-DWIN32_LEAN_AND_MEAN")
                .arg(format!("-DWINVER={winver:#x}"))
                .arg(format!("-D_WIN32_WINNT={winver:#x}"));
            quiet(compiler.arg("-c").arg(&file).arg("-o").arg(&object));
            compare(&format!("{headers:?} WINVER {winver:#x}"), &rows, &answers(OBJCOPY, &object));
        }
    }
}
