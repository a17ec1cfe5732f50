//! From TOML text to a [`Config`], with every problem kept.
//!
//! Serde stops at the first error of a table; so the keys are read one by one from the parser's own tree, in which
//! each value knows where it stands. A `[module.x]` table is handed to serde whole, which refuses unknown keys itself.

mod device;
mod group;
mod lasting;
mod login;
mod network;
mod pool;
mod table;
mod value;
mod virtual_modem;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use openras_modules::ModuleConfig;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use self::table::Table;
use self::value::{Auth, Echo, Number, Time};
use super::check::{self, Place};
use super::problem::Problem;
use super::{Config, Grant, GrantTo, PortConfig, PortLine};

/// What reading collects.
struct Reader<'i> {
    text: &'i str,
    problems: Vec<Problem>,
    /// Where each key that was read stands.
    spans: HashMap<Place, Range<usize>>,
    /// Keys whose value was refused; a default stands in for it, and rules about it would mislead.
    broken: HashSet<Place>,
    /// Modules that are defined, wrongly.
    broken_modules: HashSet<String>,
}

impl Reader<'_> {
    fn problem(&mut self, span: &Range<usize>, what: impl Into<String>, remedy: impl Into<String>) {
        self.problems.push(Problem::at(self.text, span, what.into(), remedy.into()));
    }
}

/// Reads and checks a whole text.
pub(super) fn config(text: &str) -> Result<Config, Vec<Problem>> {
    with_places(text).map(|(config, _)| config)
}

/// Where each key stands.
type Places = HashMap<Place, Range<usize>>;

/// As [`config`], with where each key stands.
pub(super) fn with_places(text: &str) -> Result<(Config, Places), Vec<Problem>> {
    let mut reader = Reader {
        text,
        problems: Vec::new(),
        spans: HashMap::new(),
        broken: HashSet::new(),
        broken_modules: HashSet::new(),
    };
    let (tree, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        reader.problem(
            &span,
            error.message().replace('\n', ", "),
            "This is not TOML; see docs/configuration.md",
        );
    }
    // after a syntax error the tree has holes: what is said about them would mislead
    if !reader.problems.is_empty() {
        return Err(reader.problems);
    }
    let config = reader.top(tree);
    for finding in check::findings(&config) {
        if !reader.broken.contains(&finding.place.key()) && !reader.is_broken_module(&finding.place, &config)
        {
            let span = reader.span_of(&finding.place);
            reader.problem(&span, finding.what, finding.remedy);
        }
    }
    if reader.problems.is_empty() { Ok((config, reader.spans)) } else { Err(reader.problems) }
}

impl<'i> Reader<'i> {
    /// Where a rule is broken: the element, else its key, else the table it is missing from.
    fn span_of(&self, place: &Place) -> Range<usize> {
        let header = match place {
            Place::Top(_) => None,
            Place::Grant(grant, _) => Some(Place::Grant(*grant, "")),
            Place::Modem(modem, _) => Some(Place::Modem(*modem, "")),
            Place::Group(name, ..) => Some(Place::Group(name.clone(), "", None)),
            Place::Device(name, _) => Some(Place::Device(name.clone(), "")),
            Place::Pool(name, _) => Some(Place::Pool(name.clone(), "")),
            Place::Service(name, _) => Some(Place::Service(name.clone(), "")),
            Place::Directory(_) => None,
            Place::Port(port, _) | Place::Element(port, ..) => Some(Place::Port(*port, "")),
        };
        [Some(place.clone()), Some(place.key()), header]
            .into_iter()
            .flatten()
            .find_map(|p| self.spans.get(&p).cloned())
            .unwrap_or(0..0)
    }

    /// Whether a place names a module whose own table is wrong: that has been said.
    fn is_broken_module(&self, place: &Place, config: &Config) -> bool {
        let Place::Element(port, "modules", n) = place else { return false };
        let name = config.ports.get(*port).and_then(|port| port.modules.get(*n));
        name.is_some_and(|name| self.broken_modules.contains(name))
    }

    fn top(&mut self, tree: Spanned<DeTable<'i>>) -> Config {
        let mut table = Table::new(tree, "the file", Place::Top);
        let mut config = Config::default();
        if let Some(state) = table.read::<value::Path>(self, "state") {
            config.state = state.0;
        }
        config.key_file = table.read::<value::Path>(self, "key_file").map(|path| path.0);
        if let Some(Number(least)) = table.read::<Number<1, 128>>(self, "password_min") {
            config.password_min = least;
        }
        set(&mut config.audit_full, table.read(self, "audit_full"));
        set(&mut config.audit_syslog, table.read(self, "audit_syslog"));
        for (index, grant) in table.tables(self, "grant").into_iter().enumerate() {
            config.grants.extend(self.grant(index, grant));
        }
        for (index, port) in table.tables(self, "port").into_iter().enumerate() {
            config.ports.push(self.port(index, port));
        }
        for (index, modem) in table.tables(self, "virtual_modem").into_iter().enumerate() {
            config.virtual_modems.push(self.virtual_modem(index, modem));
        }
        let groups = table.named_tables(self, "group");
        config.groups = self.groups(groups);
        let numbers = table.named_tables(self, "directory");
        config.directory = self.directory(numbers);
        let modems = table.named_tables(self, "modem");
        config.modems = self.modems(modems);
        let pools = table.named_tables(self, "pool");
        config.line_pools = self.line_pools(pools);
        for (name, service) in table.named_tables(self, "service") {
            let read = self.service(name.get_ref(), service);
            config.services.extend(read.map(|read| (name.into_inner(), read)));
        }
        for (name, module) in table.named_tables(self, "module") {
            match self.module(&name, module) {
                Some(read) => drop(config.modules.insert(name.into_inner(), read)),
                None => drop(self.broken_modules.insert(name.into_inner())),
            }
        }
        table.finish(self);
        config
    }

    fn module(&mut self, name: &Spanned<String>, value: Spanned<DeValue<'i>>) -> Option<ModuleConfig> {
        if !check::is_plain_name(name.get_ref()) {
            let what = format!("{:?} is no name of a module", name.get_ref());
            self.problem(&name.span(), what, "Write 1 to 32 of the characters A-Z a-z 0-9 . _ -");
        }
        let whole = value.span();
        ModuleConfig::deserialize(value.into_deserializer())
            .map_err(|error| {
                let span = error.span().filter(|s| *s != (0..0)).unwrap_or(whole);
                let what = format!(
                    "[module.{}]: {}",
                    name.get_ref().escape_debug(),
                    error.message().replace('\n', ", ")
                );
                self.problem(&span, what, "See docs/configuration.md for the keys of each kind");
            })
            .ok()
    }

    fn grant(&mut self, index: usize, tree: Spanned<DeTable<'i>>) -> Option<Grant> {
        let span = tree.span();
        self.spans.insert(Place::Grant(index, ""), span.clone());
        let mut table = Table::new(tree, "[[grant]]", move |key| Place::Grant(index, key));
        let uid = table.read::<Number<0, { u32::MAX }>>(self, "uid").map(|uid| GrantTo::Uid(uid.0));
        let user = table.read::<String>(self, "user").map(GrantTo::User);
        let group = table.read::<String>(self, "group").map(GrantTo::Group);
        let named: Vec<GrantTo> = [uid, user, group].into_iter().flatten().collect();
        let lines = match table.list(self, "lines") {
            Some(lines) => lines,
            None if table.has(self, "lines") => Vec::new(),
            None => {
                self.problem(
                    &span,
                    "[[grant]] has no lines",
                    "Write lines = [\"exchange:*\"] or other lines",
                );
                Vec::new()
            }
        };
        table.finish(self);
        match <[GrantTo; 1]>::try_from(named) {
            Ok([to]) => Some(Grant { to, lines }),
            Err(_) => {
                let remedy = "Write one of uid = 1000, user = \"NAME\", group = \"NAME\"";
                self.problem(&span, "[[grant]] names nobody, or more than one", remedy);
                None
            }
        }
    }

    fn port(&mut self, index: usize, tree: Spanned<DeTable<'i>>) -> PortConfig {
        self.spans.insert(Place::Port(index, ""), tree.span());
        let mut table = Table::new(tree, "[[port]]", move |key| Place::Port(index, key));
        let name: String = table.require(self, "name", "Write name = \"line1\"").unwrap_or_default();
        let line = table
            .require::<PortLine>(self, "line", "Write line = \"listen:tcp:127.0.0.1:7001\" or another LINE")
            .unwrap_or_else(|| PortLine::Exchange(String::new()));
        let mut port = PortConfig::new(name, line);
        self.admission(&mut table, &mut port);
        self.network(&mut table, &mut port);
        self.limits(&mut table, &mut port);
        port.device = self.device(&mut table);
        self.lasting(&mut table, &mut port);
        self.login(&mut table, &mut port);
        table.finish(self);
        port
    }

    fn admission(&mut self, table: &mut Table<'i>, port: &mut PortConfig) {
        if let Some(Number(calls)) = table.read::<Number<1, 1024>>(self, "calls") {
            port.calls = u16::try_from(calls).unwrap_or(u16::MAX);
        }
        if let Some(words) = table.list::<Auth>(self, "auth") {
            self.auth(table, &words, port);
        }
        if let Some(modules) = table.list::<String>(self, "modules") {
            port.modules = modules;
        }
        set(&mut port.name_check, table.read(self, "name_check"));
        set(&mut port.insecure, table.read(self, "insecure"));
        set(&mut port.capture, table.read(self, "capture"));
        port.callback_line = table.read(self, "callback_line");
        if matches!(port.line, PortLine::Device(_)) {
            port.trust = table.read(self, "tls");
        } else {
            port.tls = table.read(self, "tls");
        }
        set(&mut port.origins, table.list(self, "origins"));
    }

    fn auth(&mut self, table: &Table<'i>, words: &[Auth], port: &mut PortConfig) {
        let span = table.span_of(self, "auth");
        let methods: Vec<_> = words.iter().filter_map(|word| word.0).collect();
        let repeated = (1..words.len()).any(|n| words.iter().take(n).any(|w| Some(w) == words.get(n)));
        if words.is_empty() {
            self.problem(
                &span,
                "auth = [] allows nobody in",
                "Write methods, or auth = [\"none\"] to ask for no proof",
            );
        } else if repeated {
            self.problem(&span, "auth names a method twice", "Name each once");
        } else if !methods.is_empty() && methods.len() < words.len() {
            let remedy = "Write \"none\" alone, or leave it out";
            self.problem(&span, "auth has \"none\" beside methods, which no caller would then use", remedy);
        }
        port.auth = methods;
    }

    fn network(&mut self, table: &mut Table<'i>, port: &mut PortConfig) {
        set(&mut port.ip, table.read(self, "ip"));
        set(&mut port.address, table.read(self, "address"));
        set(&mut port.pool, table.read(self, "pool"));
        set(&mut port.dns, table.list(self, "dns"));
        set(&mut port.nbns, table.list(self, "nbns"));
        self.reach(table, &mut port.network);
    }

    fn limits(&mut self, table: &mut Table<'i>, port: &mut PortConfig) {
        let limits = &mut port.limits;
        let most = table.read::<Number<1, 1024>>(self, "unauthenticated");
        set(&mut limits.unauthenticated, most.map(|n| u16::try_from(n.0).ok()));
        let most = table.read::<Number<1, 1024>>(self, "per_source");
        set(&mut limits.per_source, most.and_then(|n| u16::try_from(n.0).ok()));
        set(&mut limits.before_auth, table.read::<Time<10, 3600>>(self, "before_auth").map(|t| t.0));
        set(&mut limits.dialog, table.read::<Time<10, 3600>>(self, "dialog_limit").map(|t| t.0));
        set(&mut limits.answer, table.read::<Time<20, 300>>(self, "answer_limit").map(|t| t.0));
        set(&mut limits.auth_tries, table.read::<Number<1, 10>>(self, "auth_tries").map(|n| n.0));
        set(&mut limits.auth, table.read::<Time<5, 300>>(self, "auth_limit").map(|t| t.0));
        set(&mut limits.person, table.read::<Time<30, 1800>>(self, "person_limit").map(|t| t.0));
        set(&mut limits.callback_delay, table.read::<Time<1, 60>>(self, "callback_delay").map(|t| t.0));
        set(&mut limits.callback_tries, table.read::<Number<1, 10>>(self, "callback_tries").map(|n| n.0));
        set(&mut limits.callback_expiry, table.read::<Time<30, 1800>>(self, "callback_expiry").map(|t| t.0));
        set(&mut limits.echo, table.read::<Echo>(self, "echo_interval").map(|e| e.0));
        set(&mut limits.echo_failures, table.read::<Number<1, 20>>(self, "echo_failures").map(|n| n.0));
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}
