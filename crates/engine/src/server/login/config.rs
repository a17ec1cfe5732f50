//! What a port's login prompt is told.

use std::time::Duration;

/// Whether a port has a prompt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoginMode {
    /// None: PPP starts at once, as it does behind the security modules.
    #[default]
    Ppp,
    /// After a moment of silence; PPP that begins instead of an answer is served, under its own authentication.
    Auto,
    /// Nothing but the prompt lets a caller in: PPP that begins before it ends the call.
    Prompt,
}

/// What PPP still has to prove of a caller who has logged in at the prompt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AfterLogin {
    /// Nothing: the name and password of the prompt count.
    #[default]
    Trusted,
    /// The port's methods, by the same user.
    Auth,
}

/// The login prompt of a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginConfig {
    /// Whether there is one.
    pub mode: LoginMode,
    /// Shown before it; lines end in `\n`.
    pub banner: String,
    /// Asks for the name.
    pub name_prompt: String,
    /// Asks for the password.
    pub password_prompt: String,
    /// Asks for a service, where there is more than one.
    pub menu_prompt: String,
    /// The menu is shown to users of one service too, as old scripts expect it.
    pub menu_always: bool,
    /// How long nothing is said after the call stands [1 s].
    pub settle: Duration,
    /// How long a person who has logged in may take to choose [3 min].
    pub menu_limit: Duration,
    /// What users without services of their own have (`ppp`).
    pub services: Vec<String>,
    /// What PPP still has to prove.
    pub after: AfterLogin,
    /// The other end is a computer on a cable that says `CLIENT` first: it is answered `CLIENTSERVER`.
    pub null_modem: bool,
    /// The longest datagram of SLIP, in octets (1006).
    pub slip_mtu: u16,
    /// Silence after which SLIP or a service ends; zero for never [30 min].
    pub idle: Duration,
}

impl Default for LoginConfig {
    fn default() -> Self {
        Self {
            mode: LoginMode::default(),
            banner: String::new(),
            name_prompt: "login: ".into(),
            password_prompt: "Password: ".into(),
            menu_prompt: "> ".into(),
            menu_always: false,
            settle: Duration::from_secs(1),
            menu_limit: Duration::from_secs(180),
            services: vec!["ppp".into()],
            after: AfterLogin::default(),
            null_modem: false,
            slip_mtu: 1006,
            idle: Duration::from_secs(30 * 60),
        }
    }
}

/// What a user's service is, by its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// `ppp`.
    Ppp,
    /// `slip`.
    Slip,
    /// `cslip`: with Van Jacobson's compression (RFC 1144).
    Cslip,
    /// Any other name: the owner connects it.
    Target,
}

impl Service {
    /// The service that has this name.
    pub fn of(name: &str) -> Self {
        match name {
            "ppp" => Self::Ppp,
            "slip" => Self::Slip,
            "cslip" => Self::Cslip,
            _ => Self::Target,
        }
    }
}
