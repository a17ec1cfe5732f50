//! Security modules of the original interface: a shared object that exports RasSecurityDialogBegin and End, run as a
//! program module by `openras-module-host`.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use openras_engine::server::PppInDialog;
use serde::{Deserialize, Deserializer};
use tokio::time::{Instant, timeout, timeout_at};

use super::config::{PppWord, at_most_sixteen, seconds, shown, warm};
use super::launch::{Launch, Started};
use super::lines::Lines;
use super::{Isolation, LAST_WORDS, Limits, ProgramConfig, ProgramError, ReceiveMode, STDERR_LINE};
use crate::registry::Parts;

/// The program that loads libraries.
const HOST: &str = "openras-module-host";
/// RASMAN.DLL under the names it has once installed.
const LIBRARY: [&str; 2] = ["libopenras.so.0", "libopenras.so"];
/// And in the folder it is built in.
const BUILT: &str = "libopenras_capi.so";
/// Lines of a check's standard error that are told.
const TOLD: usize = 8;

/// `[module.NAME]` with `kind = "library"`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LibraryConfig {
    /// The shared object.
    pub path: PathBuf,
    /// When a Receive is complete: `exact` (default) with all bytes asked for, `any` with the first that come.
    #[serde(default)]
    pub receive: ReceiveMode,
    /// What PPP that begins before the verdict is (default data: the module decides).
    #[serde(default = "data", with = "PppWord")]
    pub ppp_in_dialog: PppInDialog,
    /// Size of each of the two buffers in bytes, 1024 to 65535 (default 4096).
    #[serde(default = "buffer", deserialize_with = "buffer_size")]
    pub buffer: u32,
    /// How long an End that was put off may take before the log says so (default 60 s).
    #[serde(default = "minute", deserialize_with = "seconds")]
    pub delayed_end: Duration,
    /// What stands around it.
    #[serde(default)]
    pub isolation: Isolation,
    /// Processes that are kept ready, the library loaded, 0 to 16 (default 2).
    #[serde(default = "warm", deserialize_with = "at_most_sixteen")]
    pub warm: usize,
    /// More files and folders that it may read, absolute.
    #[serde(default)]
    pub readable: Vec<PathBuf>,
    /// It may use the network (default no).
    #[serde(default)]
    pub network: bool,
    /// The folder it runs in and may write to (default an empty one of its own).
    #[serde(default)]
    pub folder: Option<PathBuf>,
    /// The user it runs as.
    #[serde(default)]
    pub uid: Option<u32>,
    /// The group it runs as.
    #[serde(default)]
    pub gid: Option<u32>,
    /// What it may use.
    #[serde(default = "limits", with = "LibraryLimits")]
    pub limits: Limits,
    /// `openras-module-host` (default: looked for beside the running program).
    #[serde(default)]
    pub host: Option<PathBuf>,
    /// `libopenras.so` (default: looked for beside the running program).
    #[serde(default)]
    pub libopenras: Option<PathBuf>,
}

/// Where the parts of a library's host are; what is `None` is looked for beside the running program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostParts {
    /// `openras-module-host`.
    pub program: Option<PathBuf>,
    /// `libopenras.so`.
    pub library: Option<PathBuf>,
}

/// [`Limits`] with a library's own defaults: one that asks for each byte alone says two lines a key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default = "limits", remote = "Limits")]
struct LibraryLimits {
    #[serde(deserialize_with = "seconds")]
    begin: Duration,
    #[serde(deserialize_with = "seconds")]
    answer: Duration,
    #[serde(deserialize_with = "seconds")]
    grace: Duration,
    messages_per_second: u32,
    bytes: usize,
    memory_mib: u64,
    cpu_seconds: u64,
    files: u64,
    processes: u64,
    file_mib: u64,
}

fn limits() -> Limits {
    Limits {
        // time for an End that is put off
        grace: Duration::from_secs(10),
        messages_per_second: 2000,
        bytes: 8 * 1024 * 1024,
        processes: 64,
        ..Limits::default()
    }
}

fn data() -> PppInDialog {
    PppInDialog::Data
}

fn buffer() -> u32 {
    4096
}

fn minute() -> Duration {
    Duration::from_secs(60)
}

fn buffer_size<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let size = u32::deserialize(from)?;
    let wrong = "must be bytes from 1024 to 65535, the most that the WORD of RasSecurityDialogSend can say";
    if (1024..=65_535).contains(&size) { Ok(size) } else { Err(serde::de::Error::custom(wrong)) }
}

impl LibraryConfig {
    /// A library with all else as by default.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            receive: ReceiveMode::default(),
            ppp_in_dialog: data(),
            buffer: buffer(),
            delayed_end: minute(),
            isolation: Isolation::default(),
            warm: warm(),
            readable: Vec::new(),
            network: false,
            folder: None,
            uid: None,
            gid: None,
            limits: limits(),
            host: None,
            libopenras: None,
        }
    }

    /// The program module that runs it.
    pub(super) fn program(&self, parts: &Parts) -> Result<ProgramConfig, ProgramError> {
        let own = HostParts { program: self.host.clone(), library: self.libopenras.clone() };
        let host = own.or(&parts.host).found()?;
        let path = std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone());
        if !path.is_file() {
            return Err(ProgramError::NoLibrary(shown(&self.path)));
        }
        self.own_file(&path)?;
        let mut command = vec![text(&host.0)?];
        command.push(format!("--buffer={}", self.buffer));
        command.push(format!("--delayed-end={}", self.delayed_end.as_secs().max(1)));
        command.push(format!("--grace={}", self.limits.grace.as_secs().max(1)));
        command.extend([text(&host.1)?, text(&path)?]);
        Ok(ProgramConfig {
            receive: self.receive,
            ppp_in_dialog: self.ppp_in_dialog,
            isolation: self.isolation,
            warm: self.warm,
            readable: self.readable.clone(),
            network: self.network,
            folder: self.folder.clone(),
            uid: self.uid,
            gid: self.gid,
            limits: self.limits.clone(),
            ..ProgramConfig::new(command)
        })
    }

    /// What decides who is let in is changed neither by other users nor by the module.
    fn own_file(&self, path: &Path) -> Result<(), ProgramError> {
        let real = path.canonicalize().map_err(|_| ProgramError::NoLibrary(shown(path)))?;
        let is_in = |folder: &Path| real.starts_with(folder) || path.starts_with(folder);
        if self.folder.as_deref().and_then(|folder| folder.canonicalize().ok()).is_some_and(|own| is_in(&own))
        {
            return Err(ProgramError::InFolder(shown(path)));
        }
        // in a folder such as /tmp nobody replaces what is another's
        let open = |place: &Path, but: u32| {
            place.metadata().is_ok_and(|data| data.mode() & 0o002 != 0 && data.mode() & but == 0)
        };
        let folders =
            [path.parent(), real.parent()].into_iter().flatten().find(|folder| open(folder, 0o1000));
        let found = Some(real.as_path()).filter(|file| open(file, 0)).or(folders);
        found.map_or(Ok(()), |place| Err(ProgramError::Writable(shown(place))))
    }

    /// Has the library loaded once, behind its wall: its constructors and its DllMain are foreign code too.
    pub(super) fn check(&self, mut program: ProgramConfig, parts: &Parts) -> Result<(), ProgramError> {
        program.command.insert(1, "--check".into());
        let (launch, limit) = (program.launch(parts)?, self.limits.begin);
        // the caller's runtime, if there is one, must not be waited for on its own thread
        let checked = std::thread::Builder::new().name("module-check".into()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| error.to_string())?;
            runtime.block_on(tried(launch, limit))
        });
        let checked = checked.map_err(|error| ProgramError::NotAModule(error.to_string()))?.join();
        checked.unwrap_or_else(|_| Err("its check failed".into())).map_err(|why| {
            let path = shown(&self.path);
            // what its host says names it
            ProgramError::NotAModule(if why.contains(&path) { why } else { format!("{path}: {why}") })
        })
    }
}

/// Runs a host with `--check`; what it says, where it does not say yes.
async fn tried(launch: Arc<dyn Launch>, limit: Duration) -> Result<(), String> {
    let Started { process, pipes } = launch.start().await.map_err(|fault| fault.to_string())?;
    let until = Instant::now() + limit;
    let mut stderr = Lines::new(pipes.stderr, STDERR_LINE);
    let mut said = Vec::new();
    let how = {
        let ended = process.ended(limit);
        tokio::pin!(ended);
        let mut open = true;
        loop {
            tokio::select! {
                how = &mut ended => break how,
                line = stderr.next(), if open => match line {
                    Ok(Some(line)) => tell(&mut said, &line.bytes),
                    Ok(None) | Err(_) => open = false,
                },
                () = tokio::time::sleep_until(until) => break None,
            }
        }
    };
    let rest = async {
        while let Ok(Some(line)) = stderr.next().await {
            tell(&mut said, &line.bytes);
        }
    };
    let _ = timeout_at(Instant::now() + LAST_WORDS, rest).await;
    let _ = timeout(limit, process.end()).await;
    let said = said.join("; ");
    match how.as_deref() {
        Some("status 0") => Ok(()),
        None => Err(format!("it was not loaded within {limit:?}; {said}")),
        Some(how) if said.is_empty() => Err(format!("it ended while it was loaded ({how})")),
        Some(how) if how.starts_with("signal") => {
            Err(format!("it ended while it was loaded ({how}); {said}"))
        }
        Some(_) => Err(said),
    }
}

/// From outside: escaped.
fn tell(said: &mut Vec<String>, line: &[u8]) {
    if said.len() < TOLD {
        said.push(String::from_utf8_lossy(line).escape_debug().to_string());
    }
}

fn text(path: &Path) -> Result<String, ProgramError> {
    let wrong = || ProgramError::NotAModule(format!("{}: its path is not UTF-8", shown(path)));
    path.to_str().map(str::to_owned).ok_or_else(wrong)
}

impl HostParts {
    /// These, and for what is missing the others.
    fn or(self, other: &Self) -> Self {
        let Self { program, library } = self;
        Self {
            program: program.or_else(|| other.program.clone()),
            library: library.or_else(|| other.library.clone()),
        }
    }

    /// `openras-module-host` and `libopenras.so`: as named, or beside the running program, in `../lib…` and
    /// `../libexec`, or where cargo builds them.
    ///
    /// # Errors
    /// One is nowhere.
    pub fn found(&self) -> Result<(PathBuf, PathBuf), ProgramError> {
        let own = std::env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_owned));
        let own = own.unwrap_or_default();
        let hosts = || {
            let folders = [".", "../libexec/openras", "../libexec", "../lib/openras", ".."];
            folders.iter().map(|folder| own.join(folder).join(HOST)).collect()
        };
        let program = found("openras-module-host", "host", self.program.as_deref(), hosts)?;
        let library = found("libopenras.so", "libopenras", self.library.as_deref(), || libraries(&own))?;
        Ok((program, library))
    }
}

/// Where the library may be, the likeliest first.
fn libraries(own: &Path) -> Vec<PathBuf> {
    let arch = format!("../lib/{}-linux-gnu", std::env::consts::ARCH);
    let folders = ["../lib", "../lib64", arch.as_str(), "."];
    let mut places: Vec<PathBuf> = Vec::new();
    for folder in folders {
        places.extend(LIBRARY.iter().map(|name| own.join(folder).join(name)));
    }
    // cargo leaves it in two places, and not always in both
    let mut built: Vec<PathBuf> = [".", "deps", ".."].iter().map(|f| own.join(f).join(BUILT)).collect();
    built.sort_by_key(|file| std::cmp::Reverse(file.metadata().and_then(|data| data.modified()).ok()));
    places.extend(built);
    places
}

fn found(
    what: &'static str,
    key: &'static str,
    named: Option<&Path>,
    places: impl FnOnce() -> Vec<PathBuf>,
) -> Result<PathBuf, ProgramError> {
    let places = named.map_or_else(places, |named| vec![named.to_owned()]);
    let found = places.iter().find(|place| place.is_file()).and_then(|place| place.canonicalize().ok());
    found.ok_or_else(|| {
        let mut folders: Vec<String> = places.iter().filter_map(|place| place.parent()).map(shown).collect();
        folders.dedup();
        ProgramError::NoPart(what, folders.join(", "), key)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(more: &str) -> Result<LibraryConfig, String> {
        toml::from_str(&format!("path = \"/x.so\"\n{more}")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_library_has_defaults_of_its_own() {
        let plain = read("").unwrap();
        assert_eq!(plain, LibraryConfig::new("/x.so"));
        assert_eq!((plain.buffer, plain.ppp_in_dialog), (4096, PppInDialog::Data));
        let some = read("receive = \"any\"\nppp_in_dialog = \"wait\"\nbuffer = 65535\n[limits]\nbegin = 0.5");
        let some = some.unwrap();
        assert_eq!((some.receive, some.ppp_in_dialog), (ReceiveMode::Any, PppInDialog::Wait));
        assert_eq!((some.limits.messages_per_second, some.limits.begin.as_millis()), (2000, 500));
        assert_eq!(read("receive = \"exact\"").unwrap().receive, ReceiveMode::All);
        for (wrong, part) in [
            ("buffer = 1023", "1024 to 65535"),
            ("buffer = 65536", "1024 to 65535"),
            ("ppp_in_dialog = \"yes\"", "yes"),
            ("command = [\"x\"]", "command"),
            ("delayed_end = 0", "seconds"),
            ("[limits]\nhours = 1", "hours"),
        ] {
            assert!(read(wrong).unwrap_err().contains(part), "{wrong}");
        }
    }

    #[test]
    fn what_is_missing_is_said_with_its_remedy() {
        let none = HostParts { program: Some("/nowhere/host".into()), library: None };
        let said = none.found().unwrap_err().to_string();
        assert!(
            said.contains("openras-module-host is not found in /nowhere") && said.contains("`host`"),
            "{said}"
        );
        let this = std::env::current_exe().unwrap();
        let parts = HostParts { program: Some(this.clone()), library: Some(this) };
        let missing = LibraryConfig { isolation: Isolation::None, ..LibraryConfig::new("/nowhere/x.so") };
        let said = missing.program(&Parts { host: parts, ..Parts::default() }).unwrap_err().to_string();
        assert!(said.contains("no library `/nowhere/x.so`"), "{said}");
    }

    /// Whoever may write there lets himself in: other users, or a caller who has taken a dialog of the module over.
    #[test]
    fn a_library_that_others_or_the_module_may_change_is_refused() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let top = tempfile::tempdir().unwrap();
        let (folder, links) = (top.path().join("lib"), top.path().join("links"));
        std::fs::create_dir(&folder).unwrap();
        std::fs::create_dir(&links).unwrap();
        let (file, link) = (folder.join("x.so"), links.join("x.so"));
        std::fs::write(&file, "").unwrap();
        symlink(&file, &link).unwrap();
        let this = std::env::current_exe().unwrap();
        let host = HostParts { program: Some(this.clone()), library: Some(this) };
        let parts = Parts { host, ..Parts::default() };
        let mode = |of: &Path, mode| std::fs::set_permissions(of, PermissionsExt::from_mode(mode)).unwrap();
        let said = |library: &LibraryConfig| library.program(&parts).err().map(|error| error.to_string());
        for (of, wrong, good) in [(&file, 0o646, 0o664), (&folder, 0o777, 0o1777), (&links, 0o777, 0o755)] {
            mode(of, wrong);
            let refused = said(&LibraryConfig::new(&link)).unwrap();
            assert!(refused.contains("chmod o-w") && refused.contains(of.to_str().unwrap()), "{refused}");
            mode(of, good);
            assert_eq!(said(&LibraryConfig::new(&link)), None);
        }
        for isolation in [Isolation::Call, Isolation::Shared, Isolation::None] {
            let own = LibraryConfig { folder: Some(folder.clone()), isolation, ..LibraryConfig::new(&link) };
            assert!(said(&own).unwrap().contains("`folder`"));
            assert_eq!(said(&LibraryConfig { folder: Some(links.join("..").join("other")), ..own }), None);
        }
    }

    /// Defence rule 11, and that a jail shows the library and not what lies beside it.
    #[test]
    fn a_library_among_what_is_the_services_alone_is_refused_and_of_others_only_the_file_is_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.so");
        std::fs::write(&file, "").unwrap();
        let this = std::env::current_exe().unwrap();
        let host = HostParts { program: Some(this.clone()), library: Some(this) };
        let parts = Parts { host, hidden: vec![folder.path().to_owned()], ..Parts::default() };
        let library = LibraryConfig::new(&file);
        let program = library.program(&parts).unwrap();
        let refused = program.launch(&parts).err().unwrap().to_string();
        assert!(refused.contains("no module may read"), "{refused}");
        // a file beside it may be hidden, as the folder is not shown
        let beside = Parts { hidden: vec![folder.path().join("key")], ..parts };
        let shown = program.launch(&beside).err().map(|error| error.to_string());
        assert!(!shown.unwrap_or_default().contains("no module may read"));
    }
}
