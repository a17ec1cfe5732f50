//! The world around one dial: a line with a delay, and a server behind it.

use std::collections::VecDeque;
use std::fmt::Write;
use std::time::{Duration, Instant};

use openras_engine::client::{
    Command, Dial, DialConfig, DialEnd, DialEvent, DialParams, Notice, TerminalMode,
};
use openras_engine::{CallInput, CallOutput, ConnState, LineEvent, LineOp, RasError};
use openras_ppp::{AuthMethod, Machine};

use crate::world::server::Server;

#[path = "server.rs"]
pub mod server;

/// The only look at a clock.
#[allow(clippy::disallowed_methods)]
fn t0() -> Instant {
    Instant::now()
}

pub const NOTIFIER: u64 = 7;
const DELAY: Duration = Duration::from_millis(10);

pub fn params(password: &str) -> DialParams {
    DialParams {
        user: "eva".into(),
        domain: String::new(),
        password: password.into(),
        callback_number: String::new(),
    }
}

pub fn config() -> DialConfig {
    DialConfig {
        number: "100".into(),
        device: "line".into(),
        params: params("secret"),
        pauses: true,
        wait_seen: false,
        notifier: NOTIFIER,
        terminal: TerminalMode::Never,
        callable: false,
        pause_limit: Duration::from_secs(600),
        silence: Duration::from_secs(3),
        quiet: Duration::from_secs(1),
        callback_wait: Duration::from_secs(120),
        ppp: openras_ppp::Config {
            authenticate_us: vec![AuthMethod::MsChapV2, AuthMethod::ChapMd5, AuthMethod::Pap],
            ..openras_ppp::Config::default()
        },
    }
}

/// What the line tells the dial, owned.
#[derive(Clone, Debug)]
pub enum Told {
    Bytes(Vec<u8>),
    Event(LineEvent<'static>),
}

/// What the line makes of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    Works,
    Silent,
    Fails(u32),
}

pub struct World {
    pub dial: Dial,
    pub now: Instant,
    start: Instant,
    coming: VecDeque<(Instant, Told)>,
    pub on_open: Line,
    pub on_dial: Line,
    pub server: Option<Server>,
    /// Every state, as `5` or `4097:691`.
    pub states: String,
    pub seq: u32,
    pub auto_seen: bool,
    pub events: Vec<DialEvent>,
    pub replies: Vec<Result<(), RasError>>,
    pub terminal: Vec<u8>,
    pub written: Vec<u8>,
    pub ops: Vec<LineOp>,
    pub ups: usize,
    pub ip: Vec<Vec<u8>>,
    pub end: Option<DialEnd>,
    pub ended: bool,
    /// The call stands.
    pub up: bool,
    /// The line hands over at most so many bytes at once.
    pub cut: usize,
    /// A state came with an error that ends the dial.
    pub failed: bool,
    /// The line answers nothing any more.
    pub mute: bool,
    config: DialConfig,
}

impl World {
    pub fn new(config: DialConfig, server: Option<Server>) -> Self {
        let now = t0();
        Self {
            auto_seen: config.wait_seen,
            dial: Dial::new(config.clone(), [3; 32]),
            now,
            start: now,
            coming: VecDeque::new(),
            on_open: Line::Works,
            on_dial: Line::Works,
            server,
            states: String::new(),
            seq: 0,
            events: vec![],
            replies: vec![],
            terminal: vec![],
            written: vec![],
            ops: vec![],
            ups: 0,
            ip: vec![],
            end: None,
            ended: false,
            up: false,
            cut: usize::MAX,
            failed: false,
            mute: false,
            config,
        }
    }

    /// The same world, not yet begun, with another configuration.
    pub fn remade(self, change: impl FnOnce(&mut DialConfig)) -> Self {
        let mut config = self.config;
        change(&mut config);
        Self::new(config, self.server)
    }

    /// Starts, and runs to the next rest.
    pub fn started(config: DialConfig, server: Option<Server>) -> Self {
        let mut world = Self::new(config, server);
        world.input(CallInput::Tick);
        world.rest();
        world
    }

    pub fn elapsed(&self) -> Duration {
        self.now - self.start
    }

    pub fn status(&self) -> (ConnState, Option<RasError>) {
        self.dial.status()
    }

    pub fn error(&self) -> Option<u32> {
        self.end.as_ref().and_then(|end| end.error).map(|error| error.0)
    }

    pub fn tell(&mut self, told: Told) {
        self.coming.push_back((self.now, told));
        self.run(Duration::ZERO);
    }

    pub fn say(&mut self, bytes: &[u8]) {
        self.tell(Told::Bytes(bytes.to_vec()));
    }

    pub fn command(&mut self, command: Command) {
        self.input(CallInput::Command(command));
    }

    /// The last reply to this command.
    pub fn ask(&mut self, command: Command) -> Result<(), u32> {
        self.replies.clear();
        self.command(command);
        self.replies.pop().expect("every command but Terminal has a reply").map_err(|error| error.0)
    }

    pub fn resume(&mut self, params: DialParams) -> Result<(), u32> {
        self.ask(Command::Resume { notifier: NOTIFIER, params })
    }

    pub fn input(&mut self, input: CallInput<'_, Command>) {
        self.dial.handle(self.now, input);
        self.drain();
    }

    /// Runs until the dial is paused, connected or over, at most half an hour.
    pub fn rest(&mut self) {
        let until = self.now + Duration::from_secs(1800);
        while self.now < until && !self.rests() && self.step(until) {}
    }

    pub fn rests(&self) -> bool {
        let (state, _) = self.status();
        self.ended
            || ((state.is_paused() || state == ConnState::CONNECTED) && self.end.is_none() && !self.failed)
    }

    /// Runs for so long.
    pub fn run(&mut self, duration: Duration) {
        let until = self.now + duration;
        let mut steps = 0;
        while self.step(until) {
            steps += 1;
            assert!(steps < 200_000, "the dial spins in {}", self.states);
        }
        self.now = until;
    }

    /// The next thing that happens, if it happens by `until`.
    pub fn step(&mut self, until: Instant) -> bool {
        let server = self.server.as_ref().and_then(Server::timeout);
        let coming = self.coming.iter().map(|(at, _)| *at).min();
        let due = [self.dial.poll_timeout(), server, coming].into_iter().flatten().min();
        let Some(due) = due.filter(|due| *due <= until && !self.ended) else { return false };
        self.now = self.now.max(due);
        if let Some(at) = self.coming.iter().position(|(at, _)| *at <= self.now) {
            let (_, told) = self.coming.remove(at).unwrap();
            self.deliver(told);
        } else if server.is_some_and(|at| at <= self.now) {
            self.server.as_mut().unwrap().tick(self.now);
            self.serve();
        } else {
            self.input(CallInput::Tick);
            let again = self.dial.poll_timeout().is_some_and(|at| at < self.now);
            assert!(!again, "a tick at the deadline moves it ({})", self.states);
        }
        true
    }

    fn deliver(&mut self, told: Told) {
        match told {
            Told::Bytes(bytes) if self.up => self.input(CallInput::Line(LineEvent::Bytes(&bytes))),
            Told::Bytes(_) => {}
            Told::Event(event) => {
                self.up = match event {
                    LineEvent::Connected { .. } => true,
                    LineEvent::Disconnected | LineEvent::Closed => false,
                    _ => self.up,
                };
                if let (LineEvent::Connected { .. }, Some(server)) = (&event, &mut self.server) {
                    server.connected(self.now);
                }
                if let (LineEvent::Disconnected, Some(server)) = (&event, &mut self.server) {
                    server.disconnected(self.now);
                }
                self.input(CallInput::Line(event));
                self.serve();
            }
        }
    }

    fn later(&mut self, event: LineEvent<'static>) {
        if self.mute {
            return;
        }
        self.coming.push_back((self.now + DELAY, Told::Event(event)));
    }

    fn drain(&mut self) {
        while let Some(output) = self.dial.poll_output() {
            match output {
                CallOutput::Line(op) => self.op(op),
                CallOutput::Ip(packet) => {
                    assert!(self.ups > 0, "IP before Up");
                    self.ip.push(packet);
                }
                CallOutput::Up(_) => {
                    assert_eq!(self.status().0, ConnState::CONNECTED, "IP is up before Connected");
                    self.ups += 1;
                }
                CallOutput::Notice(notice) => self.notice(notice),
                CallOutput::Ended => {
                    assert!(!self.ended && self.end.is_some(), "Ended twice or without a reason");
                    self.ended = true;
                }
            }
        }
    }

    fn notice(&mut self, notice: Notice) {
        match notice {
            Notice::State { seq, state, error } => {
                assert_eq!(seq, self.seq + 1, "notices count from 1");
                assert!(self.end.is_none(), "a state after the end");
                self.seq = seq;
                assert!(state != ConnState::CONNECTED || self.ups > 0, "Connected before IP is up");
                let again = self
                    .states
                    .rsplit(' ')
                    .next()
                    .is_some_and(|last| last.split(':').next() == Some(state.0.to_string().as_str()));
                let asks = matches!(state, ConnState::RETRY_AUTHENTICATION | ConnState::PASSWORD_EXPIRED);
                self.failed |= error.is_some() && (again || !asks);
                let gap = if self.states.is_empty() { "" } else { " " };
                write!(self.states, "{gap}{}", state.0).unwrap();
                if let Some(error) = error {
                    write!(self.states, ":{}", error.0).unwrap();
                }
                if self.auto_seen {
                    self.dial.handle(self.now, CallInput::Command(Command::Seen(seq)));
                }
            }
            Notice::Terminal(bytes) => self.terminal.extend(bytes),
            Notice::Event(event) => self.events.push(event),
            Notice::Reply(result) => self.replies.push(result),
            Notice::Ended(end) => {
                assert!(!end.why.is_empty() && !end.remedy.is_empty());
                self.end = Some(*end);
            }
        }
    }

    fn op(&mut self, op: LineOp) {
        assert!(!self.ended, "an operation after the end");
        self.ops.push(op.clone());
        match op {
            LineOp::Open => self.outcome(self.on_open, LineEvent::Opened),
            LineOp::Answer
                if self.server.as_mut().is_some_and(|server| std::mem::take(&mut server.rings_again)) =>
            {
                self.later(LineEvent::Failed(RasError::NO_CARRIER));
                let again = self.now + Duration::from_secs(30);
                self.coming.push_back((again, Told::Event(LineEvent::Ring { caller: None })));
            }
            LineOp::Dial(_) | LineOp::Answer => {
                self.outcome(self.on_dial, LineEvent::Connected { text: String::new() });
            }
            LineOp::Write(bytes) => {
                self.written.extend_from_slice(&bytes);
                if let Some(server) = self.server.as_mut().filter(|_| self.up) {
                    server.bytes(self.now, &bytes);
                    self.serve();
                }
            }
            LineOp::HangUp if self.up => self.later(LineEvent::Disconnected),
            LineOp::HangUp => {}
            LineOp::Close => self.later(LineEvent::Closed),
        }
    }

    /// Carries what the server said when it was told something from outside.
    pub fn serve_now(&mut self) {
        self.serve();
    }

    fn outcome(&mut self, how: Line, event: LineEvent<'static>) {
        match how {
            Line::Works => self.later(event),
            Line::Silent => {}
            Line::Fails(error) => self.later(LineEvent::Failed(RasError(error))),
        }
    }

    /// Carries what the server has to say.
    fn serve(&mut self) {
        let Some(server) = &mut self.server else { return };
        for bytes in server.poll(self.now) {
            let chunks = bytes.chunks(self.cut.min(bytes.len().max(1)));
            self.coming.extend(chunks.map(|chunk| (self.now + DELAY, Told::Bytes(chunk.to_vec()))));
        }
        if std::mem::take(&mut server.drops_line) {
            self.coming.push_back((self.now + 2 * DELAY, Told::Event(LineEvent::Disconnected)));
        }
        if let Some(wait) = server.calls_back_in.take() {
            self.coming.push_back((self.now + wait, Told::Event(LineEvent::Ring { caller: None })));
        }
    }
}
