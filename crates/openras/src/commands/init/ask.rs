//! The questions, where they were not answered on the command line.

use std::fmt;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use openras_ppp::Secret;

use super::find::Device;
use super::plan::{self, Certificate, default_line, is_offered};
use crate::cli::{self, Caller};
use crate::keyboard::Keyboard;
use crate::render::safe;
use crate::secret_file;
use crate::signals::{Interrupted, Signals};

/// A question that the command line does not answer, where nobody is there to be asked: the command line is wrong.
#[derive(Debug)]
pub(crate) struct Missing(&'static str);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Missing {}

/// What was answered.
pub(super) struct Answers {
    /// What will call.
    pub(super) caller: Caller,
    /// On what.
    pub(super) line: String,
    /// Who the port is, on a line in TLS.
    pub(super) certificate: Option<Certificate>,
    /// What it may reach.
    pub(super) reach: Vec<String>,
    /// The first user.
    pub(super) user: NewUser,
}

/// The first user; without a password one is made.
pub(super) struct NewUser {
    /// Its name.
    pub(super) name: String,
    /// Its password, if one was given.
    pub(super) password: Option<Secret>,
}

/// The kinds of callers in the order they are asked, with their words.
const CALLERS: [(Caller, &str); 7] = [
    (Caller::Emulator, "an old computer or emulator that dials TCP hosts (DOSBox, 86Box, PCem)"),
    (
        Caller::Computer,
        "a computer whose serial port is a TCP connection (QEMU, VirtualBox): it gets a modem",
    ),
    (Caller::Modem, "callers behind a modem on a serial port of this machine"),
    (Caller::WifiModem, "WiFi modems on the local network"),
    (Caller::Terminal, "people at a terminal or behind a script: a login prompt, then PPP"),
    (Caller::Device, "an embedded or cellular device that speaks PPP at once"),
    (Caller::Openras, "another OpenRAS"),
];

/// From the command line, and from the person where one is there.
pub(super) async fn answers(args: &cli::Init, found: &[Device]) -> Result<Answers> {
    let mut person = Person::find()?;
    let caller = match (args.caller, &mut person) {
        (Some(caller), _) => caller,
        (None, Some(person)) => person.choose_caller().await?,
        (None, None) => {
            return Err(
                Missing("say what will call: --for emulator (or another word; --help lists them)").into()
            );
        }
    };
    if !is_offered(caller) {
        bail!("this build does not answer that kind of caller; --for emulator does for everything over TCP");
    }
    let line = match (&args.line, &mut person) {
        (Some(line), _) => line.clone(),
        (None, Some(person)) => person.line(caller, found).await?,
        (None, None) => {
            default_line(caller, found).ok_or(Missing("name the line it comes in on with --line"))?
        }
    };
    let certificate = certificate(args, &line, &mut person).await?;
    let reach = match (args.reach.is_empty(), &mut person) {
        (false, _) => args.reach.clone(),
        (true, Some(person)) => person.reach().await?,
        (true, None) => vec!["internet".into()],
    };
    let user = user(args, &mut person).await?;
    Ok(Answers { caller, line, certificate, reach, user })
}

async fn certificate(
    args: &cli::Init,
    line: &str,
    person: &mut Option<Person>,
) -> Result<Option<Certificate>> {
    Ok(match (args.certificate.as_deref().zip(args.key.as_deref()), person) {
        (Some((file, key)), _) => Some(Certificate::of(file, key)),
        (None, Some(person)) if plan::wants_certificate(line) => {
            let file = person.file("The port's certificate (a file in PEM)").await?;
            let key = person.file("Its private key (a file in PEM)").await?;
            Some(Certificate::of(&file, &key))
        }
        (None, None) if plan::wants_certificate(line) => {
            return Err(Missing("a line in TLS needs --certificate FILE and --key FILE").into());
        }
        (None, _) => None,
    })
}

async fn user(args: &cli::Init, person: &mut Option<Person>) -> Result<NewUser> {
    let name = match (&args.user, &mut *person) {
        (Some(name), _) => name.clone(),
        (None, Some(person)) => person.line_of("Name of the first user", "alice").await?,
        (None, None) => return Err(Missing("name the first user with --user").into()),
    };
    let password = match (&args.password_file, person) {
        (Some(file), _) => Some(secret_file::first_line(file)?),
        (None, Some(person)) => person.password(&name).await?,
        (None, None) => None,
    };
    if password.as_ref().is_some_and(Secret::is_empty) {
        bail!("the password is empty");
    }
    Ok(NewUser { name, password })
}

/// Somebody at a terminal.
struct Person {
    keyboard: Keyboard,
    signals: Signals,
}

impl Person {
    fn find() -> Result<Option<Self>> {
        use std::io::IsTerminal;
        if !std::io::stdin().is_terminal() {
            return Ok(None);
        }
        Ok(Some(Self { keyboard: Keyboard::start(), signals: Signals::listen()? }))
    }

    /// One line; the default for an empty one.
    async fn line_of(&mut self, question: &str, default: &str) -> Result<String> {
        let brackets = if default.is_empty() { String::new() } else { format!(" [{default}]") };
        // a question belongs to the person, not into the output
        let _ = write!(std::io::stderr(), "{question}{brackets}: ");
        let line = tokio::select! {
            line = self.keyboard.line() => line.context("nothing more was typed")?,
            () = self.signals.next() => return Err(Interrupted.into()),
        };
        let text = String::from_utf8_lossy(line.expose()).trim().to_owned();
        Ok(if text.is_empty() { default.to_owned() } else { text })
    }

    /// One of a list, by its number.
    async fn choose(&mut self, question: &str, choices: &[String]) -> Result<usize> {
        let _ = writeln!(std::io::stderr(), "{question}");
        for (n, choice) in choices.iter().enumerate() {
            let _ = writeln!(std::io::stderr(), "  {}  {choice}", n + 1);
        }
        loop {
            let text = self.line_of("Number", "1").await?;
            match text.parse::<usize>() {
                Ok(number) if (1..=choices.len()).contains(&number) => return Ok(number - 1),
                _ => {
                    let _ = writeln!(std::io::stderr(), "Write a number from 1 to {}.", choices.len());
                }
            }
        }
    }

    async fn choose_caller(&mut self) -> Result<Caller> {
        let offered: Vec<_> = CALLERS.iter().filter(|(caller, _)| is_offered(*caller)).collect();
        let words: Vec<String> = offered.iter().map(|(_, words)| (*words).to_owned()).collect();
        let n = self.choose("What will call?", &words).await?;
        offered.get(n).map(|(caller, _)| *caller).context("no such choice")
    }

    async fn line(&mut self, caller: Caller, found: &[Device]) -> Result<String> {
        if caller == Caller::Modem && !found.is_empty() {
            let words: Vec<String> = found
                .iter()
                .map(|device| {
                    let needs = || {
                        device
                            .group
                            .as_ref()
                            .map_or_else(|| "a right of its own".into(), |group| format!("the group {group}"))
                    };
                    let may = (!device.usable).then(|| format!("; needs {}", needs()));
                    format!("{}  ({}{})", device.path.display(), device.what, may.unwrap_or_default())
                })
                .collect();
            let n = self.choose("On which device?", &words).await?;
            let device = found.get(n).context("no such choice")?;
            return Ok(format!("serial:{}", device.path.display()));
        }
        let default = default_line(caller, found).unwrap_or_default();
        loop {
            let line = self.line_of("On what line?", &default).await?;
            match plan::fits(caller, &line) {
                Ok(_) => return Ok(line),
                Err(error) => {
                    let _ = writeln!(std::io::stderr(), "{}.", safe(&error.to_string()));
                }
            }
        }
    }

    /// A file that is there.
    async fn file(&mut self, question: &str) -> Result<PathBuf> {
        loop {
            let path = PathBuf::from(self.line_of(question, "").await?);
            if path.is_file() {
                return Ok(path);
            }
            let _ = writeln!(std::io::stderr(), "There is no such file.");
        }
    }

    async fn reach(&mut self) -> Result<Vec<String>> {
        let words =
            ["the internet", "one service of this machine", "a network", "nothing: only this service"];
        let n = self.choose("What may they reach?", &words.map(str::to_owned)).await?;
        loop {
            let word = match n {
                0 => "internet".to_owned(),
                1 => format!("machine={}", self.line_of("TCP port of the service", "80").await?),
                2 => self.line_of("Which network", "192.168.7.0/24").await?,
                _ => "nothing".to_owned(),
            };
            match plan::reach(std::slice::from_ref(&word)) {
                Ok(_) => return Ok(vec![word]),
                Err(error) => {
                    let _ = writeln!(std::io::stderr(), "{}.", safe(&error.to_string()));
                }
            }
        }
    }

    async fn password(&mut self, name: &str) -> Result<Option<Secret>> {
        loop {
            let prompt = format!("Password of {name} (Enter makes one): ");
            let first = secret_file::ask(&mut self.keyboard, &mut self.signals, &prompt).await?;
            let _ = writeln!(std::io::stderr());
            if first.is_empty() {
                return Ok(None);
            }
            let again = secret_file::ask(&mut self.keyboard, &mut self.signals, "The same again: ").await?;
            let _ = writeln!(std::io::stderr());
            if first == again {
                return Ok(Some(first));
            }
            let _ = writeln!(std::io::stderr(), "These were two different ones.");
        }
    }
}
