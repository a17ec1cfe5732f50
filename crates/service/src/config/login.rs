//! The login prompt of a port, and `[service.NAME]`: what callers who have logged in there can be joined to.

use std::path::PathBuf;
use std::time::Duration;

use openras_engine::server::login::{LoginConfig, LoginMode, Service};

use super::check::{Finding, Place, is_plain_name};
use super::{Config, HostPort, PortConfig};

/// Without `idle_limit`, how long SLIP or a service may be silent: neither has a keep-alive that would miss the caller.
const IDLE: Duration = Duration::from_secs(30 * 60);
/// Most services of a port.
const MOST: usize = 16;

/// One `[service.NAME]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceConfig {
    /// A TCP connection to here.
    Tcp(HostPort),
    /// The same in telnet.
    Telnet(HostPort),
    /// A program on a terminal of its own, without a shell.
    Command {
        /// A full path.
        program: PathBuf,
        /// What it is told.
        arguments: Vec<String>,
        /// The user it runs as; only root can name another than itself.
        user: Option<String>,
    },
}

impl PortConfig {
    /// What the engine is told of the prompt.
    pub(super) fn login(&self) -> LoginConfig {
        let idle = self.lasting.idle.unwrap_or(Some(IDLE)).unwrap_or_default();
        LoginConfig { idle, ..self.login.clone() }
    }
}

/// Every rule that is broken.
pub(super) fn findings(config: &Config) -> Vec<Finding> {
    let mut found = Vec::new();
    for (index, port) in config.ports.iter().enumerate() {
        let mut add = |key, what: String, remedy: &str| {
            found.push(Finding { place: Place::Port(index, key), what, remedy: remedy.into() });
        };
        prompt(&mut add, port);
        for service in &port.login.services {
            if Service::of(service) == Service::Target && !config.services.contains_key(service) {
                let what = format!("services names {service:?}, which is not defined");
                add("services", what, "Write ppp, slip, cslip, or add a table [service.NAME]");
            }
        }
    }
    for (name, service) in &config.services {
        let mut add = |key, what: String, remedy: &str| {
            found.push(Finding { place: Place::Service(name.clone(), key), what, remedy: remedy.into() });
        };
        if !is_plain_name(name) || Service::of(name) != Service::Target {
            let what = format!("{name:?} cannot be the name of a service");
            add("", what, "Write 1 to 32 of the characters A-Z a-z 0-9 . _ -, and none of ppp, slip, cslip");
        }
        if let ServiceConfig::Command { program, user, .. } = service {
            command(&mut add, program, user.as_deref());
        }
    }
    found
}

fn command(add: &mut impl FnMut(&'static str, String, &str), program: &std::path::Path, user: Option<&str>) {
    if !program.is_absolute() {
        add("command", format!("the command {program:?} is not a full path"), "Write its program from / on");
    }
    let own = rustix::process::geteuid();
    let named = user.map(|name| (name, nix::unistd::User::from_name(name).ok().flatten()));
    match named {
        None if own.is_root() => {
            add(
                "",
                "a command of root's service names no user".into(),
                "Write user = \"NAME\", one with few rights",
            );
        }
        Some((name, None)) => {
            add("user", format!("there is no user {name:?}"), "Write one of this machine's users");
        }
        Some((name, Some(user))) if user.uid.is_root() => {
            let what = format!("a caller's program would run as {name:?}, who may do everything here");
            add(
                "user",
                what,
                "Write user = \"NAME\", one with few rights; a program that needs more asks a service of its own for it",
            );
        }
        Some((name, Some(user))) if !own.is_root() && user.uid.as_raw() != own.as_raw() => {
            let what = format!("only root's service can run a command as {name:?}");
            add("user", what, "Leave user out, or start the service as root");
        }
        _ => {}
    }
}

/// Defence: programs of callers that run as the service itself, as a sentence each.
pub(crate) fn own_users(config: &Config) -> Vec<String> {
    if rustix::process::geteuid().is_root() {
        return Vec::new();
    }
    let commands =
        config.services.iter().filter(|(_, service)| matches!(service, ServiceConfig::Command { .. }));
    let own = |name| {
        format!(
            "The program of the service {name} runs as the service's own user, who can read the users' secrets: only \
             root's service can give it another."
        )
    };
    commands.map(|(name, _)| own(name)).collect()
}

fn prompt(add: &mut impl FnMut(&'static str, String, &str), port: &PortConfig) {
    let login = &port.login;
    for (key, text) in [
        ("banner", &login.banner),
        ("login_prompt", &login.name_prompt),
        ("password_prompt", &login.password_prompt),
        ("menu_prompt", &login.menu_prompt),
    ] {
        let fits = |c: char| matches!(c, ' '..='~') || (key == "banner" && c == '\n');
        if text.len() > 1000 || !text.chars().all(fits) {
            let what = format!("{key} has characters that a terminal of any kind need not show, or too many");
            add(key, what, "Write at most 1000 characters of ASCII; a banner may have lines");
        }
    }
    if login.services.is_empty() || login.services.len() > MOST {
        add("services", format!("services = {:?} is no menu", login.services), "Write 1 to 16 names");
    }
    if login.mode == LoginMode::Ppp {
        return;
    }
    if port.auth.is_empty() {
        let what = "login asks for a password, and auth = [\"none\"] lets everybody in without".to_owned();
        add("login", what, "Write methods in auth, or login = \"ppp\"");
    }
    // defence rule 17: what is typed at a prompt is as open as PAP
    if port.line.crosses_network() && !port.insecure {
        let what = format!(
            "login asks for a password in the clear on {}, which others on the network can listen to",
            port.line
        );
        add("login", what, "Leave it out, answer on a loopback address or in TLS, or write insecure = true");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> String {
        match Config::parse(text, "f") {
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        }
    }

    const PORT: &str = "[[port]]\nname = \"line1\"\nline = \"listen:tcp:127.0.0.1:7001\"\n";

    #[test]
    fn a_port_with_a_prompt_and_services_is_read() {
        let text = format!(
            "{PORT}login = \"auto\"\nbanner = \"Example Ltd.\\n\"\nservices = [\"ppp\", \"slip\", \"bbs\"]\n\
             menu = \"always\"\nppp_after_login = \"auth\"\nnull_modem = true\nslip_mtu = 576\nidle_limit = \"off\"\n\
             [service.bbs]\nconnect = \"telnet:bbs.example:23\"\n[service.game]\ncommand = [\"/usr/games/hack\", \"-u\"]\n"
        );
        let root = rustix::process::geteuid().is_root();
        let text = if root { format!("{text}user = \"nobody\"\n") } else { text };
        let config = Config::parse(&text, "f").unwrap();
        let login = config.ports[0].engine(1).login;
        assert_eq!(login.mode, LoginMode::Auto);
        assert_eq!(login.services, ["ppp", "slip", "bbs"]);
        assert!(login.menu_always && login.null_modem && login.idle.is_zero());
        assert_eq!((login.slip_mtu, login.banner.as_str()), (576, "Example Ltd.\n"));
        assert!(
            matches!(&config.services["bbs"], ServiceConfig::Telnet(at) if at.to_string() == "bbs.example:23")
        );
        let ServiceConfig::Command { program, arguments, .. } = &config.services["game"] else { panic!() };
        assert_eq!(
            (program.to_str(), arguments.as_slice()),
            (Some("/usr/games/hack"), &["-u".to_owned()][..])
        );
    }

    #[test]
    fn what_cannot_be_is_said_with_its_line() {
        let said = problems(&format!(
            "{}login = \"prompt\"\nauth = [\"none\"]\nbanner = \"\\u001b[2J\"\nservices = [\"bbs\"]\n\
             [service.ppp]\nconnect = \"tcp:h:1\"\n[service.x]\ncommand = [\"sh\"]\nuser = \"no such user\"\n\
             [service.y]\nconnect = \"unix:/x\"\n[service.z]\n",
            PORT.replace("127.0.0.1", "0.0.0.0")
        ));
        for part in [
            "auth = [\"none\"] lets everybody in",
            "password in the clear on listen:tcp:0.0.0.0:7001",
            "banner has characters",
            "services names \"bbs\"",
            "\"ppp\" cannot be the name of a service",
            "\"sh\" is not a full path",
            "there is no user \"no such user\"",
            "connect = \"unix:/x\"",
            "[service.z] says neither",
        ] {
            assert!(said.contains(part), "{part:?} in {said}");
        }
    }

    #[test]
    fn no_program_of_a_caller_is_roots() {
        let service = |user: &str| format!("{PORT}[service.x]\ncommand = [\"/bin/sh\"]\n{user}");
        let said = problems(&service("user = \"root\"\n"));
        assert!(said.contains("f:6:") && said.contains("may do everything here"), "{said}");
        assert!(said.contains("one with few rights"), "{said}");
        let said = problems(&service("user = \"root\"\n").replace("/bin/sh", "sh"));
        assert!(said.contains("f:5:") && said.contains("f:6:"), "each at its own key: {said}");
        let root = rustix::process::geteuid().is_root();
        let own = Config::parse(&service(if root { "user = \"nobody\"\n" } else { "" }), "f").unwrap();
        let told = own_users(&own);
        assert_eq!(told.len(), usize::from(!root), "{told:?}");
        assert!(
            told.iter().all(|text| text.contains("service x runs as the service's own user")),
            "{told:?}"
        );
    }

    #[test]
    fn insecure_is_the_word_for_a_prompt_on_a_network() {
        let port = PORT.replace("127.0.0.1", "0.0.0.0");
        assert_eq!(problems(&format!("{port}login = \"auto\"\ninsecure = true\n")), "");
        assert!(problems(&format!("{port}login = \"auto\"\n")).contains("insecure = true"));
    }
}
