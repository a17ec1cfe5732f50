//! A modem, driven: the line's operations become commands and signals, what the modem says becomes the line's events.
//!
//! A modem that does not answer is brought back by itself: asked again, then by DTR, then by the escape; only when all that has
//! failed it is given up, and whoever has the line opens it again later.

mod calls;
mod ending;
mod setting_up;
#[cfg(test)]
mod tests;
mod trouble;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::{LineOp, RasError};
use openras_ppp::Machine;

use super::response::{Response, Speech, Words};
use crate::rfc2217::Signals;
use calls::{Idle, Placing};
use ending::Ending;
use setting_up::SettingUp;
pub use trouble::Trouble;

/// How a modem is driven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Sent one by one before anything else, each answered with OK.
    pub init: Vec<String>,
    /// Sent behind them where calls are ended by the escape, which they may have switched off; empty for nothing.
    pub escape: String,
    /// Asked behind those, such as ATI; whatever the answer is, and none, nothing depends on it.
    pub ask: Vec<String>,
    /// The words of its answers, as the init strings have set them.
    pub words: Words,
    /// What dials; the number follows.
    pub dial: String,
    /// What answers.
    pub answer: String,
    /// Rings before a call is told; 2 where the number of the caller comes between the first and the second.
    pub rings: u8,
    /// How the end of a call is seen.
    pub carrier: Carrier,
    /// How a call is ended.
    pub hang_up: HangUp,
    /// How long a call may take to stand, from the last digit or the answer. The modem's own S7 should be shorter.
    pub patience: Duration,
    /// How often an idle modem is set up anew, to find one that has died.
    pub check_every: Duration,
}

impl Default for Settings {
    /// What any modem with V.250's commands takes.
    fn default() -> Self {
        Self {
            init: ["AT", "AT&F", "ATE0V1Q0X4", "AT&C1&D2", "ATS0=0S2=255S7=60"].map(str::to_owned).to_vec(),
            escape: "ATS2=43".into(),
            ask: Vec::new(),
            words: Words::Text,
            dial: "ATDT".into(),
            answer: "ATA".into(),
            rings: 1,
            carrier: Carrier::Dcd,
            hang_up: HangUp::Dtr,
            patience: Duration::from_secs(75),
            check_every: Duration::from_secs(3600),
        }
    }
}

/// How the end of a call is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// By the signal DCD; by the text as long as the cable has not shown a DCD.
    Dcd,
    /// By the text NO CARRIER with silence behind it, where the cable has no DCD.
    Text,
}

/// How a call is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HangUp {
    /// By the signal DTR; by the escape where that does not help, or the device has no signals.
    Dtr,
    /// By the escape, where the cable has no DTR.
    Escape,
}

/// What happens to the driver.
#[derive(Debug)]
pub enum DriverInput<'a> {
    /// From whoever has the line.
    Op(LineOp),
    /// From the serial port.
    Device(DeviceEvent<'a>),
    /// The deadline has come.
    Tick,
}

/// What the serial port tells.
#[derive(Clone, Copy, Debug)]
pub enum DeviceEvent<'a> {
    /// It is ours. `None`: it has no signals, and DTR does nothing.
    Opened(Option<Signals>),
    /// It cannot be opened.
    Failed(RasError),
    /// Octets of the modem.
    Bytes(&'a [u8]),
    /// The modem's signals, whenever they change.
    Signals(Signals),
    /// It has been unplugged.
    Gone,
    /// It is given back.
    Closed,
}

/// What the driver wants of the serial port. They are done in order: a signal changes after what was written has gone out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceOp {
    /// Take it: [`DeviceEvent::Opened`] or [`DeviceEvent::Failed`].
    Open,
    /// Send octets.
    Write(Vec<u8>),
    /// Switch Data Terminal Ready.
    Dtr(bool),
    /// Give it back: [`DeviceEvent::Closed`].
    Close,
}

/// [`crate::LineEvent`] with its octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The modem is ready.
    Opened,
    /// A call comes in.
    Ring {
        /// Its number, where the modem told it.
        caller: Option<String>,
    },
    /// The call stands.
    Connected {
        /// The modem's CONNECT.
        text: String,
    },
    /// Octets of the other end.
    Bytes(Vec<u8>),
    /// The call has ended.
    Disconnected,
    /// The last operation failed.
    Failed(RasError),
    /// The line is given back, or its device is gone.
    Closed,
}

/// What the driver wants done or known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DriverOutput {
    /// For the serial port.
    Device(DeviceOp),
    /// For whoever has the line.
    Event(Event),
    /// What was said, for a person who looks on: us to the modem (`true`), or it to us. From outside: escape before showing.
    Said(bool, String),
    /// What is wrong with the modem; `None` when it is well again.
    Trouble(Option<Trouble>),
}

/// The driver. See [`Machine`] for how it is used.
#[derive(Debug)]
pub struct Driver {
    cx: Context,
    state: State,
}

/// What all states share.
#[derive(Debug)]
struct Context {
    settings: Settings,
    now: Instant,
    out: VecDeque<DriverOutput>,
    speech: Speech,
    signals: Signals,
    /// The device has signals.
    has_signals: bool,
    /// The state's deadline.
    until: Option<Instant>,
    /// What was ordered while the modem was set up.
    waiting: Option<LineOp>,
    troubled: bool,
}

#[derive(Debug)]
enum State {
    Closed,
    /// The device is being opened.
    Opening,
    SettingUp(SettingUp),
    Idle(Idle),
    /// Dialling or answering.
    Placing(Placing),
    Online(calls::Online),
    Ending(Ending),
    /// The device is being closed.
    Closing,
}

impl Driver {
    /// A modem whose device is closed.
    pub fn new(settings: Settings, now: Instant) -> Self {
        let speech = Speech::new(settings.words);
        let cx = Context {
            settings,
            now,
            out: VecDeque::new(),
            speech,
            signals: Signals::default(),
            has_signals: true,
            until: None,
            waiting: None,
            troubled: false,
        };
        Self { cx, state: State::Closed }
    }

    /// Whether octets of the device are the other end's and need not be looked at: a call stands and its end is seen by DCD.
    pub fn passes_through(&self) -> bool {
        matches!(&self.state, State::Online(online) if online.passes_through()) && self.cx.sees_carrier()
    }

    /// Whether a call stands: what is read goes to its owner.
    pub fn is_online(&self) -> bool {
        matches!(self.state, State::Online(_))
    }

    /// Whether nothing goes on: no call, no ring, no command that waits for its answer.
    pub fn is_idle(&self) -> bool {
        matches!(&self.state, State::Idle(idle) if idle.is_quiet())
    }

    fn device(&mut self, event: DeviceEvent<'_>) {
        let cx = &mut self.cx;
        match (event, &mut self.state) {
            (DeviceEvent::Opened(signals), State::Opening) => {
                cx.has_signals = signals.is_some();
                cx.signals = signals.unwrap_or_default();
                cx.device(DeviceOp::Dtr(true));
                self.state = SettingUp::first(cx);
            }
            (DeviceEvent::Failed(error), State::Opening) => {
                cx.event(Event::Failed(error));
                self.state = State::Closed;
            }
            (DeviceEvent::Closed, State::Closing) => {
                cx.event(Event::Closed);
                self.state = State::Closed;
            }
            (DeviceEvent::Closed | DeviceEvent::Gone, State::Closed | State::Opening) => {}
            (DeviceEvent::Closed | DeviceEvent::Gone, _) => self.gone(),
            (DeviceEvent::Signals(signals), _) => {
                let before = std::mem::replace(&mut cx.signals, signals);
                self.signals(before);
            }
            (DeviceEvent::Bytes(bytes), _) => self.bytes(bytes),
            (DeviceEvent::Opened(_) | DeviceEvent::Failed(_), _) => {}
        }
    }

    fn gone(&mut self) {
        let cx = &mut self.cx;
        cx.trouble(Trouble::Gone);
        cx.until = None;
        cx.waiting = None;
        if matches!(self.state, State::Online(_)) {
            cx.event(Event::Disconnected);
        }
        cx.event(Event::Closed);
        self.state = State::Closed;
    }

    fn signals(&mut self, before: Signals) {
        let cx = &mut self.cx;
        let next = match &mut self.state {
            State::Idle(idle) if cx.signals.ri && !before.ri => {
                idle.rang_by_signal(cx);
                None
            }
            State::SettingUp(setting) if cx.signals.ri && !before.ri => {
                setting.rang_by_signal(cx);
                None
            }
            State::Online(_) if before.dcd && !cx.signals.dcd && cx.settings.carrier == Carrier::Dcd => {
                cx.event(Event::Disconnected);
                Some(Ending::after_the_other(cx))
            }
            State::Ending(ending) => ending.signals(cx),
            _ => None,
        };
        self.enter(next);
    }

    fn bytes(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if let State::Online(online) = &mut self.state {
                let next = online.bytes(&mut self.cx, bytes);
                self.enter(next);
                return;
            }
            let Some(response) = self.cx.speech.next_response(&mut bytes) else { return };
            // what still comes of a call that ends is no word of the modem's
            if !matches!((&self.state, &response), (State::Ending(_), Response::Other(_))) {
                self.cx.heard(&response);
            }
            let cx = &mut self.cx;
            let next = match &mut self.state {
                State::SettingUp(setting) => setting.heard(response, cx),
                State::Idle(idle) => idle.heard(&response, cx),
                State::Placing(placing) => placing.heard(response, cx),
                State::Ending(ending) => ending.heard(&response, cx),
                _ => None,
            };
            self.enter(next);
        }
    }

    fn op(&mut self, op: LineOp) {
        let cx = &mut self.cx;
        match (op, &mut self.state) {
            (LineOp::Open, State::Closed) => {
                cx.device(DeviceOp::Open);
                self.state = State::Opening;
            }
            (LineOp::Close, State::Closed) => cx.event(Event::Closed),
            (LineOp::Close, State::Closing) => {}
            // without DTR nothing but the escape ends the call, and a modem that is hanging up goes on with it
            (LineOp::Close, State::Ending(ending)) if cx.hangs_up_by() == HangUp::Escape => {
                ending.then_close()
            }
            (LineOp::Close, State::Online(_)) if cx.hangs_up_by() == HangUp::Escape => {
                self.state = Ending::of_a_line(cx);
            }
            (LineOp::Close, _) => self.state = cx.close(),
            (LineOp::Write(octets), State::Online(_)) => cx.device(DeviceOp::Write(octets)),
            (LineOp::Write(_), _) => {}
            (LineOp::Dial(number), State::Idle(_)) => {
                let next = Placing::dial(&number, cx);
                self.enter(next);
            }
            (LineOp::Answer, State::Idle(_)) => self.state = Placing::answer(cx),
            // the modem is not ready for it yet; it will be
            (op @ (LineOp::Dial(_) | LineOp::Answer), State::SettingUp(setting)) if setting.is_open() => {
                cx.waiting = Some(op);
            }
            (op @ (LineOp::Dial(_) | LineOp::Answer), State::Ending(_)) => cx.waiting = Some(op),
            (LineOp::Open | LineOp::Dial(_) | LineOp::Answer, _) => {
                cx.event(Event::Failed(RasError::PORT_NOT_OPEN));
            }
            (LineOp::HangUp, State::Online(_)) => self.state = Ending::of_a_call(cx),
            (LineOp::HangUp, State::Placing(_)) => self.state = Ending::of_an_attempt(cx),
            (LineOp::HangUp, State::Ending(ending)) => ending.wanted(),
            (LineOp::HangUp, _) => {
                cx.waiting = None;
                cx.event(Event::Disconnected);
            }
        }
    }

    fn tick(&mut self) {
        let cx = &mut self.cx;
        if cx.until.is_none_or(|until| until > cx.now) {
            return;
        }
        cx.until = None;
        let next = match &mut self.state {
            State::SettingUp(setting) => setting.tick(cx),
            State::Idle(idle) => idle.tick(cx),
            State::Placing(placing) => placing.tick(cx),
            State::Online(online) => online.tick(cx),
            State::Ending(ending) => ending.tick(cx),
            State::Closed | State::Opening | State::Closing => None,
        };
        self.enter(next);
    }

    fn enter(&mut self, next: Option<State>) {
        let Some(next) = next else { return };
        self.state = next;
        // what was ordered before the modem was ready
        if matches!(self.state, State::Idle(_))
            && let Some(op) = self.cx.waiting.take()
        {
            self.op(op);
        }
    }
}

impl Context {
    fn device(&mut self, op: DeviceOp) {
        self.out.push_back(DriverOutput::Device(op));
    }

    /// Gives the device back.
    fn close(&mut self) -> State {
        self.device(DeviceOp::Dtr(false));
        self.device(DeviceOp::Close);
        self.until = None;
        self.waiting = None;
        State::Closing
    }

    fn event(&mut self, event: Event) {
        self.out.push_back(DriverOutput::Event(event));
    }

    /// Sends a command, which ends with CR.
    fn command(&mut self, command: &str) {
        self.out.push_back(DriverOutput::Said(true, command.to_owned()));
        self.device(DeviceOp::Write(format!("{command}\r").into_bytes()));
    }

    fn heard(&mut self, response: &super::Response) {
        self.out.push_back(DriverOutput::Said(false, response.to_string()));
    }

    fn trouble(&mut self, trouble: Trouble) {
        self.troubled = true;
        self.out.push_back(DriverOutput::Trouble(Some(trouble)));
    }

    fn well(&mut self) {
        if std::mem::take(&mut self.troubled) {
            self.out.push_back(DriverOutput::Trouble(None));
        }
    }

    /// Whether DCD tells how long this call stands.
    fn sees_carrier(&self) -> bool {
        self.settings.carrier == Carrier::Dcd && self.has_signals && self.signals.dcd
    }

    fn hangs_up_by(&self) -> HangUp {
        if self.has_signals { self.settings.hang_up } else { HangUp::Escape }
    }

    /// The init string with this number.
    fn init(&self, at: usize) -> Option<String> {
        let escape = Some(&self.settings.escape)
            .filter(|escape| !escape.is_empty() && self.hangs_up_by() == HangUp::Escape);
        self.settings.init.iter().chain(escape).chain(&self.settings.ask).nth(at).cloned()
    }

    /// Whether the init string with this number is only a question.
    fn is_question(&self, at: usize) -> bool {
        self.init(at + self.settings.ask.len()).is_none()
    }

    fn wait(&mut self, time: Duration) {
        self.until = self.now.checked_add(time);
    }
}

impl Machine for Driver {
    type Input<'a> = DriverInput<'a>;
    type Output = DriverOutput;

    fn handle(&mut self, now: Instant, input: DriverInput<'_>) {
        self.cx.now = now;
        match input {
            DriverInput::Op(op) => self.op(op),
            DriverInput::Device(event) => self.device(event),
            DriverInput::Tick => {}
        }
        self.tick();
    }

    fn poll_output(&mut self) -> Option<DriverOutput> {
        self.cx.out.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.cx.until
    }
}
