//! The keys of a port's login prompt, and `[service.NAME]`, from their TOML.

use openras_engine::server::login::{AfterLogin, LoginMode};
use toml::Spanned;
use toml::de::DeValue;

use super::super::DialLine;
use super::super::login::ServiceConfig;
use super::table::Table;
use super::value::{Number, Time, Value, Wrong, word};
use super::{Place, PortConfig, Reader, set};

impl Value for LoginMode {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        word(value, &[("ppp", Self::Ppp), ("auto", Self::Auto), ("prompt", Self::Prompt)])
    }
}

impl Value for AfterLogin {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        word(value, &[("trusted", Self::Trusted), ("auth", Self::Auth)])
    }
}

/// Whether there is a menu where there is nothing to choose.
struct Menu(bool);

impl Value for Menu {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        word(value, &[("auto", false), ("always", true)]).map(Self)
    }
}

/// What a service connects to.
struct Connect(ServiceConfig);

impl Value for Connect {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let remedy = "Write \"tcp:HOST:PORT\" or \"telnet:HOST:PORT\"";
        let wrong = || Wrong::new("is nothing a service can connect to", remedy);
        match value.as_str().and_then(|text| text.parse().ok()).ok_or_else(wrong)? {
            DialLine::Tcp(at) => Ok(Self(ServiceConfig::Tcp(at))),
            DialLine::Telnet(at) => Ok(Self(ServiceConfig::Telnet(at))),
            _ => Err(wrong()),
        }
    }
}

/// A program and what it is told.
struct Argv(Vec<String>);

impl Value for Argv {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let wrong = || {
            Wrong::new("is no command", "Write command = [\"/full/path\", \"argument\"]; there is no shell")
        };
        let words = value.as_array().filter(|words| !words.is_empty()).ok_or_else(wrong)?;
        let text = |one: &Spanned<DeValue<'_>>| {
            one.get_ref().as_str().filter(|text| !text.contains('\0')).map(str::to_owned)
        };
        words.iter().map(text).collect::<Option<_>>().map(Self).ok_or_else(wrong)
    }
}

impl<'i> Reader<'i> {
    pub(super) fn login(&mut self, table: &mut Table<'i>, port: &mut PortConfig) {
        let login = &mut port.login;
        set(&mut login.mode, table.read(self, "login"));
        set(&mut login.banner, table.read(self, "banner"));
        set(&mut login.name_prompt, table.read(self, "login_prompt"));
        set(&mut login.password_prompt, table.read(self, "password_prompt"));
        set(&mut login.menu_prompt, table.read(self, "menu_prompt"));
        set(&mut login.menu_always, table.read::<Menu>(self, "menu").map(|menu| menu.0));
        set(&mut login.settle, table.read::<Time<0, 10>>(self, "login_settle").map(|time| time.0));
        set(&mut login.menu_limit, table.read::<Time<10, 3600>>(self, "menu_limit").map(|time| time.0));
        set(&mut login.services, table.list(self, "services"));
        set(&mut login.after, table.read(self, "ppp_after_login"));
        set(&mut login.null_modem, table.read(self, "null_modem"));
        let mtu = table.read::<Number<68, 1500>>(self, "slip_mtu");
        set(&mut login.slip_mtu, mtu.and_then(|mtu| u16::try_from(mtu.0).ok()));
    }

    pub(super) fn service(&mut self, name: &str, value: Spanned<DeValue<'i>>) -> Option<ServiceConfig> {
        let (span, before) = (value.span(), self.problems.len());
        self.spans.insert(Place::Service(name.to_owned(), ""), span.clone());
        let DeValue::Table(tree) = value.into_inner() else {
            self.problem(&span, format!("service.{name} is no table"), "Write [service.NAME]");
            return None;
        };
        let of = name.to_owned();
        let place = move |key| Place::Service(of.clone(), key);
        let mut table = Table::new(Spanned::new(span.clone(), tree), "[service]", place);
        let connect = table.read::<Connect>(self, "connect").map(|connect| connect.0);
        let argv = table.read::<Argv>(self, "command").map(|argv| argv.0);
        let user = table.read::<String>(self, "user");
        table.finish(self);
        let service = match (connect, argv) {
            (Some(connect), None) if user.is_none() => Some(connect),
            (None, Some(argv)) => argv.split_first().map(|(program, arguments)| ServiceConfig::Command {
                program: program.into(),
                arguments: arguments.to_vec(),
                user,
            }),
            _ => None,
        };
        if service.is_none() && self.problems.len() == before {
            let what = format!(
                "[service.{name}] says neither connect nor command, or both, or a user beside connect"
            );
            self.problem(
                &span,
                what,
                "Write connect = \"tcp:HOST:PORT\", or command = [\u{2026}] and user = \"NAME\"",
            );
        }
        service.filter(|_| self.problems.len() == before)
    }
}
