//! `./install`, and what it puts in place.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::lab::{Lab, PROGRAM};
use crate::skip::skip;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Runs `./install` into the folder, from elsewhere.
fn install(lab: &Lab, args: &[&str]) -> Output {
    let mut command = Command::new(root().join("install"));
    command.args(args).env("DESTDIR", lab.path("dest")).current_dir(&lab.folder);
    command.output().unwrap()
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap_or_else(|e| panic!("{}: {e}", path.display())).permissions().mode() & 0o777
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}

#[test]
fn what_is_installed_is_whole_and_goes_again() {
    let lab = Lab::new();
    let said = text(&install(&lab, &["--prefix", "/usr", "--binary", PROGRAM]));
    assert!(said.contains("systemctl enable --now openras"), "{said}");
    let at = |path: &str| lab.path("dest").join(path);
    assert_eq!(mode(&at("usr/bin/openras")), 0o755);
    assert_eq!(mode(&at("etc/openras/openras.toml")), 0o640);
    for file in [
        "usr/lib/systemd/system/openras.service",
        "usr/lib/sysusers.d/openras.conf",
        "usr/lib/tmpfiles.d/openras.conf",
        "usr/share/man/man1/openras.1",
        "usr/share/man/man1/openras-serve.1",
        "usr/share/man/man1/openras-user-add.1",
        "usr/share/bash-completion/completions/openras",
        "usr/share/zsh/site-functions/_openras",
        "usr/share/fish/vendor_completions.d/openras.fish",
        "usr/share/doc/openras/operation.md",
        "usr/share/doc/openras/openapi.json",
        "usr/share/doc/openras/LICENSE-MIT",
        "usr/share/doc/openras/openras.toml",
        "usr/share/doc/openras/compat/rassapi.md",
        "usr/share/doc/openras/c/dial.c",
        "usr/share/man/man3/RasDial.3",
        "usr/share/man/man3/RasHangUp.3",
        "usr/share/man/man3/RasSecurityDialogSend.3",
        "usr/share/man/man3/RasSecurityDialogReceive.3",
        "usr/share/doc/openras/modules/challenge.py",
        "usr/include/openras/ras.h",
        "usr/include/openras/RASERROR.H",
        "usr/lib/libopenras_wmain.a",
        "usr/lib/pkgconfig/openras.pc",
    ] {
        assert_eq!(mode(&at(file)), 0o644, "{file}");
    }
    assert_eq!(mode(&at("usr/lib/libopenras.so.0")), 0o755);
    for name in ["libopenras.so", "librasapi32.so", "librasman.so"] {
        let link = at("usr/lib").join(name);
        assert_eq!(std::fs::read_link(link).unwrap(), Path::new("libopenras.so.0"));
    }
    assert_eq!(std::fs::read_link(at("usr/bin/rasdial")).unwrap(), Path::new("openras"));
    assert!(!at("usr/share/man/man1/openras-generate.1").exists(), "hidden commands have no page");
    let unit = std::fs::read_to_string(at("usr/lib/systemd/system/openras.service")).unwrap();
    assert!(unit.contains("ExecStart=/usr/bin/openras serve") && !unit.contains("/usr/local"), "{unit}");
    links_lead_somewhere(&at("usr/share/doc/openras"));
    // a second time: what the administrator wrote stays
    std::fs::write(at("etc/openras/openras.toml"), "state = \"/elsewhere\"\n").unwrap();
    let said = text(&install(&lab, &["--prefix", "/usr", "--binary", PROGRAM]));
    assert!(said.contains("left as it is"), "{said}");
    text(&install(&lab, &["--prefix", "/usr", "--uninstall"]));
    assert_eq!(files(&lab.path("dest")), [at("etc/openras/openras.toml")]);
    assert_eq!(std::fs::read_to_string(at("etc/openras/openras.toml")).unwrap(), "state = \"/elsewhere\"\n");
}

/// Whatever the pages of a folder link to below it is there.
fn links_lead_somewhere(folder: &Path) {
    let mut seen = 0;
    for page in files(folder).into_iter().filter(|file| file.extension().is_some_and(|end| end == "md")) {
        let text = std::fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).map(|rest| rest.split([')', '#']).next().unwrap()) {
            let elsewhere = link.is_empty() || link.contains(':') || link.contains(char::is_whitespace);
            let to = page.parent().unwrap().join(link);
            assert!(elsewhere || to.exists(), "{} links to {link}", page.display());
            seen += u32::from(!elsewhere);
        }
    }
    assert!(seen > 50, "{seen}");
}

#[test]
fn what_broke_off_goes_again() {
    let lab = Lab::new();
    let at = |path: &str| lab.path("dest/opt/ras").join(path);
    let args = |more: &[&'static str]| [&["--prefix", "/opt/ras"], more].concat();
    text(&install(&lab, &args(&["--no-service", "--no-library", "--binary", PROGRAM])));
    std::fs::remove_dir_all(at("share/doc")).unwrap();
    std::fs::write(at("share/doc"), "in the way").unwrap();
    let output = install(&lab, &args(&["--no-service", "--binary", PROGRAM]));
    assert!(!output.status.success() && at("lib/libopenras.so.0").exists());
    text(&install(&lab, &args(&["--uninstall"])));
    assert_eq!(files(&lab.path("dest")), [at("share/doc")]);
    // and where the configuration has no place nothing is begun
    std::fs::write(lab.path("dest/etc"), "in the way").unwrap();
    let output = install(&lab, &args(&["--binary", PROGRAM]));
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && err.contains("or add --no-service"), "{err}");
    assert!(!at("bin/openras").exists());
}

#[test]
fn what_cannot_be_installed_is_said() {
    let lab = Lab::new();
    for (args, part) in [
        (&["--prefix", "usr"][..], "full path"),
        (&["--prefix", "/a\nb"], "line breaks"),
        (&["--prefix", "/100%"], "line breaks"),
        (&["--binary", "nothing-here"], "there is no program"),
        (&["--uninstall"], "nothing was installed"),
        (&["--what"], "what is --what?"),
    ] {
        let output = install(&lab, args);
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && err.contains(part), "{args:?}: {err}");
    }
    assert!(files(&lab.path("dest")).is_empty());
}

#[test]
fn a_prefix_with_blanks_and_commas_is_whole_in_the_unit() {
    let lab = Lab::new();
    let args = ["--prefix", "/opt/a, b & c", "--no-library", "--binary", PROGRAM];
    text(&install(&lab, &args));
    let unit = lab.path("dest/opt/a, b & c/lib/systemd/system/openras.service");
    let unit = std::fs::read_to_string(unit).unwrap();
    assert!(unit.contains("ExecStart=\"/opt/a, b & c/bin/openras\" serve --config"), "{unit}");
    assert!(unit.contains("ExecReload=\"/opt/a, b & c/bin/openras\" reload"), "{unit}");
}

#[test]
fn without_the_service_there_is_no_unit_and_no_configuration() {
    let lab = Lab::new();
    text(&install(&lab, &["--prefix", "/opt/ras", "--no-service", "--binary", PROGRAM]));
    assert!(lab.path("dest/opt/ras/bin/openras").exists());
    assert!(!lab.path("dest/etc").exists() && !lab.path("dest/opt/ras/lib/systemd").exists());
    assert!(lab.path("dest/opt/ras/lib/libopenras.so.0").exists());
}

#[test]
fn without_the_library_there_are_no_headers() {
    let lab = Lab::new();
    let args = ["--prefix", "/opt/ras", "--no-service", "--no-library", "--binary", PROGRAM];
    text(&install(&lab, &args));
    assert!(lab.path("dest/opt/ras/bin/openras").exists());
    for folder in ["lib", "include", "libexec", "share/man/man3"] {
        assert!(!lab.path("dest/opt/ras").join(folder).exists(), "{folder}");
    }
}

/// A program that is compiled by what pkg-config says, with the names of Windows, and a `wmain`.
const SOURCE: &str = r#"#include <WINDOWS.H>
#include <ras.h>
#include <RasError.h>
#include <openras.h>
#include <stdio.h>
int wmain(int count, WCHAR **arguments)
{
    WCHAR text[512];
    if (count != 2 || OpenrasApi() < 1 || RasGetErrorStringW((UINT)_wtoi(arguments[1]), text, 512))
        return 1;
    wprintf(L"%s\n", text);
    return 0;
}
"#;

#[test]
fn a_program_compiles_by_pkg_config_and_runs() {
    let test = "a_program_compiles_by_pkg_config_and_runs";
    let lab = Lab::new();
    let stage = lab.path("one two");
    let mut command = Command::new(root().join("install"));
    command.args(["--no-service", "--binary", PROGRAM, "--prefix"]).arg(&stage).env_remove("DESTDIR");
    let said = text(&command.output().unwrap());
    assert!(said.contains("pkg-config"), "{said}");
    let pkg_config = |args: &[&str]| {
        let mut command = Command::new("pkg-config");
        command.args(args).env("PKG_CONFIG_PATH", stage.join("lib/pkgconfig"));
        command.output().map(|output| text(&output))
    };
    let flags = match pkg_config(&["--cflags", "--libs", "openras"]) {
        Ok(flags) => flags,
        Err(error) => return skip(test, &format!("pkg-config does not run ({error})")),
    };
    assert_eq!(pkg_config(&["--modversion", "openras"]).unwrap().trim(), env!("CARGO_PKG_VERSION"));
    let (source, program) = (lab.path("program.c"), lab.path("program"));
    std::fs::write(&source, SOURCE).unwrap();
    // as a shell takes the flags: blanks in them are escaped
    let compile = format!(
        "cc -Wall -Wextra -Werror -fshort-wchar -DUNICODE -D_UNICODE \"$1\" -o \"$2\" {} -lopenras_wmain -lopenras \
         \"-Wl,-rpath,$3\"",
        flags.trim()
    );
    let mut command = Command::new("sh");
    command.args(["-c", &compile, "sh"]).args([&source, &program, &stage.join("lib")]);
    text(&command.output().unwrap());
    let said = text(&Command::new(&program).arg("691").output().unwrap());
    assert!(said.len() > 20 && said.ends_with(".\n"), "{said}");
    // the loader finds it by its soname, and a module by Windows' name
    for name in ["libopenras.so.0", "librasman.so", "librasapi32.so"] {
        assert!(stage.join("lib").join(name).metadata().unwrap().is_file(), "{name}");
    }
    text(
        &Command::new(root().join("install")).args(["--uninstall", "--prefix"]).arg(&stage).output().unwrap(),
    );
    assert_eq!(files(&stage), Vec::<PathBuf>::new());
    assert!(!stage.join("include/openras").exists() && !stage.join("libexec/openras").exists());
}

#[test]
fn the_pages_of_the_library_read_without_a_warning() {
    let pages = files(&root().join("docs/man"));
    assert!(pages.len() >= 2, "{pages:?}");
    for page in pages {
        let shown =
            match Command::new("groff").args(["-mdoc", "-Tutf8", "-ww", "-P-cbou"]).arg(&page).output() {
                Ok(shown) => shown,
                Err(error) => {
                    let why = format!("groff does not run ({error})");
                    return skip("the_pages_of_the_library_read_without_a_warning", &why);
                }
            };
        let err = String::from_utf8_lossy(&shown.stderr);
        assert!(shown.status.success() && err.is_empty(), "{}: {err}", page.display());
        let text = String::from_utf8_lossy(&shown.stdout);
        let parts = ["NAME", "SYNOPSIS", "DESCRIPTION", "RETURN VALUES", "SEE ALSO"];
        assert!(parts.iter().all(|part| text.contains(part)), "{}: {text}", page.display());
    }
}

#[test]
fn every_man_page_reads_without_a_warning() {
    let lab = Lab::new();
    let folder = lab.path("man").display().to_string();
    assert!(lab.command(PROGRAM, &["generate", "man", &folder]).status().unwrap().success());
    let pages = files(&lab.path("man"));
    assert!(pages.len() >= 10, "{pages:?}");
    for page in pages {
        let mut groff = Command::new("groff");
        let shown = match groff.args(["-man", "-Tutf8", "-ww", "-P-cbou"]).arg(&page).output() {
            Ok(shown) => shown,
            Err(error) => {
                return skip(
                    "every_man_page_reads_without_a_warning",
                    &format!("groff does not run ({error})"),
                );
            }
        };
        let err = String::from_utf8_lossy(&shown.stderr);
        assert!(shown.status.success() && err.is_empty(), "{}: {err}", page.display());
        let text = String::from_utf8_lossy(&shown.stdout);
        assert!(text.contains("NAME") && text.contains("SYNOPSIS"), "{}: {text}", page.display());
    }
}

#[test]
fn bash_completes_commands_and_options() {
    let lab = Lab::new();
    let folder = lab.path("completions").display().to_string();
    assert!(lab.command(PROGRAM, &["generate", "completions", &folder]).status().unwrap().success());
    let script = "set -eu; source completions/openras.bash; \
                  COMP_WORDS=(openras ser); COMP_CWORD=1; _openras openras ser openras; echo \"${COMPREPLY[@]}\"; \
                  COMP_WORDS=(openras serve --con); COMP_CWORD=2; _openras openras --con serve; echo \"${COMPREPLY[@]}\"";
    let said = text(&lab.command("bash", &["-c", script]).output().unwrap());
    assert_eq!(said, "serve\n--config\n");
    assert!(!std::fs::read_to_string(lab.path("completions/_openras")).unwrap().is_empty());
}

#[test]
fn the_example_configuration_has_no_mistake() {
    let file = root().join("contrib/openras.toml");
    let config = openras_service::Config::load(&file).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(config.ports.len(), 1);
    assert_eq!(config.state, Path::new("/var/lib/openras"));
}

#[test]
fn systemd_finds_no_fault_with_the_unit_and_its_walls() {
    let test = "systemd_finds_no_fault_with_the_unit_and_its_walls";
    let lab = Lab::new();
    let unit = std::fs::read_to_string(root().join("contrib/systemd/openras.service")).unwrap();
    let unit = unit.replace("/usr/local/bin/openras", PROGRAM);
    // its page is not on the manual's path here
    let unit: String =
        unit.lines().filter(|l| !l.starts_with("Documentation=")).map(|l| format!("{l}\n")).collect();
    std::fs::write(lab.path("openras.service"), unit).unwrap();
    let analyze = |args: &[&str]| lab.command("systemd-analyze", args).output();
    let verified = match analyze(&["verify", "./openras.service"]) {
        Ok(verified) => verified,
        Err(error) => return skip(test, &format!("systemd-analyze does not run ({error})")),
    };
    let err = String::from_utf8_lossy(&verified.stderr);
    assert!(verified.status.success() && !err.contains("openras.service"), "{err}");
    // tenths: what the walls leave open, 0 to 100; docs/operation.md names what it is made of
    let rated = analyze(&["security", "--offline=true", "--threshold=25", "./openras.service"]).unwrap();
    assert!(rated.status.success(), "{}", String::from_utf8_lossy(&rated.stdout));
}
