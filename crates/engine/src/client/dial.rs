//! `Dial`: RasDial without I/O.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use openras_ppp::{Machine, Negotiated, Secret};

use crate::client::running::Running;
use crate::line::{CallInput, CallOutput, Snapshot, Watched};
use crate::{ConnState, RasError};

/// The members of RASDIALPARAMS a person gives, at first and again when resuming a pause.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DialParams {
    /// szUserName.
    pub user: String,
    /// szDomain; sent as `DOMAIN\user` when not empty.
    pub domain: String,
    /// szPassword. Resuming PasswordExpired: the new password.
    pub password: Secret,
    /// szCallbackNumber: empty = no callback of ours, `*` = ask through the pause, else the number.
    pub callback_number: String,
}

/// When bytes of the line go to a person before PPP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TerminalMode {
    /// Text that waits for an answer opens the pause, PPP or silence goes on (default).
    #[default]
    Auto,
    /// RASEO_TerminalBeforeDial.
    BeforeDial,
    /// RASEO_TerminalAfterDial.
    AfterDial,
    /// As `AfterDial`, but PPP of the other end waits for the resume: who talks may still change the credentials.
    Script,
    /// Straight to PPP.
    Never,
}

/// Everything a dial needs to know before it starts.
#[derive(Clone, Debug)]
pub struct DialConfig {
    /// What to dial: phone number or empty where the line has only one other end.
    pub number: String,
    /// Name and type of the device, for ConnectDevice.
    pub device: String,
    /// User, password, callback number.
    pub params: DialParams,
    /// RDEOPT_PausedStates.
    pub pauses: bool,
    /// Wait for `Seen` after each notice (a C notifier must have returned).
    pub wait_seen: bool,
    /// Which notifier was given; resuming must name the same (87).
    pub notifier: u64,
    /// The terminal before PPP.
    pub terminal: TerminalMode,
    /// The line can be called back; only then option 13 is offered.
    pub callable: bool,
    /// How long a pause may last [10 min].
    pub pause_limit: Duration,
    /// `auto`: silence before LCP starts [3 s].
    pub silence: Duration,
    /// `auto`: quiet after an unfinished line before the pause [1 s].
    pub quiet: Duration,
    /// WaitForCallback after the asked delay [120 s].
    pub callback_wait: Duration,
    /// PPP's own configuration; the dial fills in credentials, role and callback.
    pub ppp: openras_ppp::Config,
}

/// Commands of a dial's owner. Each is answered by one [`Notice::Reply`], in order, except `Terminal`.
#[derive(Debug)]
pub enum Command {
    /// The second RasDial on the same handle. Interactive and RetryAuthentication take user, domain and
    /// password from it, PasswordExpired the (new) password, CallbackSetByCaller the callback number; the other
    /// members stay as they were. Answered by 6 once the dial is ending, 87 for another notifier, 756 where it
    /// is not paused, 704 for a callback number that is `*` again, none, or fits nothing the server offers.
    Resume {
        /// As in [`DialConfig::notifier`].
        notifier: u64,
        /// The person's input.
        params: DialParams,
    },
    /// The notice with this number, and all before it, has been handled. 87 for a number that was never given.
    Seen(u32),
    /// RasHangUp: in any state; PPP is closed politely. A second one waits for nothing. 6 once it has ended.
    HangUp,
    /// Bytes a person typed in the Interactive pause; dropped in any other state.
    Terminal(Vec<u8>),
}

/// What a dial tells its owner.
#[derive(Debug)]
pub enum Notice {
    /// A state, as a RASDIALFUNC1 would get it.
    State {
        /// Counts from 1; to be returned by [`Command::Seen`].
        seq: u32,
        /// The state about to be entered or, when paused or terminal, reached.
        state: ConnState,
        /// Nonzero dwError.
        error: Option<RasError>,
    },
    /// Bytes for the person's terminal, in the Interactive pause. Raw (defence rule 15 names this exception).
    Terminal(Vec<u8>),
    /// Something worth telling that is no state.
    Event(DialEvent),
    /// The result of a command: `Ok` or 6, 87, 704, 756.
    Reply(Result<(), RasError>),
    /// The dial is over (after Connected, or with an error).
    Ended(Box<DialEnd>),
}

/// Something worth telling that is no state. Texts come from outside: escape before showing.
#[derive(Debug)]
pub enum DialEvent {
    /// Text that came before PPP and asked nothing.
    Banner(String),
    /// A control packet.
    Packet(openras_ppp::event::Packet),
    /// The peer's LCP Identification.
    PeerIdentification(String),
    /// The server asked for no authentication.
    NoAuthentication,
    /// A message of the server that belongs to a success or refusal.
    Message(String),
    /// The server ends the session in so many seconds.
    TimeRemaining(u32, String),
    /// What was agreed (RasGetProjectionInfo).
    Projection(Box<Negotiated>),
}

/// How a dial ended.
#[derive(Debug)]
pub struct DialEnd {
    /// The RAS number; `None` after an orderly hang-up of ours.
    pub error: Option<RasError>,
    /// Whether Connected had been reached.
    pub was_connected: bool,
    /// One sentence that names the deciding packet or setting.
    pub why: String,
    /// One sentence that says what to try.
    pub remedy: String,
    /// The packet that decided it.
    pub packet: Option<openras_ppp::event::Packet>,
}

/// One dial attempt: a [`Machine`] over a [`line`](crate::line).
///
/// States come as [`Notice::State`] in the order of ras-states.md §3 (the order where that leaves it open is in
/// `linking`'s documentation). Before Connected, an error repeats the state with its number and the dial then
/// ends by itself: PPP is closed politely, the call hung up, the line given back, [`Notice::Ended`]. After
/// Connected there are no more states; the end is [`Notice::Ended`] alone.
///
/// | number | of our own choice |
/// |---|---|
/// | 638 | a pause lasted longer than [`DialConfig::pause_limit`] |
/// | 710 | more than 64 KiB came in while a notice was unseen |
/// | 722 | the line strips the eighth bit |
/// | 628 | the call ended where text was spoken, or without a Terminate-Request |
/// | 678 | the server did not call back within [`DialConfig::callback_wait`] |
///
/// After [`CallOutput::Ended`] nothing comes but [`Notice::Reply`] with 6 to commands that are still given.
pub struct Dial {
    core: Core,
    out: VecDeque<CallOutput<Notice>>,
}

enum Core {
    /// Nothing has happened yet: the time of the start is not known.
    New(Box<(DialConfig, [u8; 32])>),
    Running(Box<Running>),
}

impl Dial {
    /// A dial that has not started; the first tick (or any input) opens the port. All randomness comes from
    /// `seed`.
    pub fn new(config: DialConfig, seed: [u8; 32]) -> Self {
        Self { core: Core::New(Box::new((config, seed))), out: VecDeque::new() }
    }

    /// RasGetConnectStatus: the state and its error. Readable to the end: a failed dial keeps the state that
    /// failed, one that was connected or hung up is Disconnected.
    pub fn status(&self) -> (ConnState, Option<RasError>) {
        match &self.core {
            Core::New(_) => (ConnState::OPEN_PORT, None),
            Core::Running(running) => running.status(),
        }
    }
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (state, error) = self.status();
        f.debug_struct("Dial").field("state", &state).field("error", &error).finish_non_exhaustive()
    }
}

impl Watched for Dial {
    fn snapshot(&self) -> Snapshot {
        let stats = match &self.core {
            Core::New(_) => None,
            Core::Running(running) => running.stats(),
        };
        Snapshot { stats: stats.unwrap_or_default(), condition: None }
    }
}

impl Machine for Dial {
    type Input<'a> = CallInput<'a, Command>;
    type Output = CallOutput<Notice>;

    fn handle(&mut self, now: Instant, input: Self::Input<'_>) {
        if let Core::New(start) = &self.core {
            let (config, seed) = (**start).clone();
            self.core = Core::Running(Box::new(Running::start(config, seed, now)));
        }
        if let Core::Running(running) = &mut self.core {
            running.handle(now, input);
            running.give(&mut self.out);
        }
    }

    fn poll_output(&mut self) -> Option<Self::Output> {
        self.out.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match &self.core {
            Core::New(_) => None,
            Core::Running(running) => running.timeout(),
        }
    }
}
