//! Every header alone and all together, in every C and C++, by every compiler, without a word.

use std::fs;
use std::path::PathBuf;

use openras_engine::RasError;

use crate::stage::{Compiler, Lang, Stage, headers, quiet};

/// The headers of Windows' names in lower case; `_aw` ones are parts that only their header includes.
fn real() -> Vec<String> {
    let mut names = files(|name| !name.ends_with("_aw.h"));
    names.retain(|name| *name == name.to_lowercase());
    assert!(names.len() >= 20, "{names:?}");
    names
}

/// The same names as sources also spell them.
fn aliases() -> Vec<String> {
    files(|name| name != name.to_lowercase())
}

fn files(wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let entries =
        fs::read_dir(headers()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.filter(|name| name.ends_with(".h") && wanted(name)).collect();
    names.sort();
    names
}

/// A source that includes these and uses a word of the old annotations.
fn including<'a>(names: impl Iterator<Item = &'a String>, after: &str) -> String {
    let mut text: String = names.map(|name| format!("#include <{name}>\n")).collect();
    text += after;
    text + "\nint here(void);\n"
}

fn check(stage: &Stage, compiler: Compiler, lang: Lang, flags: &[&str], sources: &[PathBuf]) {
    let sources: Vec<_> = sources.iter().map(PathBuf::as_path).collect();
    quiet(stage.compiler(lang, compiler, flags, &sources).arg("-fsyntax-only"));
}

#[test]
fn each_header_stands_alone() {
    let stage = Stage::new();
    let sources = |end: &str| -> Vec<PathBuf> {
        let one =
            |name: &String| stage.source(&format!("alone_{name}.{end}"), &including([name].into_iter(), ""));
        real().iter().map(one).collect()
    };
    let (c, cpp) = (sources("c"), sources("cpp"));
    for compiler in Compiler::all("each_header_stands_alone") {
        check(&stage, compiler, Lang::C, &["-std=c89", "-Wundef"], &c);
        check(&stage, compiler, Lang::C, &["-std=c11", "-DUNICODE", "-D_UNICODE"], &c);
        // the annotations' own includes are the same for all, and are checked below
        check(&stage, compiler, Lang::Cpp, &["-std=c++98", "-DOPENRAS_NO_OLD_SAL"], &cpp);
    }
}

#[test]
fn all_headers_go_together_in_every_language_and_in_any_order() {
    let stage = Stage::new();
    let (names, aliases) = (real(), aliases());
    let uses = "int wants(__in int a, __out int *b);\n";
    // a C++ program may include what it likes afterwards
    let standard =
        "#include <algorithm>\n#include <iostream>\n#include <map>\n#include <sstream>\n#include <vector>\n";
    // and before: this header has a DELETE as well
    let resolver = "#include <sys/types.h>\n#include <netinet/in.h>\n#include <resolv.h>\n";
    let forward = resolver.to_owned() + &including(names.iter().chain(&aliases), uses);
    let backward = including(aliases.iter().rev().chain(names.iter().rev()), uses);
    let c = [stage.source("forward.c", &forward), stage.source("backward.c", &backward)];
    let cpp = [stage.source("forward.cpp", &(forward + standard)), stage.source("backward.cpp", &backward)];
    let unicode = ["-DUNICODE", "-D_UNICODE"];
    for compiler in Compiler::all("all_headers_go_together_in_every_language_and_in_any_order") {
        for std in ["-std=c89", "-std=gnu89", "-std=c99", "-std=c11", "-std=c17", "-std=c2x"] {
            check(&stage, compiler, Lang::C, &[std, "-Wundef", "-Wconversion", "-Wshadow"], &c);
        }
        check(&stage, compiler, Lang::C, &["-std=c89", "-fshort-wchar", unicode[0], unicode[1]], &c[..1]);
        // what people switch on who may use no reserved name themselves
        if compiler == Compiler::Clang {
            check(&stage, compiler, Lang::C, &["-std=c17", "-Wreserved-identifier"], &c);
            check(&stage, compiler, Lang::Cpp, &["-std=c++17", "-Wreserved-identifier"], &cpp);
        }
        for std in ["-std=c++98", "-std=c++11", "-std=c++14", "-std=c++20"] {
            check(&stage, compiler, Lang::Cpp, &[std], &cpp[..1]);
        }
        check(&stage, compiler, Lang::Cpp, &["-std=c++17", unicode[0], unicode[1]], &cpp[1..]);
        check(
            &stage,
            compiler,
            Lang::Cpp,
            &["-std=c++20", "-fshort-wchar", unicode[0], unicode[1]],
            &cpp[1..],
        );
    }
}

#[test]
fn other_spellings_are_the_same_header() {
    let real = real();
    for alias in aliases() {
        let text = fs::read_to_string(headers().join(&alias)).unwrap();
        let lower = alias.to_lowercase();
        assert_eq!(text, format!("#include \"{lower}\"\n"), "{alias}");
        assert!(real.contains(&lower), "{alias} leads nowhere");
    }
    for name in
        ["WINDOWS.H", "RAS.H", "RASERROR.H", "RASSHOST.H", "RASDLG.H", "RASSAPI.H", "TCHAR.H", "STRSAFE.H"]
    {
        assert!(headers().join(name).exists(), "{name}");
    }
}

/// What the types, the names without A or W and text must be; compiling it is the test.
const FACTS: &str = r#"
#include <windows.h>
#include <tchar.h>
#include <ras.h>
#include <rasdlg.h>
#include <rasshost.h>
#include <openras.h>
#include <raserror.h>
#if ERROR_SMM_TIMEOUT != 748 || ERROR_CANNOT_SHARE_CONNECTION != 763 || PENDING != 600
#error "old numbers are gone"
#endif
#define HOLDS(name, what) typedef char name[(what) ? 1 : -1]
HOLDS(sizes, sizeof(DWORD) == 4 && sizeof(LONG) == 4 && sizeof(ULONG) == 4 && sizeof(BOOL) == 4 && sizeof(WORD) == 2);
HOLDS(signs, (LONG)-1 < 0 && (DWORD)-1 > 0 && (HRESULT)-1 < 0);
HOLDS(pointers, sizeof(ULONG_PTR) == sizeof(void *) && sizeof(HRASCONN) == sizeof(void *) && sizeof(SIZE_T) == sizeof(void *));
HOLDS(wide, sizeof(WCHAR) == 2 && sizeof(TEXT("abc")) == 4 * sizeof(TCHAR) && sizeof(_T("a")) == 2 * sizeof(_TCHAR));
struct aligned { __declspec(align(16)) int member; };
HOLDS(declspec, sizeof(struct aligned) == 16);
HOLDS(win32, HRESULT_FROM_WIN32(5) == (HRESULT)0x80070005u && HRESULT_FROM_WIN32(0) == 0);
DWORD once(HRESULT result, DWORD *calls);
DWORD once(HRESULT result, DWORD *calls)
{
    switch (result) {
    case HRESULT_FROM_WIN32(ERROR_ACCESS_DENIED): return 1;
    case HRESULT_FROM_WIN32(ERROR_BUFFER_TOO_SMALL): return 2;
    default: return HRESULT_FROM_WIN32(++*calls) == result;
    }
}
HOLDS(states, RASCS_Disconnected == 8193 && RASCS_InvokeEapUI == 0x1004 && sizeof(RASCONNSTATE) == 4);
typedef DWORD(WINAPI *DIAL)(LPRASDIALEXTENSIONS, LPCTSTR, LPRASDIALPARAMS, DWORD, LPVOID, LPHRASCONN);
DIAL dial = RasDial;
BOOL(WINAPI *dialog)(LPTSTR, LPTSTR, LPTSTR, LPRASDIALDLG) = RasDialDlg;
const TCHAR *modem = RASDT_Modem;
const TCHAR text[] = TEXT("text");
__declspec(dllexport) DWORD WINAPI exported(IN HMODULE rasman, OUT LPDWORD result);
DWORD WINAPI exported(HMODULE rasman, LPDWORD result)
{
    RASSECURITYPROC send = (RASSECURITYPROC)GetProcAddress(rasman, "RasSecurityDialogSend");
    *result = send ? LOWORD(0x12345) + HIWORD(0x10000) + text[0] : 0;
    return 0;
}
#if defined(__cplusplus) || !defined(__GNUC_GNU_INLINE__)
static __forceinline WORD twice(WORD number);
static __forceinline WORD twice(WORD number) { return (WORD)(number * 2); }
#else
__forceinline WORD twice(WORD number) { return (WORD)(number * 2); }
#endif
FORCEINLINE WORD thrice(WORD number) { return (WORD)(number * 3); }
typedef DWORD (WINAPI *SENDPROC)(HPORT, PBYTE, WORD);
DWORD WINAPI second(HMODULE m, HPORT p, PBYTE b);
DWORD WINAPI second(HMODULE m, HPORT p, PBYTE b)
{
    SENDPROC send = (SENDPROC)GetProcAddress(m, "RasSecurityDialogSend");
    FARPROC same = GetProcAddress(m, "RasSecurityDialogSend");
    return send(p, b, (WORD)(twice(0) + thrice(1))) + (DWORD)same(p, b, (WORD)3);
}
"#;

#[test]
fn types_have_the_sizes_of_windows_and_names_lead_to_a_or_w() {
    let stage = Stage::new();
    let (c, cpp) = (stage.source("facts.c", FACTS), stage.source("facts.cpp", FACTS));
    for compiler in Compiler::all("types_have_the_sizes_of_windows_and_names_lead_to_a_or_w") {
        let one = |lang, flags: &[&str]| {
            let source = if lang == Lang::C { &c } else { &cpp };
            check(&stage, compiler, lang, flags, std::slice::from_ref(source));
        };
        let unicode = ["-DUNICODE", "-D_UNICODE"];
        for std in ["-std=c99", "-std=c11", "-std=c2x"] {
            one(Lang::C, &[std, "-DWINVER=0x600"]);
        }
        one(Lang::C, &["-std=c11", unicode[0], unicode[1]]);
        one(Lang::C, &["-std=c11", "-fshort-wchar", unicode[0], unicode[1]]);
        one(Lang::Cpp, &["-std=c++98", "-DOPENRAS_NO_OLD_SAL"]);
        one(Lang::Cpp, &["-std=c++20", "-DOPENRAS_NO_OLD_SAL", unicode[0], unicode[1]]);
        one(Lang::Cpp, &["-std=c++11", "-DOPENRAS_NO_OLD_SAL", "-fshort-wchar", unicode[0], unicode[1]]);
    }
}

/// A C++ module as people wrote them, without `extern "C"`: the header alone makes its names plain.
const MODULE: &str = r#"
#include <windows.h>
#include <rasshost.h>
DWORD WINAPI RasSecurityDialogBegin(HPORT hPort, PBYTE pSendBuf, DWORD SendBufSize, PBYTE pRecvBuf, DWORD RecvBufSize,
    VOID (WINAPI *RasSecurityDialogComplete)(SECURITY_MESSAGE *))
{
    return hPort && pSendBuf && SendBufSize && pRecvBuf && RecvBufSize && RasSecurityDialogComplete ? NO_ERROR : 1;
}
DWORD WINAPI RasSecurityDialogEnd(HPORT hPort) { return hPort ? NO_ERROR : 1; }
BOOL WINAPI DllMain(HINSTANCE, DWORD, LPVOID) { return TRUE; }
"#;

#[test]
fn a_module_in_cpp_exports_the_plain_names() {
    let stage = Stage::new();
    let source = stage.source("module.cpp", MODULE);
    for compiler in Compiler::all("a_module_in_cpp_exports_the_plain_names") {
        let module = stage.compile_module(Lang::Cpp, compiler, &["-DOPENRAS_NO_OLD_SAL"], &[&source]);
        let symbols = std::process::Command::new("nm").arg("-D").arg(&module).output().unwrap();
        let symbols = String::from_utf8(symbols.stdout).unwrap();
        for name in ["RasSecurityDialogBegin", "RasSecurityDialogEnd", "DllMain"] {
            assert!(symbols.lines().any(|line| line.ends_with(&format!(" T {name}"))), "{name}:\n{symbols}");
        }
    }
}

#[test]
fn raserror_has_every_number_of_the_engine() {
    let text = fs::read_to_string(headers().join("raserror.h")).unwrap();
    for number in 600..=870 {
        let said = RasError(number).to_string();
        let name = said.split(' ').nth(1).unwrap();
        assert!(text.contains(&format!("#define {name} (RASBASE + {})\n", number - 600)), "{said}");
    }
    assert_eq!(text.matches("(RASBASE + ").count(), 272, "the numbers, and RASBASEEND");
}
