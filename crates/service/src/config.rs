//! The configuration: a TOML file, or values built in code, checked before anything starts.
//!
//! [`Config::parse`] reports every problem of a file at once, each with its line, what stands there and what to
//! write instead. The rules that join several keys stand in `check.rs`; both roads pass them.

pub mod callback;
mod check;
pub mod device;
mod engine;
mod grant;
mod group;
mod lasting;
mod line;
mod lines;
mod login;
pub mod network;
mod pool;
mod problem;
mod read;
mod span;
mod tls;
mod virtual_modem;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use openras_engine::server::port::NameCheck;
use openras_ppp::AuthMethod;

pub use callback::{CallbackLine, RingsAt};
pub(crate) use check::in_the_clear;
pub use check::{Finding, Place};
pub use grant::{Grant, GrantTo, LinePattern};
pub use group::GroupConfig;
pub use lasting::Lasting;
pub use line::{DeviceLine, DialLine, Host, HostPort, LineError, PortLine, Spoken};
pub(crate) use lines::Lines;
pub use login::ServiceConfig;
pub(crate) use login::own_users;
pub use network::{ForwardTcp, NetworkConfig, V6Net};
pub use openras_engine::server::login::LoginConfig;
pub use openras_modules::ModuleConfig;
pub use pool::LinePool;
pub use problem::{ConfigError, Problem};
pub(crate) use span::is_host;
pub use span::{DurationError, Pool, parse_duration, show_duration};
pub use tls::{TlsConfig, TlsTrust};
pub use virtual_modem::{Directory, Hunt, Listing, Target, VirtualModem};

/// Everything the service is told before it starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it was read from; a reload reads it again.
    pub file: Option<PathBuf>,
    /// The service was started by a client for its own user and ends by itself. Not a key of the file.
    pub private: bool,
    /// A program whose `main` begins with [`crate::main_if_asked`]: it stands around modules and above callers' programs. `None`
    /// is the running program. For those this service is a library of; not a key of the file.
    pub helper: Option<PathBuf>,
    /// Folder of the users and the audit record.
    pub state: PathBuf,
    /// File of the key that encrypts what is reversible in the store; `None` is `key` in the state folder.
    pub key_file: Option<PathBuf>,
    /// Least characters of a new password (default 1).
    pub password_min: u32,
    /// What happens to new calls while the audit record cannot be written (default: they are refused).
    pub audit_full: AuditFull,
    /// Audit records also go to the system's log (default false).
    pub audit_syslog: bool,
    /// Which lines which programs may have dialled.
    pub grants: Vec<Grant>,
    /// Groups of callers by name: how far each gets.
    pub groups: BTreeMap<String, GroupConfig>,
    /// The ports, in the order written.
    pub ports: Vec<PortConfig>,
    /// Modems the service plays for computers, in the order written.
    pub virtual_modems: Vec<VirtualModem>,
    /// The numbers those may dial.
    pub directory: Directory,
    /// The modems by name, beside those that are known.
    pub modems: BTreeMap<String, device::ModemConfig>,
    /// The pools of lines to dial out over, by name.
    pub line_pools: BTreeMap<String, LinePool>,
    /// The security modules by name.
    pub modules: BTreeMap<String, ModuleConfig>,
    /// What callers can be joined to, by name.
    pub services: BTreeMap<String, ServiceConfig>,
}

impl Default for Config {
    /// No ports, no modules, the user's own state folder.
    fn default() -> Self {
        Self {
            file: None,
            private: false,
            helper: None,
            state: default_state(),
            key_file: None,
            password_min: 1,
            audit_full: AuditFull::default(),
            audit_syslog: false,
            grants: Vec::new(),
            groups: BTreeMap::new(),
            ports: Vec::new(),
            virtual_modems: Vec::new(),
            directory: Directory::new(),
            modems: BTreeMap::new(),
            line_pools: BTreeMap::new(),
            modules: BTreeMap::new(),
            services: BTreeMap::new(),
        }
    }
}

/// The folder a variable of the environment names, if it is a full path.
fn folder(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute())
}

impl Config {
    /// No ports and no modules: for a program that only dials.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Reads and checks a file.
    ///
    /// # Errors
    /// One problem if the file cannot be read (or is larger than 1 MiB); otherwise all problems it has.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let text = problem::read_file(file)?;
        let config = Self::parse(&text, &file.display().to_string())?;
        Ok(Self { file: Some(file.into()), ..config })
    }

    /// Reads and checks the text of a file; `file` names it in problems.
    ///
    /// # Errors
    /// All problems of the text, in the order of their lines.
    pub fn parse(text: &str, file: &str) -> Result<Self, ConfigError> {
        read::config(text).map_err(|problems| ConfigError::new(file, problems))
    }

    /// As [`Self::load`], with the lines its keys stand in.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub(crate) fn load_with_lines(file: &Path) -> Result<(Self, Lines), ConfigError> {
        let text = problem::read_file(file)?;
        let name = file.display().to_string();
        let (config, places) =
            read::with_places(&text).map_err(|problems| ConfigError::new(&name, problems))?;
        Ok((Self { file: Some(file.into()), ..config }, Lines::new(&text, places)))
    }

    /// Checks a configuration built in code by the rules a file is checked by.
    ///
    /// # Errors
    /// Every rule that is broken.
    pub fn check(&self) -> Result<(), Vec<Finding>> {
        let findings = check::findings(self);
        if findings.is_empty() { Ok(()) } else { Err(findings) }
    }

    /// The file of the store's key: `key_file`, or `key` in the state folder.
    pub fn key_path(&self) -> PathBuf {
        self.key_file.clone().unwrap_or_else(|| self.state.join("key"))
    }
}

/// What happens to new calls while the audit record cannot be written, as on a full disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuditFull {
    /// They are refused; calls that run go on.
    #[default]
    Refuse,
    /// They are served, and what they do is not on record.
    GoOn,
}

/// One `[[port]]`: a line that answers, and what a caller meets there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortConfig {
    /// Its name; with several calls they are `name/1`, `name/2` ….
    pub name: String,
    /// Where it answers.
    pub line: PortLine,
    /// Calls at the same time (default 1).
    pub calls: u16,
    /// Methods by which callers prove who they are, most preferred first; empty is the word `none` (default mschapv2).
    pub auth: Vec<AuthMethod>,
    /// Security modules, in order (default none).
    pub modules: Vec<String>,
    /// Whether the PPP user must be the dialog's (default require).
    pub name_check: NameCheck,
    /// Where the caller's IP goes (default nat).
    pub ip: IpKind,
    /// Our own address on the link (default 10.64.0.1).
    pub address: Ipv4Addr,
    /// The callers' addresses (default 10.64.0.2-10.64.0.254). Ports that name the same pool share it.
    pub pool: Pool,
    /// DNS servers for callers, at most two (default none; with `ip = "nat"` our own address, which asks this machine's).
    pub dns: Vec<Ipv4Addr>,
    /// NBNS (WINS) servers for callers, at most two (default none).
    pub nbns: Vec<Ipv4Addr>,
    /// The line callbacks are dialled over; without one no callback is offered (default none).
    pub callback_line: Option<CallbackLine>,
    /// The modem and the frame of a device (default a cable, 8N1 with RTS and CTS).
    pub device: device::DeviceSettings,
    /// Passwords may cross a network in the clear (defence rule 17) (default false).
    pub insecure: bool,
    /// Each call is recorded, secrets blanked, in `captures` in the state folder (default false).
    pub capture: bool,
    /// Certificate and key of a line in TLS; other lines have none (default none).
    pub tls: Option<TlsConfig>,
    /// `tls` of a line that is connected in TLS (default none: what the system trusts).
    pub trust: Option<TlsTrust>,
    /// Origins whose pages may call over WebSocket, besides those of the same host (default none).
    pub origins: Vec<String>,
    /// The login prompt (default none); its `idle` is that of `lasting`.
    pub login: LoginConfig,
    /// Waiting times and counts.
    pub limits: Limits,
    /// Where callers get to.
    pub network: NetworkConfig,
    /// What holds for calls that are up.
    pub lasting: Lasting,
}

impl PortConfig {
    /// A port with every default.
    pub fn new(name: impl Into<String>, line: PortLine) -> Self {
        Self {
            name: name.into(),
            line,
            calls: 1,
            auth: vec![AuthMethod::MsChapV2],
            modules: Vec::new(),
            name_check: NameCheck::default(),
            ip: IpKind::default(),
            address: Ipv4Addr::new(10, 64, 0, 1),
            pool: DEFAULT_POOL,
            dns: Vec::new(),
            nbns: Vec::new(),
            callback_line: None,
            device: device::DeviceSettings::default(),
            insecure: false,
            capture: false,
            tls: None,
            trust: None,
            origins: Vec::new(),
            login: LoginConfig::default(),
            limits: Limits::default(),
            network: NetworkConfig::default(),
            lasting: Lasting::default(),
        }
    }
}

/// `10.64.0.2-10.64.0.254`
const DEFAULT_POOL: Pool = Pool::between([10, 64, 0, 2], [10, 64, 0, 254]);

/// How long a port waits for what, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Calls that may be unauthenticated at the same time; `None` is half of `calls`, rounded up.
    pub unauthenticated: Option<u16>,
    /// Of these, how many may come from one source address (default 4).
    pub per_source: u16,
    /// How long a caller may stay unauthenticated in all (default 2 min).
    pub before_auth: Duration,
    /// The longest security dialog, all modules together (default 5 min).
    pub dialog: Duration,
    /// The longest wait for the service's own answers (default 30 s).
    pub answer: Duration,
    /// Tries at the password a call (default 3).
    pub auth_tries: u32,
    /// How long a caller's program has to begin with its proof (default 30 s).
    pub auth: Duration,
    /// How long a person has to give another password or a new one (default 3 min).
    pub person: Duration,
    /// The shortest time between hanging up and calling back (default 2 s).
    pub callback_delay: Duration,
    /// Tries to call back (default 3).
    pub callback_tries: u32,
    /// How long the person called back has to authenticate (default 2 min).
    pub callback_expiry: Duration,
    /// Time between two LCP Echo-Requests; `None` sends none (default 20 s).
    pub echo: Option<Duration>,
    /// Echo-Requests without an answer that end the call (default 3).
    pub echo_failures: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            unauthenticated: None,
            per_source: 4,
            before_auth: Duration::from_secs(120),
            dialog: Duration::from_secs(300),
            answer: Duration::from_secs(30),
            auth_tries: 3,
            auth: Duration::from_secs(30),
            person: Duration::from_secs(180),
            callback_delay: Duration::from_secs(2),
            callback_tries: 3,
            callback_expiry: Duration::from_secs(120),
            echo: Some(Duration::from_secs(20)),
            echo_failures: 3,
        }
    }
}

/// Where a caller's IP packets go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IpKind {
    /// Through a NAT of the service's own to wherever `reach` lets them.
    #[default]
    Nat,
    /// To a small TCP/IP stack of the service's own, and nowhere else.
    Loopback,
    /// To a network device of the system.
    Tun,
}

/// The state folder where none is written: `/var/lib/openras` for root, else `openras` in the user's state folder
/// (`XDG_STATE_HOME`, or `~/.local/state`).
pub fn default_state() -> PathBuf {
    if rustix::process::geteuid().is_root() {
        return PathBuf::from("/var/lib/openras");
    }
    folder("XDG_STATE_HOME")
        .or_else(|| folder("HOME").map(|home| home.join(".local/state")))
        .map_or_else(|| PathBuf::from("/var/lib/openras"), |base| base.join("openras"))
}

#[cfg(test)]
mod tests;
