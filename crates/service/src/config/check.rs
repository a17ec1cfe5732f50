//! The rules that join several keys. A file and a configuration built in code are held to the same ones.

use std::fmt;

use openras_engine::server::login::LoginMode;
use openras_ppp::AuthMethod;

use super::span::is_host;
use super::{Config, PortConfig, PortLine};

/// Where a rule is broken.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// A key outside the ports.
    Top(&'static str),
    /// A key of the port with this index.
    Port(usize, &'static str),
    /// A key of the grant with this index.
    Grant(usize, &'static str),
    /// A key of the virtual modem with this index.
    Modem(usize, &'static str),
    /// A key of the modem of this name.
    Device(String, &'static str),
    /// A key of the pool of lines of this name.
    Pool(String, &'static str),
    /// A key of the group of this name, or an element of the list there.
    Group(String, &'static str, Option<usize>),
    /// A number of the directory.
    Directory(String),
    /// A key of the service of this name; "" is its table.
    Service(String, &'static str),
    /// An element of a list in the port with this index.
    Element(usize, &'static str, usize),
}

impl Place {
    /// The key that holds this place; itself unless it is an element.
    pub(super) fn key(&self) -> Self {
        match self {
            Self::Element(port, key, _) => Self::Port(*port, key),
            Self::Group(name, key, _) => Self::Group(name.clone(), key, None),
            other => other.clone(),
        }
    }

    /// An element of the list that stands here, where such places are kept.
    pub(super) fn element(&self, n: usize) -> Option<Self> {
        match self {
            Self::Port(port, key) => Some(Self::Element(*port, key, n)),
            Self::Group(name, key, None) => Some(Self::Group(name.clone(), key, Some(n))),
            _ => None,
        }
    }
}

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub remedy: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Top(key) => write!(f, "{key}")?,
            Place::Port(port, key) => write!(f, "port {}, {key}", port + 1)?,
            Place::Modem(modem, key) => write!(f, "virtual modem {}, {key}", modem + 1)?,
            Place::Device(name, key) => write!(f, "modem {name}, {key}")?,
            Place::Group(name, key, None) => write!(f, "group {name}, {key}")?,
            Place::Group(name, key, Some(n)) => write!(f, "group {name}, {key}[{n}]")?,
            Place::Pool(name, key) => write!(f, "pool {name}, {key}")?,
            Place::Directory(number) => write!(f, "directory, {number}")?,
            Place::Service(name, _) => write!(f, "service {name}")?,
            Place::Grant(grant, key) => write!(f, "grant {}, {key}", grant + 1)?,
            Place::Element(port, key, n) => write!(f, "port {}, {key}[{n}]", port + 1)?,
        }
        write!(f, ": {}. {}", self.what, self.remedy)
    }
}

/// Every broken rule of a configuration.
pub(super) fn findings(config: &Config) -> Vec<Finding> {
    let mut found = Found(Vec::new());
    for (index, port) in config.ports.iter().enumerate() {
        let earlier = config.ports.get(..index).unwrap_or_default();
        names(&mut found, index, port, earlier);
        line(&mut found, index, port, earlier);
        super::tls::check(port, |key, what, remedy| found.add(Place::Port(index, key), what, remedy));
        modules(&mut found, index, port, config);
        addresses(&mut found, index, port);
        pools(&mut found, index, port, earlier);
        clear_text(&mut found, index, port);
        super::network::check(port, &mut |key, n, what, remedy| {
            let place = n.map_or(Place::Port(index, key), |n| Place::Element(index, key, n));
            found.add(place, what, remedy);
        });
        callers(&mut found, index, port);
        super::lasting::check(port, earlier, |key, what, remedy| {
            found.add(Place::Port(index, key), what, remedy.into());
        });
    }
    for (key, path) in [("state", Some(&config.state)), ("key_file", config.key_file.as_ref())] {
        if let Some(path) = path.filter(|p| !p.is_absolute()) {
            found.add(
                Place::Top(key),
                format!("{key} = {path:?} is not a full path"),
                "Write it from / on".into(),
            );
        }
    }
    found.0.extend(super::virtual_modem::findings(config));
    found.0.extend(super::login::findings(config));
    found.0.extend(super::callback::findings(config));
    found.0.extend(super::device::findings(config));
    found.0.extend(super::pool::findings(config));
    found.0.extend(super::group::findings(config));
    found.0
}

struct Found(Vec<Finding>);

impl Found {
    fn add(&mut self, place: Place, what: String, remedy: String) {
        self.0.push(Finding { place, what, remedy });
    }
}

/// Names stand in logs, in `line1/3` and on command lines.
pub(super) fn is_plain_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=32).contains(&name.len()) && name.chars().all(fits)
}

fn names(found: &mut Found, index: usize, port: &PortConfig, earlier: &[PortConfig]) {
    let name = &port.name;
    if !is_plain_name(name) {
        let what = format!("name = {name:?} is no name of a port");
        found.add(
            Place::Port(index, "name"),
            what,
            "Write 1 to 32 of the characters A-Z a-z 0-9 . _ -".into(),
        );
    } else if earlier.iter().any(|other| other.name == *name) {
        let what = format!("name = {name:?} is taken by an earlier port");
        found.add(Place::Port(index, "name"), what, "Write another name".into());
    }
}

fn line(found: &mut Found, index: usize, port: &PortConfig, earlier: &[PortConfig]) {
    let place = || Place::Port(index, "line");
    let shown = port.line.to_string();
    let ephemeral = matches!(&port.line, PortLine::ListenTcp(at) | PortLine::Listen(_, at) if at.port == 0)
        || port.line == PortLine::Stdio;
    if let Some(other) = earlier.iter().find(|other| other.line == port.line && !ephemeral) {
        found.add(
            place(),
            format!("line = {shown:?} is answered by port {:?} already", other.name),
            "Write another line, or raise `calls` there".into(),
        );
    }
    if let PortLine::ListenUnix(path) | PortLine::Pty(path) = &port.line
        && !path.is_absolute()
    {
        found.add(place(), format!("line = {shown:?} is not a full path"), "Write it from / on".into());
    }
    if matches!(port.line, PortLine::Pty(_)) && port.calls > 1 {
        let what = format!("calls = {} on a pty, which has one other end", port.calls);
        found.add(Place::Port(index, "calls"), what, "Write calls = 1, or a port for each pty".into());
    }
}

fn modules(found: &mut Found, index: usize, port: &PortConfig, config: &Config) {
    for (n, module) in port.modules.iter().enumerate() {
        let place = || Place::Element(index, "modules", n);
        if !config.modules.contains_key(module) {
            let what = format!("the module {module:?} is not defined");
            found.add(place(), what, format!("Add a table [module.{}]", toml_key(module)));
        } else if port.modules.iter().take(n).any(|other| other == module) {
            found.add(
                place(),
                format!("the module {module:?} is named twice"),
                "Name each module once".into(),
            );
        }
    }
}

/// Defence rule 8.
fn callers(found: &mut Found, index: usize, port: &PortConfig) {
    if let Some(most) = port.limits.unauthenticated
        && most > port.calls
    {
        let what = format!("unauthenticated = {most} is more than the port's calls = {}", port.calls);
        found.add(
            Place::Port(index, "unauthenticated"),
            what,
            "Write a smaller number, or more calls".into(),
        );
    }
}

fn toml_key(name: &str) -> String {
    if is_plain_name(name) && !name.contains('.') { name.into() } else { format!("{name:?}") }
}

fn addresses(found: &mut Found, index: usize, port: &PortConfig) {
    if !is_host(port.address) {
        let what = format!("address = \"{}\" is no address a host can have", port.address);
        found.add(Place::Port(index, "address"), what, "Write one such as 10.64.0.1".into());
    }
    for (key, servers) in [("dns", &port.dns), ("nbns", &port.nbns)] {
        if servers.len() > 2 {
            let what = format!("{key} names {} servers", servers.len());
            found.add(Place::Element(index, key, 2), what, "IPCP carries two: leave out the others".into());
        }
        for (n, server) in servers.iter().enumerate().filter(|(_, s)| !is_host(**s)) {
            let what = format!("{key} = \"{server}\" is no address a server can have");
            found.add(Place::Element(index, key, n), what, "Write the address callers reach it by".into());
        }
    }
}

fn pools(found: &mut Found, index: usize, port: &PortConfig, earlier: &[PortConfig]) {
    let (place, pool) = (|| Place::Port(index, "pool"), port.pool);
    if pool.contains(port.address) {
        let what = format!("pool = \"{pool}\" holds the port's own address {}", port.address);
        found.add(place(), what, "Leave that address out of the pool".into());
    }
    if let Some(other) = earlier.iter().find(|other| other.pool != pool && other.pool.overlaps(&pool)) {
        let what = format!("pool = \"{pool}\" overlaps that of port {:?}", other.name);
        found.add(place(), what, format!("Write \"{}\" to share it, or other addresses", other.pool));
        return;
    }
    let before: u32 =
        earlier.iter().filter(|other| other.pool == pool).map(|other| u32::from(other.calls)).sum();
    let calls = before + u32::from(port.calls);
    if calls > pool.size() {
        let shared = if before > 0 { ", those of ports that share the pool included" } else { "" };
        let what = format!("pool = \"{pool}\" has {} addresses for {calls} calls{shared}", pool.size());
        found.add(place(), what, "Write a larger pool or fewer calls".into());
    }
}

/// The methods of a port by which whoever listens learns a password, or that ask for none.
fn open_methods(port: &PortConfig) -> Option<String> {
    let open: Vec<&str> = match port.auth.as_slice() {
        [] => vec!["none"],
        methods => {
            let weak = |m: &&AuthMethod| matches!(m, AuthMethod::Pap | AuthMethod::ChapMd5);
            methods.iter().filter(weak).map(|m| m.word()).collect()
        }
    };
    (!open.is_empty()).then(|| open.join(" and "))
}

/// What of a port shows passwords to whoever listens, or lets callers in without one, as a sentence: its methods, and the
/// prompt at which one is typed.
pub(crate) fn in_the_clear(port: &PortConfig) -> Option<String> {
    let methods = open_methods(port).map(|open| format!("auth allows {open}"));
    let prompt = (port.login.mode != LoginMode::Ppp).then(|| "login asks for a password".to_owned());
    let found: Vec<String> = methods.into_iter().chain(prompt).collect();
    (!found.is_empty()).then(|| found.join(" and "))
}

/// Defence rule 17.
fn clear_text(found: &mut Found, index: usize, port: &PortConfig) {
    if !port.line.crosses_network() || port.insecure {
        return;
    }
    if let Some(open) = open_methods(port) {
        let what = format!("auth allows {open} on {}, which others on the network can listen to", port.line);
        let remedy = "Leave it out, answer on a loopback address, or write insecure = true";
        found.add(Place::Port(index, "auth"), what, remedy.into());
    }
}
