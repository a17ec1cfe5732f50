//! Our headers against the table.

use crate::stage::{Compiler, Lang, Stage, quiet};
use crate::table::{WINVERS, answers, at, compare, source};

fn check(stage: &Stage, compiler: Compiler, lang: Lang, winver: u32, flag: &str) {
    let rows = at(winver);
    let rows: Vec<_> = rows.iter().collect();
    let end = if lang == Lang::C { "c" } else { "cpp" };
    let file = stage.source(&format!("layout.{end}"), &source(&rows));
    let object = stage.path().join("layout.o");
    let winver_flag = format!("-DWINVER={winver:#x}");
    quiet(stage.compiler(lang, compiler, &[&winver_flag, flag, "-c"], &[&file]).arg("-o").arg(&object));
    compare(&format!("{compiler:?} {lang:?} WINVER {winver:#x} {flag}"), &rows, &answers("objcopy", &object));
}

#[test]
fn every_structure_of_every_winver_is_as_the_table_says() {
    let stage = Stage::new();
    for compiler in Compiler::all("every_structure_of_every_winver_is_as_the_table_says") {
        for winver in WINVERS {
            check(&stage, compiler, Lang::C, winver, "-std=c11");
        }
        check(&stage, compiler, Lang::C, 0xA00, "-fshort-wchar");
        check(&stage, compiler, Lang::C, 0xA00, "-std=c89");
        check(&stage, compiler, Lang::Cpp, 0x400, "-DOPENRAS_NO_OLD_SAL");
        check(&stage, compiler, Lang::Cpp, 0xA00, "-fshort-wchar");
    }
}
