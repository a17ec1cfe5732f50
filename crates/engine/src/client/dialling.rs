//! Taking the line and placing the call: OpenPort to AllDevicesConnected, and what begins after each state.

use std::time::{Duration, Instant};

use crate::client::callback::{self, AwaitingCallback};
use crate::client::closing::{Failure, fail};
use crate::client::context::Context;
use crate::client::dial::TerminalMode;
use crate::client::linking::Linking;
use crate::client::login::Login;
use crate::client::params::CallbackWish;
use crate::client::phases::{Phase, Turn};
use crate::client::terminal::Terminal;
use crate::line::{LineEvent, LineOp};
use crate::{ConnState, RasError};

/// Longest wait for a line that says nothing about `Open`.
const OPEN_LIMIT: Duration = Duration::from_secs(30);
/// Longest wait for a line that says nothing about `Dial`; lines have their own, shorter ones.
const DIAL_LIMIT: Duration = Duration::from_secs(180);

/// What begins once the state announced for it has been seen.
pub(crate) enum Begin {
    /// OpenPort: take the line.
    OpenPort,
    /// PortOpened: the terminal before dialling, or ConnectDevice.
    UsePort,
    /// ConnectDevice: place the call.
    Dial,
    /// DeviceConnected: there is one device, so all are connected.
    AllDevices,
    /// AllDevicesConnected: terminal or PPP.
    UseLine,
    /// Authenticate or ReAuthenticate: PPP, with the bytes that came for it.
    Link {
        /// What the line has already brought, in order.
        early: Vec<u8>,
        /// PPP starts because nobody spoke; a prompt may still come (`terminal = auto`).
        after_silence: bool,
    },
    /// PrepareForCallback: hang up. The delay is in seconds.
    DropLine(u8),
    /// WaitForModemReset: wait for the asked delay, unless it has `rung` already.
    ResetModem {
        /// In seconds.
        delay: u8,
        /// It rang while the line was being dropped.
        rung: bool,
    },
    /// WaitForCallback: answer, at once if it has `rung` already.
    AwaitRing {
        /// It rang while the modem was resetting.
        rung: bool,
    },
}

impl Begin {
    pub(crate) fn run(self, cx: &mut Context) -> Phase {
        match self {
            Self::OpenPort => {
                cx.op(LineOp::Open);
                Phase::Opening(Opening { until: cx.now + OPEN_LIMIT })
            }
            Self::UsePort if cx.config.terminal == TerminalMode::BeforeDial => Terminal::before_dial(cx),
            Self::UsePort => connect_device(cx),
            Self::Dial => {
                cx.op(LineOp::Dial(cx.config.number.clone()));
                Phase::Dialling(Dialling { until: cx.now + DIAL_LIMIT })
            }
            Self::AllDevices => {
                cx.announce(ConnState::ALL_DEVICES_CONNECTED);
                Phase::About(Self::UseLine)
            }
            Self::UseLine => match cx.config.terminal {
                TerminalMode::Auto => Phase::Login(Login::new(cx)),
                TerminalMode::AfterDial | TerminalMode::Script => Terminal::after_dial(cx),
                TerminalMode::BeforeDial | TerminalMode::Never => link(Vec::new(), cx),
            },
            Self::Link { early, after_silence } => Linking::start(&early, after_silence, cx),
            Self::DropLine(delay) => callback::drop_line(delay, cx),
            Self::ResetModem { delay, rung } => {
                Phase::AwaitingCallback(AwaitingCallback::reset(delay, rung, cx))
            }
            Self::AwaitRing { rung } => Phase::AwaitingCallback(AwaitingCallback::wait(rung, cx)),
        }
    }
}

/// The beginning: a callback number that is none fails before anything is opened (704).
pub(crate) fn begin(cx: &mut Context) -> Phase {
    if let Err(error) = CallbackWish::parse(&cx.config.params.callback_number) {
        let number = Context::safe(&cx.config.params.callback_number);
        return fail(cx, Failure::new(error, format!("The callback number \"{number}\" is none.")), None);
    }
    cx.announce(ConnState::OPEN_PORT);
    Phase::About(Begin::OpenPort)
}

/// Announces ConnectDevice, then dials.
pub(crate) fn connect_device(cx: &mut Context) -> Phase {
    cx.announce(ConnState::CONNECT_DEVICE);
    Phase::About(Begin::Dial)
}

/// Announces Authenticate, then starts PPP with the bytes that came for it.
pub(crate) fn link(early: Vec<u8>, cx: &mut Context) -> Phase {
    cx.announce(ConnState::AUTHENTICATE);
    Phase::About(Begin::Link { early, after_silence: false })
}

/// Waits for `Opened`.
pub(crate) struct Opening {
    pub(crate) until: Instant,
}

impl Opening {
    pub(crate) fn line(self, event: &LineEvent<'_>, cx: &mut Context) -> Phase {
        match event {
            LineEvent::Opened => {
                cx.announce(ConnState::PORT_OPENED);
                Phase::About(Begin::UsePort)
            }
            LineEvent::Failed(error) => {
                let why = format!("{} could not be opened: {}", line_of(cx), error.sentence());
                fail(cx, Failure::new(*error, why), None)
            }
            LineEvent::Closed => {
                fail(cx, Failure::new(RasError::PORT_OR_DEVICE, "The line was taken away."), None)
            }
            _ => Phase::Opening(self),
        }
    }

    pub(crate) fn advance(self, cx: &mut Context) -> Turn {
        if cx.is_held() || cx.now < self.until {
            return Turn::Stay(Phase::Opening(self));
        }
        let why = format!("The line gave no answer within {} s.", OPEN_LIMIT.as_secs());
        Turn::Next(fail(cx, Failure::new(RasError::PORT_OR_DEVICE, why), None))
    }
}

/// Waits for `Connected`.
pub(crate) struct Dialling {
    pub(crate) until: Instant,
}

impl Dialling {
    pub(crate) fn line(self, event: &LineEvent<'_>, cx: &mut Context) -> Phase {
        let error = match event {
            LineEvent::Connected { .. } => {
                cx.announce(ConnState::DEVICE_CONNECTED);
                return Phase::About(Begin::AllDevices);
            }
            LineEvent::Failed(error) => *error,
            LineEvent::Disconnected => RasError::NO_CARRIER,
            LineEvent::Closed => RasError::PORT_OR_DEVICE,
            _ => return Phase::Dialling(self),
        };
        let why = format!("{} gave no connection: {}", called(cx), error.sentence());
        fail(cx, Failure::new(error, why), None)
    }

    pub(crate) fn advance(self, cx: &mut Context) -> Turn {
        if cx.is_held() || cx.now < self.until {
            return Turn::Stay(Phase::Dialling(self));
        }
        let why = format!("{} did not answer within {} s.", called(cx), DIAL_LIMIT.as_secs());
        Turn::Next(fail(cx, Failure::new(RasError::NO_ANSWER, why), None))
    }
}

/// What is opened, for a sentence.
fn line_of(cx: &Context) -> String {
    match cx.config.device.as_str() {
        "" => "The line".to_owned(),
        device => Context::safe(device),
    }
}

/// What was dialled, for a sentence.
fn called(cx: &Context) -> String {
    match (cx.config.number.as_str(), cx.config.device.as_str()) {
        ("", "") => "The line".to_owned(),
        ("", device) => Context::safe(device),
        (number, _) => format!("The number {}", Context::safe(number)),
    }
}
