//! From the answers to the text of a configuration, every line of it explained.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Result, bail};
use openras_service::Config;
use openras_service::config::{ConfigError, PortLine, Problem};

use super::ask::Answers;
use super::find::Device;
use super::write::Places;
use crate::cli::Caller;

/// Callers' addresses are of this network; ours is the first.
const HERE: &str = "10.64.0.1";
/// The number a played modem dials.
pub(super) const NUMBER: &str = "5550100";

/// What will be written.
pub(super) struct Plan {
    /// What calls.
    pub(super) caller: Caller,
    /// Its line.
    pub(super) line: String,
    auth: &'static [&'static str],
    /// The line crosses a network.
    pub(super) network: bool,
    certificate: Option<Certificate>,
    reach: Reach,
}

/// Who a port is to callers in TLS: full paths.
#[derive(Clone)]
pub(super) struct Certificate {
    pub(super) file: String,
    key: String,
}

impl Certificate {
    /// From paths as they were named.
    pub(super) fn of(file: &Path, key: &Path) -> Self {
        let full = |path: &Path| {
            std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()).display().to_string()
        };
        Self { file: full(file), key: full(key) }
    }
}

/// Where callers may go.
pub(super) enum Reach {
    Nothing,
    Words(Vec<String>),
    /// A service of this machine, under our own address on the link.
    Machine(u16),
}

/// Whether this build answers that kind of caller.
pub(super) fn is_offered(caller: Caller) -> bool {
    let knows = |text: &str| Config::parse(text, "").is_ok();
    match caller {
        Caller::Modem => knows("[[port]]\nname = \"a\"\nline = \"serial:/dev/ttyS0\"\nmodem = \"generic\"\n"),
        _ => true,
    }
}

/// The line a kind of caller usually comes in on.
pub(super) fn default_line(caller: Caller, found: &[Device]) -> Option<String> {
    Some(match caller {
        Caller::Emulator | Caller::Computer => "listen:tcp:127.0.0.1:7001".into(),
        Caller::Modem => format!("serial:{}", found.first()?.path.display()),
        Caller::Terminal => "listen:telnet:127.0.0.1:7023".into(),
        Caller::WifiModem => "listen:telnet:0.0.0.0:6400".into(),
        Caller::Device | Caller::Openras => "listen:tcp:0.0.0.0:7001".into(),
    })
}

impl Plan {
    /// What the answers come to.
    ///
    /// # Errors
    /// A line or a word that is none.
    pub(super) fn new(answers: &Answers) -> Result<Self> {
        let line = fits(answers.caller, &answers.line)?;
        let network = line.crosses_network();
        let auth: &[&str] = match answers.caller {
            // pap and chap show the password, or need it stored so that it can be read: not over a network (rule 17)
            Caller::Openras | Caller::Device => &["mschapv2"],
            _ if network => &["mschapv2", "mschap"],
            _ => &["mschapv2", "mschap", "pap"],
        };
        let reach = reach(&answers.reach)?;
        let (caller, line) = (answers.caller, answers.line.clone());
        Ok(Self { caller, line, auth, network, certificate: answers.certificate.clone(), reach })
    }

    /// How many calls at the same time.
    fn calls(&self) -> u16 {
        if self.line.starts_with("listen:") { 8 } else { 1 }
    }

    /// The configuration.
    pub(super) fn text(&self, places: &Places) -> String {
        let mut text = String::new();
        let _ = writeln!(
            text,
            "# OpenRAS, written by `openras init`. Every key is explained in configuration.md;\n\
             # `openras check-config` says what is wrong with this file, `openras reload` takes a change over.\n\n\
             # users, their key and the record\nstate = {}\n",
            quoted(&places.state.display().to_string())
        );
        if self.caller == Caller::Computer {
            self.modem(&mut text);
        }
        self.port(&mut text);
        text
    }

    /// A modem for a computer that has none.
    fn modem(&self, text: &mut String) {
        let _ = writeln!(
            text,
            "# The modem of a computer whose serial port is this line. It dials only the numbers below.\n\
             [[virtual_modem]]\nname = \"modem1\"\nline = {}\ncalls = {}\n\n\
             # the telephone book of these modems\n[directory]\n{} = \"port:line1\"\n",
            quoted(&self.line),
            self.calls(),
            quoted(NUMBER)
        );
    }

    fn port(&self, text: &mut String) {
        let line = match self.caller {
            // the modem dials it by name
            Caller::Computer => "exchange:100",
            _ => &self.line,
        };
        let calls = match self.caller {
            Caller::Computer => 8,
            _ => self.calls(),
        };
        let _ = writeln!(text, "[[port]]\nname = \"line1\"\n# where calls come in\nline = {}", quoted(line));
        if let Some(tls) = &self.certificate {
            let (file, key) = (quoted(&tls.file), quoted(&tls.key));
            let _ = writeln!(
                text,
                "# who this port is to its callers; others must not be able to read the key\n\
                 tls = {{ certificate = {file}, key = {key} }}"
            );
        }
        if self.caller == Caller::Modem {
            text.push_str("# commands as V.250 has them; `openras line test line1` shows what the modem says\nmodem = \"generic\"\n");
        }
        if self.caller == Caller::Terminal {
            text.push_str("# name and password at a prompt; PPP that begins by itself comes in by `auth`\nlogin = \"auto\"\n");
        }
        if calls > 1 {
            let _ = writeln!(text, "# calls at the same time\ncalls = {calls}");
        }
        text.push_str("# how callers prove who they are, the preferred first");
        if self.network {
            text.push_str("; pap would show the password to the network\n# (`listen:tls:` lines are the remedy, `insecure = true` the other way)");
        }
        let _ = writeln!(
            text,
            "\nauth = [{}]",
            self.auth.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(", ")
        );
        text.push_str("# a second factor: write modules = [\"totp\"] here and [module.totp] with kind = \"totp\" below\n");
        self.network(text);
    }

    fn network(&self, text: &mut String) {
        let _ = writeln!(text, "\n# our own address on the link, and those of the callers");
        let _ = writeln!(text, "address = \"{HERE}\"\npool = \"10.64.0.2-10.64.0.254\"");
        match &self.reach {
            Reach::Nothing => {
                text.push_str("# callers reach this service and nothing else\nip = \"loopback\"\n")
            }
            Reach::Words(words) => {
                let list = words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(", ");
                let _ = writeln!(
                    text,
                    "# callers go out through this process, which needs no right for it\nip = \"nat\"\n\
                     # where they may go: \"internet\" is all but private networks and this machine\nreach = [{list}]\n\
                     # names are resolved by this machine's own resolver\ndns = [\"{HERE}\"]"
                );
            }
            Reach::Machine(port) => {
                let _ = writeln!(
                    text,
                    "# callers go out through this process, which needs no right for it\nip = \"nat\"\n\
                     # only to this service of this machine\nreach = [\"127.0.0.1:{port}\"]"
                );
            }
        }
    }

    /// The certificate of a line in TLS.
    pub(super) fn certificate(&self) -> Option<&str> {
        self.certificate.as_ref().map(|tls| tls.file.as_str())
    }

    /// Where a caller finds what it may reach; for the settings.
    pub(super) fn service(&self) -> Option<u16> {
        match self.reach {
            Reach::Machine(port) => Some(port),
            _ => None,
        }
    }
}

/// Whether callers of a line shake hands in TLS.
pub(super) fn wants_certificate(line: &str) -> bool {
    matches!(line.parse(), Ok(PortLine::Listen(spoken, _)) if spoken.is_secret())
}

/// The line, if that kind of caller can come in on it.
///
/// # Errors
/// It is none, or not one of theirs; says which is.
pub(super) fn fits(caller: Caller, line: &str) -> Result<PortLine> {
    let line: PortLine = line.parse()?;
    let dials_hosts = matches!(caller, Caller::Emulator | Caller::WifiModem);
    if dials_hosts && !matches!(line, PortLine::ListenTcp(_) | PortLine::Listen(..)) {
        bail!(
            "what dials TCP hosts comes in on listen:tcp: or listen:telnet:, and not on {line}; `--for computer` puts a \
             modem there, `--for device` takes PPP there at once"
        );
    }
    if caller == Caller::Terminal && line.crosses_network() {
        bail!(
            "a login prompt on {line} would show passwords to the network; answer on 127.0.0.1 (ssh or stunnel leads \
             there) or on a listen:tls: line"
        );
    }
    Ok(line)
}

/// What the words come to.
///
/// # Errors
/// A word that is none; says what is.
pub(super) fn reach(words: &[String]) -> Result<Reach> {
    match words {
        [word] if word == "nothing" => Ok(Reach::Nothing),
        [word] if word.starts_with("machine=") => match word.trim_start_matches("machine=").parse() {
            Ok(port) if port > 0 => Ok(Reach::Machine(port)),
            _ => bail!("{word:?} names no TCP port; write machine=80"),
        },
        words if words.iter().any(|word| word == "nothing" || word.starts_with("machine")) => {
            bail!("nothing and machine=PORT stand alone; write networks as 127.0.0.1:80 beside others")
        }
        words => {
            let list = words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(", ");
            let port = format!("[[port]]\nname = \"a\"\nline = \"exchange:1\"\nreach = [{list}]\n");
            match Config::parse(&port, "") {
                Ok(_) => Ok(Reach::Words(words.to_vec())),
                Err(mistakes) => bail!("{}", said(&mistakes)),
            }
        }
    }
}

/// Mistakes without their places: the file they are in was never written.
pub(super) fn said(mistakes: &ConfigError) -> String {
    let each = |one: &Problem| format!("{}. {}", one.what, one.remedy);
    mistakes.problems.iter().map(each).collect::<Vec<_>>().join("; ")
}

/// As a TOML string (TOML 1.0, basic strings).
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests;
