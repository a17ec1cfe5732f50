//! Windows' names of libraries.

/// What a name may mean, to be tried in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Candidate {
    /// This library, which is RASMAN.DLL, RASAPI32.DLL and the others of RAS.
    Ours,
    /// The program itself.
    Program,
    /// A name or path for the loader.
    File(String),
}

/// The libraries that this one stands for.
const OURS: [&str; 4] = ["rasman", "rasapi32", "rasdlg", "rassapi"];

/// What LoadLibrary looks for: `X:\dir\NAME.DLL` (any case, with or without folder and ending) is ours or `libname.so`; a
/// path of Linux is taken as it is first.
pub(super) fn candidates(name: &str) -> Vec<Candidate> {
    let file = name.rsplit(['\\', '/', ':']).next().unwrap_or(name);
    if name.contains('\0') || file.is_empty() {
        return Vec::new();
    }
    let shared = file.ends_with(".so") || file.contains(".so.");
    let stem = match file.rsplit_once('.') {
        _ if shared => file,
        Some((stem, ending)) if ending.is_empty() || ending.eq_ignore_ascii_case("dll") => stem,
        _ => file,
    };
    if OURS.iter().any(|ours| ours.eq_ignore_ascii_case(stem)) {
        return vec![Candidate::Ours];
    }
    if shared {
        return vec![Candidate::File(name.to_owned())];
    }
    let linux = name.contains('/') && !name.contains('\\');
    let folder = name.strip_suffix(file).filter(|_| linux).unwrap_or_default();
    let mut names = Vec::new();
    if linux {
        names.push(name.to_owned());
    }
    for folder in [folder, ""] {
        names.push(format!("{folder}lib{}.so", stem.to_lowercase()));
        names.push(format!("{folder}lib{stem}.so"));
    }
    let mut found: Vec<Candidate> = Vec::new();
    for name in names.into_iter().map(Candidate::File) {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(name: &str) -> Vec<String> {
        let each = |candidate| match candidate {
            Candidate::File(name) => name,
            other => panic!("{other:?}"),
        };
        candidates(name).into_iter().map(each).collect()
    }

    #[test]
    fn rasman_in_any_case_and_path_is_this_library() {
        for name in [
            "RASMAN.DLL",
            "rasman.dll",
            "Rasman",
            "RASMAN.",
            r"C:\WINNT\system32\RasMan.DLL",
            r"\\server\share\RASMAN.dll",
            "c:RASMAN.DLL",
            "/opt/x/rasman.dll",
            "RASAPI32.DLL",
            "rasapi32",
            "RasDlg.dll",
            r"%SystemRoot%\System32\rassapi.dll",
        ] {
            assert_eq!(candidates(name), [Candidate::Ours], "{name}");
        }
        for name in ["RASMANX.DLL", "xRASMAN.DLL", "rasman.so.old", "RASMAN.EXE", ""] {
            assert!(!candidates(name).contains(&Candidate::Ours), "{name}");
        }
    }

    #[test]
    fn other_names_become_shared_objects() {
        assert_eq!(files(r"D:\tokens\TokenHost.DLL"), ["libtokenhost.so", "libTokenHost.so"]);
        assert_eq!(files("tokenhost"), ["libtokenhost.so"]);
        assert_eq!(files("./libtoken.so"), ["./libtoken.so"]);
        assert_eq!(files("libtoken.so.2"), ["libtoken.so.2"]);
        assert_eq!(
            files("/opt/t/TOKEN.dll"),
            ["/opt/t/TOKEN.dll", "/opt/t/libtoken.so", "/opt/t/libTOKEN.so", "libtoken.so", "libTOKEN.so",]
        );
        assert_eq!(files("a.b"), ["liba.b.so"]);
        assert_eq!(candidates(r"C:\dir\"), []);
        assert_eq!(candidates("a\0b"), []);
    }
}
