//! The stage of the C tests: a folder with the library under all its names and the headers, and compilers and checkers
//! to run programs on it. Include it with `#[path = "../stage/mod.rs"] mod stage;`.

#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "helpers of tests")]

#[path = "../../../sim/src/peers/skip.rs"]
mod skip;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub use skip::skip;
use tempfile::TempDir;

/// Flags under which every header and every program of the tests compiles without a word.
pub const STRICT: &[&str] = &["-Wall", "-Wextra", "-Wpedantic", "-Werror"];

/// Added to the flags of [`Stage::compile`]: gcc's AddressSanitizer, with leaks and undefined behaviour.
pub const SANITIZED: &[&str] =
    &["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"];

/// A program of the tests that runs longer than this is ended, with status 124.
const LONGEST_RUN_SECONDS: u32 = 120;

/// The language of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    /// C
    C,
    /// C++
    Cpp,
}

/// A family of compilers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compiler {
    /// gcc, g++
    Gcc,
    /// clang, clang++
    Clang,
}

impl Compiler {
    /// The compilers that are installed; a missing one is a skip of `test`.
    pub fn all(test: &str) -> Vec<Self> {
        [Self::Gcc, Self::Clang].into_iter().filter(|c| found(test, c.program(Lang::Cpp))).collect()
    }

    /// The program's name.
    pub fn program(self, lang: Lang) -> &'static str {
        match (self, lang) {
            (Self::Gcc, Lang::C) => "gcc",
            (Self::Gcc, Lang::Cpp) => "g++",
            (Self::Clang, Lang::C) => "clang",
            (Self::Clang, Lang::Cpp) => "clang++",
        }
    }
}

/// Whether a program is installed; if not, `test` is skipped for that reason.
pub fn found(test: &str, program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths).any(|folder| folder.join(program).is_file());
    if !found {
        skip(test, &format!("{program} is not installed"));
    }
    found
}

/// The headers in the source tree.
pub fn headers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../include/openras").canonicalize().unwrap()
}

/// The library that was built with this test.
fn library() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().unwrap().parent().unwrap();
    let built = [profile.join("libopenras_capi.so"), profile.join("deps/libopenras_capi.so")];
    let newest = built.iter().filter_map(|file| Some((file.metadata().ok()?.modified().ok()?, file))).max();
    newest.unwrap_or_else(|| panic!("cargo built no libopenras_capi.so beside {}", test.display())).1.clone()
}

/// A folder as `./install` would make it; it goes away with this value.
pub struct Stage {
    folder: TempDir,
}

impl Stage {
    /// Makes the folder: `lib/` with the library under all its names, `include/openras`, and space for programs.
    pub fn new() -> Self {
        let built = library();
        // beside what cargo builds, thus in its file system: the link below is the library itself, also when another
        // build replaces it meanwhile
        let profile = |folder: &&Path| folder.ends_with("debug") || folder.ends_with("release");
        let target = built.ancestors().find(profile).and_then(Path::parent);
        let place = target.map_or_else(std::env::temp_dir, |target| target.join("stage"));
        fs::create_dir_all(&place).unwrap();
        let folder = tempfile::Builder::new().prefix("openras-").tempdir_in(place).unwrap();
        let (lib, include) = (folder.path().join("lib"), folder.path().join("include"));
        fs::create_dir(&lib).unwrap();
        fs::create_dir(&include).unwrap();
        let file = lib.join("libopenras.so.0");
        fs::hard_link(&built, &file).or_else(|_| fs::copy(&built, &file).map(drop)).unwrap();
        for name in ["libopenras.so", "librasapi32.so", "librasman.so"] {
            std::os::unix::fs::symlink("libopenras.so.0", lib.join(name)).unwrap();
        }
        std::os::unix::fs::symlink(headers(), include.join("openras")).unwrap();
        Self { folder }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where the library is.
    pub fn lib(&self) -> PathBuf {
        self.path().join("lib")
    }

    /// What `-I` takes: sources say `#include <windows.h>`.
    pub fn include(&self) -> PathBuf {
        self.path().join("include/openras")
    }

    /// Writes a source into the stage.
    pub fn source(&self, name: &str, text: &str) -> PathBuf {
        let file = self.path().join(name);
        fs::write(&file, text).unwrap();
        file
    }

    /// Compiles and links a program against the library, with [`STRICT`] and then `flags`; it is named after the first
    /// source, the compiler and the flags, so that variants do not overwrite each other.
    ///
    /// # Panics
    /// When the compiler says anything.
    pub fn compile(&self, lang: Lang, compiler: Compiler, flags: &[&str], sources: &[&Path]) -> PathBuf {
        let program = self.output_name(lang, compiler, flags, sources, "");
        let mut command = self.compiler(lang, compiler, flags, sources);
        command.arg("-o").arg(&program).arg("-L").arg(self.lib()).args(["-lopenras", "-lpthread"]);
        quiet(&mut command);
        program
    }

    /// As [`Stage::compile`], but a shared object (a security module, a script library). It is not linked against the
    /// library: modules find it at run time.
    pub fn compile_module(
        &self,
        lang: Lang,
        compiler: Compiler,
        flags: &[&str],
        sources: &[&Path],
    ) -> PathBuf {
        let module = self.output_name(lang, compiler, flags, sources, ".so");
        let mut command = self.compiler(lang, compiler, flags, sources);
        command.args(["-shared", "-fPIC", "-o"]).arg(&module);
        quiet(&mut command);
        module
    }

    /// The compiler's call up to its sources, for what the two above do not do.
    pub fn compiler(&self, lang: Lang, compiler: Compiler, flags: &[&str], sources: &[&Path]) -> Command {
        let mut command = Command::new(compiler.program(lang));
        // check.h, for programs of tests only
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../capi/tests/stage");
        command.args(STRICT).args(flags).arg("-I").arg(self.include()).arg("-I").arg(own);
        command.args(sources).env("LC_ALL", "C");
        command
    }

    fn output_name(
        &self,
        lang: Lang,
        compiler: Compiler,
        flags: &[&str],
        sources: &[&Path],
        end: &str,
    ) -> PathBuf {
        let stem = sources[0].file_stem().unwrap().to_string_lossy().into_owned();
        let all = format!("{stem}-{}{}", compiler.program(lang), flags.concat());
        self.path().join(all.replace(|c: char| !c.is_ascii_alphanumeric() && !"-+".contains(c), "_") + end)
    }

    /// A call of a program on this stage, for tests that talk to it while it runs.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("timeout");
        command.args(["--kill-after=5", &LONGEST_RUN_SECONDS.to_string()]).arg(program);
        command.env("LD_LIBRARY_PATH", self.lib());
        command
    }

    /// Runs a program to its end; status 124 when it took too long.
    pub fn run(&self, program: &Path, args: &[&str], env: &[(&str, &str)]) -> Output {
        self.command(program).args(args).envs(env.iter().copied()).output().unwrap()
    }

    /// As [`Stage::run`], under valgrind: an error or a definite leak is status 99, and told on standard error. `None`
    /// where there is no valgrind, a skip of `test`.
    pub fn valgrind(
        &self,
        test: &str,
        program: &Path,
        args: &[&str],
        env: &[(&str, &str)],
    ) -> Option<Output> {
        let mut command = self.valgrind_command(test, program)?;
        Some(command.args(args).envs(env.iter().copied()).output().unwrap())
    }

    /// As [`Stage::command`], under valgrind.
    pub fn valgrind_command(&self, test: &str, program: &Path) -> Option<Command> {
        if !found(test, "valgrind") {
            return None;
        }
        let mut command = self.command(Path::new("valgrind"));
        command.args([
            "--quiet",
            "--error-exitcode=99",
            "--leak-check=full",
            "--errors-for-leak-kinds=definite",
        ]);
        command.arg(program);
        Some(command)
    }
}

/// Runs a compiler.
///
/// # Panics
/// When it fails or says anything.
pub fn quiet(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{command:?}: {}\n{said}", output.status);
}
