//! Modules by configuration: `[module.NAME]` with its `kind`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;

use crate::host::{Condition, Module};
use crate::process::{HostParts, LibraryConfig, ProgramConfig, ProgramError, ProgramModule};
use crate::totp::{Clock, CodeStore, Totp, TotpConfig, system_clock};

/// One `[module.NAME]` table.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum ModuleConfig {
    /// The built-in one-time codes.
    Totp(TotpConfig),
    /// A program in any language.
    Program(Box<ProgramConfig>),
    /// A shared object of the original interface (RasSecurityDialogBegin).
    Library(Box<LibraryConfig>),
}

/// A range that no distribution gives to people, services or containers.
const UIDS: Range<u32> = 1_879_100_000..1_879_104_096;

/// What modules need of the service.
#[derive(Clone)]
pub struct Parts {
    /// The users' store; `None` where there is none, and then `totp` cannot be made.
    pub codes: Option<Arc<dyn CodeStore>>,
    /// The time.
    pub clock: Clock,
    /// The program that is run as `PROGRAM module-jail …`; its `main` begins with
    /// [`jail::main_if_asked`](crate::jail::main_if_asked). `None` = the running program.
    pub helper: Option<PathBuf>,
    /// Users and groups that belong to nobody else, for modules, where the service may change users: the first
    /// half for the modules, the second half to clear away after them. The same numbers serve as groups.
    pub uids: Range<u32>,
    /// Files and folders no module may ever read: the state folder, the key file.
    pub hidden: Vec<PathBuf>,
    /// Where the parts of a library's host are, where they are not beside the running program.
    pub host: HostParts,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            codes: None,
            clock: system_clock(),
            helper: None,
            uids: UIDS,
            hidden: Vec::new(),
            host: HostParts::default(),
        }
    }
}

/// Why a module cannot be made. A service that has one does not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// Its program cannot be run.
    #[error("module `{0}`: {1}")]
    Program(String, ProgramError),
    /// It needs users.
    #[error("module `{0}`: kind \"totp\" needs a users' store")]
    NoStore(String),
}

impl ModuleConfig {
    /// Makes the module called `name`.
    pub fn build(&self, name: &str, parts: &Parts) -> Result<Arc<dyn Module>, BuildError> {
        match self {
            Self::Totp(config) => {
                let codes = parts.codes.clone().ok_or_else(|| BuildError::NoStore(shown(name)))?;
                Ok(Arc::new(Totp::new(name, config.clone(), codes, parts.clock.clone())))
            }
            Self::Program(config) => {
                let program = ProgramModule::new(name, ProgramConfig::clone(config), parts);
                Ok(Arc::new(program.map_err(|why| BuildError::Program(shown(name), why))?))
            }
            Self::Library(config) => {
                let library = ProgramModule::library(name, config, parts);
                Ok(Arc::new(library.map_err(|why| BuildError::Program(shown(name), why))?))
            }
        }
    }
}

fn shown(name: &str) -> String {
    name.escape_debug().to_string()
}

/// All modules of a configuration.
#[derive(Clone, Default)]
pub struct Registry(BTreeMap<String, Arc<dyn Module>>);

impl Registry {
    /// Makes every module, or gives all that is wrong at once. Waits while walls are tried, some milliseconds for
    /// each program; call it within a tokio runtime, on a thread that may wait, so that processes are kept ready from
    /// the start. Dropped, it ends the processes that wait for calls.
    pub fn build(configs: &BTreeMap<String, ModuleConfig>, parts: &Parts) -> Result<Self, Vec<BuildError>> {
        let mut modules = BTreeMap::new();
        let mut wrong = Vec::new();
        for (name, config) in configs {
            match config.build(name, parts) {
                Ok(module) => drop(modules.insert(name.clone(), module)),
                Err(error) => wrong.push(error),
            }
        }
        if wrong.is_empty() { Ok(Self(modules)) } else { Err(wrong) }
    }

    /// The module of this name.
    pub fn module(&self, name: &str) -> Option<Arc<dyn Module>> {
        self.0.get(name).cloned()
    }

    /// How the modules with processes stand, by name.
    pub fn conditions(&self) -> impl Iterator<Item = (&str, Condition)> {
        self.0.iter().filter_map(|(name, module)| Some((name.as_str(), module.condition()?)))
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<BTreeMap<String, ModuleConfig>, toml::de::Error> {
        toml::from_str(text)
    }

    fn build(text: &str) -> Result<Registry, Vec<BuildError>> {
        Registry::build(&read(text).unwrap(), &Parts::default())
    }

    #[test]
    fn a_program_is_found_when_the_service_starts() {
        let registry =
            build("[x]\nkind = \"program\"\ncommand = [\"sh\", \"-c\", \"exit 1\"]\nisolation = \"none\"")
                .unwrap();
        assert_eq!(registry.names().collect::<Vec<_>>(), ["x"]);
        assert_eq!(registry.module("x").unwrap().name(), "x");
        assert!(registry.module("y").is_none());
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let text = "[a]\nkind = \"program\"\ncommand = [\"no-such-program-here\"]\n\
                    [b]\nkind = \"program\"\ncommand = []\n[c]\nkind = \"totp\"\n\
                    [d]\nkind = \"program\"\ncommand = [\"./\"]\n[e]\nkind = \"program\"\ncommand = [\"a\\u0000\"]\n\
                    [f]\nkind = \"program\"\ncommand = [\"sh\"]\nuid = 7";
        let said: Vec<String> = build(text).err().unwrap().iter().map(ToString::to_string).collect();
        let parts =
            ["`a`: no program `no-such-program-here`", "`b`: `command` is empty", "`c`: kind \"totp\" needs"];
        for (said, part) in said.iter().zip(parts) {
            assert!(said.contains(part), "{said}");
        }
        assert!(said[5].contains("`uid` and `gid`"), "{said:?}");
        assert_eq!(said.len(), 6);
    }

    #[test]
    fn unknown_and_wrong_settings_are_refused() {
        let program = "[x]\nkind = \"program\"\ncommand = [\"sh\"]\n";
        let cases = [
            ("[x]\nkind = \"dll\"".to_owned(), "dll"),
            ("[x]\ncommand = [\"sh\"]".to_owned(), "kind"),
            ("[x]\nkind = \"totp\"\nretries = 9".to_owned(), "retries"),
            (format!("{program}shell = true"), "shell"),
            (format!("{program}isolation = \"some\""), "some"),
            (format!("{program}warm = 17"), "0 to 16"),
            (format!("{program}network = 1"), "1"),
            (format!("{program}receive = \"some\""), "some"),
            (format!("{program}[x.limits]\nbegin = -1"), "seconds"),
            (format!("{program}[x.limits]\nbegin = nan"), "seconds"),
            (format!("{program}[x.limits]\nhours = 1"), "hours"),
        ];
        for (text, part) in cases {
            let said = read(&text).expect_err(&text).to_string();
            assert!(said.contains(part), "{text}: {said}");
        }
    }

    #[test]
    fn settings_of_a_module_are_taken_and_never_shown() {
        let text = "[x]\nkind = \"program\"\ncommand = [\"sh\"]\nreceive = \"any\"\n\
                    [x.config.users]\nalice = \"hunter2\"\n[x.limits]\nbegin = 0.25\nanswer = 5";
        let configs = read(text).unwrap();
        assert!(!format!("{configs:?}").contains("hunter2"));
        let ModuleConfig::Program(program) = &configs["x"] else { panic!() };
        assert_eq!(program.config.0["users"]["alice"], "hunter2");
        assert_eq!(program.limits.begin.as_millis(), 250);
    }
}
