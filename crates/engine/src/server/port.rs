//! `Port`: one answering line, one call at a time.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use openras_ppp::config::Limits;
use openras_ppp::{Claim, Machine, Negotiated, Verdict};

use crate::RasError;
use crate::line::{CallInput, CallOutput, LineEvent, LineOp, Snapshot, Watched};
use crate::users::CallbackRight;

use super::context::Context;
use super::dialog::{DialogCommand, DialogOutput, DialogVerdict};
use super::login::LoginConfig;
use super::phases::Phase;

/// Everything a port needs to know before it starts.
#[derive(Clone, Debug)]
pub struct PortConfig {
    /// Its name, as `line1/3`.
    pub name: String,
    /// Modules of the security dialog, in order; empty = none.
    pub modules: Vec<String>,
    /// Whether the PPP user must be the dialog's.
    pub name_check: NameCheck,
    /// Longest dialog, all modules together [5 min]; zero for no limit.
    pub dialog_limit: Duration,
    /// How long a caller may stay unauthenticated in all, from the answer on [120 s]; zero for no limit.
    pub before_auth: Duration,
    /// How far modules can put that off, from the answer on [5 min].
    pub before_auth_most: Duration,
    /// Longest answer to an Ask::Verify, Admit or Address before the call is ended [30 s].
    pub answer_limit: Duration,
    /// How long a call being answered may take to stand [60 s]; longer than a modem's own patience.
    pub answering_limit: Duration,
    /// The port has a callback line.
    pub callback: bool,
    /// Shortest time between hang-up and callback [2 s]; the caller's delay is clamped to this..60 s.
    pub callback_delay: Duration,
    /// Tries to call back, 30 s apart (3).
    pub callback_tries: u32,
    /// How long the called-back person has to authenticate [120 s].
    pub callback_expiry: Duration,
    /// The login prompt.
    pub login: LoginConfig,
    /// PPP's own configuration; the port fills in role and callback.
    pub ppp: openras_ppp::Config,
}

/// How strictly the PPP user must be the dialog's (defence rule 5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NameCheck {
    /// Not compared.
    Off,
    /// A difference is recorded.
    Warn,
    /// A difference, or an empty dialog name, is 691 (the default).
    #[default]
    Require,
}

/// Commands of a port's owner.
#[derive(Debug)]
pub enum Command {
    /// The answer to the open question.
    Answer(Answer),
    /// From the module whose dialog runs.
    Dialog(DialogCommand),
    /// An administrator ends the call.
    Disconnect,
    /// The line is not wanted any more: it is given back if no call has come, and else when the call ends.
    Retire,
}

/// A command may come in a box: channels hold room for many of them.
impl From<Box<Command>> for Command {
    fn from(command: Box<Command>) -> Self {
        *command
    }
}

/// A port's questions. At most one is open at a time.
#[derive(Debug)]
pub enum Ask {
    /// Begin the dialog of this module; answered by [`Answer::Begun`].
    SecurityBegin {
        /// Its name in the configuration.
        module: String,
    },
    /// Is this true? Answered by [`Answer::Verdict`].
    Verify(Claim),
    /// What may this user do? Answered by [`Answer::Admit`].
    Admit {
        /// The PPP user, or the dialog's where PPP asks for none.
        name: Option<String>,
    },
    /// May this normalised number, which the user's allow-list covers, be dialled now (caps, rule 3)?
    /// Answered by [`Answer::CallbackTo`].
    CallbackTo {
        /// Who asks.
        name: String,
        /// Normalised.
        number: String,
    },
    /// An address for this caller; answered by [`Answer::Address`].
    Address {
        /// The admitted user.
        name: Option<String>,
        /// What the caller named itself.
        wanted: Option<Ipv4Addr>,
    },
    /// Connect a service for a caller who has logged in: its octets go through the call's IP port from the next
    /// [`CallOutput::Up`] on, and an empty packet is its end. Answered by [`Answer::Target`].
    Target {
        /// Its name in the configuration.
        service: String,
        /// Who has logged in.
        name: String,
    },
}

/// Answers to [`Ask`].
#[derive(Debug)]
pub enum Answer {
    /// The dialog runs (0), or could not begin with this number.
    Begun(Result<(), RasError>),
    /// The verdict on a claim. A wrong name or password is [`wrong_credentials`], so that a caller cannot tell it
    /// from a failed name check.
    Verdict(Verdict),
    /// The verdict on a claim in a name that nobody has: to the caller the same. A name typed at the prompt that may be a
    /// password then goes no further.
    Unknown(Verdict),
    /// The user's rights, or a refusal with its number (646, 647, 649 …).
    Admit(Result<Admission, RasError>),
    /// Whether the number may be dialled.
    CallbackTo(bool),
    /// The address; `None` = none left.
    Address(Option<Ipv4Addr>),
    /// The service stands, or could not be connected with this number.
    Target(Result<(), RasError>),
}

/// The verdict on a wrong name or password, and on a right one of the wrong user (defence rules 5 and 6): 691 with
/// another try, while the call has one left.
pub fn wrong_credentials() -> Verdict {
    Verdict::Refuse {
        error: RasError::AUTHENTICATION_FAILURE.0,
        retry: true,
        challenge: None,
        message: "Wrong user name or password".into(),
    }
}

/// What an admitted user may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admission {
    /// Callback.
    pub callback: CallbackRight,
    /// The services of this user, by name; none: those of the port. Without `ppp` among them there is no PPP.
    pub services: Vec<String>,
    /// How long the user's calls may be up; where the port has limits too the shorter ones count.
    pub limits: Limits,
}

/// What a port tells its owner.
#[derive(Debug)]
pub enum Notice {
    /// A question.
    Ask(Ask),
    /// For the module whose dialog runs.
    Dialog(DialogOutput),
    /// The call went on.
    Event(PortEvent),
}

/// How a call goes on.
#[derive(Debug)]
pub enum PortEvent {
    /// It rings.
    Ring(Option<String>),
    /// Answered, with what the line said, such as a modem's CONNECT; from outside.
    Answered(String),
    /// A module's dialog begins.
    Dialog(String),
    /// A module has decided.
    DialogEnded(String, DialogVerdict),
    /// Somebody has logged in at the prompt.
    LoggedIn(String),
    /// Who has logged in gets this service.
    Service(String),
    /// PPP begins; `leg` 2 after a callback.
    Authenticating {
        /// 1, or 2 after a callback.
        leg: u8,
    },
    /// The caller has passed.
    Authenticated(Option<String>),
    /// The caller was refused with this number; the call may go on with another try.
    Refused(String, RasError),
    /// Hanging up to call back.
    CallbackPending(String),
    /// Dialling the caller.
    CallingBack(String),
    /// IP is up.
    Up(Box<Negotiated>),
    /// A control packet.
    Packet(openras_ppp::event::Packet),
    /// The peer's LCP Identification; from outside.
    PeerIdentification(String),
    /// The names differ and `name_check = warn`.
    NameDiffers(String, String),
    /// The call is over.
    Down(Box<PortEnd>),
}

/// How a call on a port ended.
#[derive(Debug)]
pub struct PortEnd {
    /// The RAS number; `None` after an orderly end by the caller.
    pub error: Option<RasError>,
    /// The caller's name as far as it was proved or claimed.
    pub name: Option<String>,
    /// Whether IP was up.
    pub was_up: bool,
    /// Counts as a wrong try (defence rule 6).
    pub counts_as_try: bool,
    /// One sentence that names the deciding packet or setting.
    pub why: String,
    /// One sentence that says what to try.
    pub remedy: String,
    /// The packet that decided it.
    pub packet: Option<openras_ppp::event::Packet>,
}

/// What an administrator sees of a port (RAS_PORT_CONDITION).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// RAS_PORT_NON_OPERATIONAL: its line could not be had, or is given back.
    NonOperational,
    /// RAS_PORT_DISCONNECTED: a call has ended or is ending.
    Disconnected,
    /// RAS_PORT_CALLING_BACK: hung up, or dialling, to call back.
    CallingBack,
    /// RAS_PORT_LISTENING: waits for a call.
    Listening,
    /// RAS_PORT_AUTHENTICATING: from the answer on, security dialog included.
    Authenticating,
    /// RAS_PORT_AUTHENTICATED: the caller has passed.
    Authenticated,
    /// RAS_PORT_INITIALIZING: the line is being opened.
    Initializing,
}

impl Condition {
    /// The number in mprapi.h, which counts from 0.
    pub fn mprapi(self) -> u32 {
        match self {
            Self::NonOperational => 0,
            Self::Disconnected => 1,
            Self::CallingBack => 2,
            Self::Listening => 3,
            Self::Authenticating => 4,
            Self::Authenticated => 5,
            Self::Initializing => 6,
        }
    }

    /// The number in rassapi.h, which counts from 1.
    pub fn rassapi(self) -> u32 {
        self.mprapi() + 1
    }
}

/// One answering line, one call. A line that answers many calls has a new `Port` for each.
///
/// The first output is [`LineOp::Open`], there from the beginning. The last ones are [`PortEvent::Down`], once,
/// and [`CallOutput::Ended`], once.
///
/// Commands that do not fit are ignored: an answer that comes too late or was not asked for, a dialog command while
/// no dialog runs. A module whose Begin was asked for hears [`DialogOutput::End`] once, unless its Begin failed.
pub struct Port {
    phase: Phase,
    cx: Context,
}

impl Port {
    /// A port that waits for its line to ring. All randomness comes from `seed`.
    pub fn new(config: PortConfig, seed: [u8; 32]) -> Self {
        let mut cx = Context::new(config, seed);
        cx.line(LineOp::Open);
        Self { phase: Phase::Opening, cx }
    }

    /// What an administrator sees.
    pub fn condition(&self) -> Condition {
        self.phase.condition()
    }

    /// Hands the phase an input; what is up is handled in place.
    fn step(&mut self, now: Instant, input: CallInput<'_, Command>) {
        let cx = &mut self.cx;
        let closed = matches!(input, CallInput::Line(LineEvent::Closed));
        if let Phase::Up(link) = &mut self.phase
            && !closed
        {
            if let Some(turn) = link.handle(now, input, cx)
                && let Phase::Up(link) = std::mem::replace(&mut self.phase, Phase::Over)
            {
                self.phase = Phase::turned(now, link, turn, cx);
            }
            return;
        }
        let phase = std::mem::replace(&mut self.phase, Phase::Over);
        self.phase = if closed { phase.closed(now, cx) } else { phase.handle(now, input, cx) };
    }
}

impl Watched for Port {
    fn snapshot(&self) -> Snapshot {
        Snapshot { stats: self.phase.stats(), condition: Some(self.phase.condition()) }
    }
}

impl Machine for Port {
    type Input<'a> = CallInput<'a, Command>;
    type Output = CallOutput<Notice>;

    fn handle(&mut self, now: Instant, input: Self::Input<'_>) {
        match &input {
            CallInput::Line(LineEvent::Connected { .. }) => self.cx.call.connected = true,
            CallInput::Line(LineEvent::Disconnected) => self.cx.call.connected = false,
            _ => {}
        }
        self.cx.null_modem(&input);
        self.step(now, input);
        if self.phase.deadline(&self.cx).is_some_and(|until| until <= now) {
            let phase = std::mem::replace(&mut self.phase, Phase::Over);
            self.phase = phase.expire(now, &mut self.cx);
        }
    }

    fn poll_output(&mut self) -> Option<Self::Output> {
        self.cx.next()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.phase.deadline(&self.cx)
    }
}
