//! A port with everything around it played: the line, the owner, the module and the clock.

use std::time::{Duration, Instant};

use openras_engine::server::Port;
use openras_engine::server::dialog::{AskLine, DialogCommand, DialogOutput, DialogVerdict, Echo};
use openras_engine::server::port::{Answer, Ask, Command, NameCheck, Notice, PortConfig, PortEnd, PortEvent};
use openras_engine::{CallInput, CallOutput, LineEvent, LineOp, RasError};
use openras_ppp::config::IpcpConfig;
use openras_ppp::{AuthMethod, Machine, Negotiated};

#[allow(clippy::disallowed_methods)] // the one place where these tests take the time from
pub(crate) fn t0() -> Instant {
    Instant::now()
}

pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A port with these modules that authenticates with PAP and gives addresses.
pub(crate) fn config(modules: &[&str]) -> PortConfig {
    let ipcp = IpcpConfig { local: Some([10, 64, 0, 1].into()), assign: true, ..IpcpConfig::default() };
    PortConfig {
        name: "line1/1".into(),
        modules: modules.iter().map(|&module| module.to_owned()).collect(),
        name_check: NameCheck::Require,
        dialog_limit: secs(300),
        // its own tests have it
        before_auth: secs(0),
        before_auth_most: secs(0),
        answer_limit: secs(30),
        answering_limit: secs(60),
        callback: false,
        callback_delay: secs(2),
        callback_tries: 3,
        callback_expiry: secs(120),
        login: openras_engine::server::login::LoginConfig::default(),
        ppp: openras_ppp::Config {
            authenticate_peer: vec![AuthMethod::Pap],
            ipcp: Some(ipcp),
            trace: true,
            ..openras_ppp::Config::default()
        },
    }
}

pub(crate) struct Bench {
    pub(crate) port: Port,
    pub(crate) now: Instant,
    /// What the line was told, writes aside.
    pub(crate) ops: Vec<LineOp>,
    /// What was written.
    pub(crate) sent: Vec<u8>,
    pub(crate) asks: Vec<Ask>,
    pub(crate) heard: Vec<DialogOutput>,
    pub(crate) events: Vec<PortEvent>,
    pub(crate) ups: Vec<Negotiated>,
    pub(crate) ip: Vec<Vec<u8>>,
    pub(crate) downs: Vec<PortEnd>,
    pub(crate) ended: usize,
    /// The line answers Open, Answer, HangUp and Close by itself.
    pub(crate) obliging: bool,
}

impl Bench {
    pub(crate) fn new(config: PortConfig) -> Self {
        Self {
            port: Port::new(config, [7; 32]),
            now: t0(),
            ops: Vec::new(),
            sent: Vec::new(),
            asks: Vec::new(),
            heard: Vec::new(),
            events: Vec::new(),
            ups: Vec::new(),
            ip: Vec::new(),
            downs: Vec::new(),
            ended: 0,
            obliging: true,
        }
    }

    /// A call that was just answered.
    pub(crate) fn answered(config: PortConfig) -> Self {
        let mut bench = Self::new(config);
        bench.tick();
        bench.line(LineEvent::Ring { caller: Some("5551212".into()) });
        assert!(bench.ops.contains(&LineOp::Answer));
        bench
    }

    /// A call whose first module's dialog has begun.
    pub(crate) fn begun(config: PortConfig) -> Self {
        let mut bench = Self::answered(config);
        bench.answer(Answer::Begun(Ok(())));
        bench
    }

    pub(crate) fn input(&mut self, input: CallInput<'_, Command>) {
        self.port.handle(self.now, input);
        self.drain();
    }

    pub(crate) fn line(&mut self, event: LineEvent<'_>) {
        self.input(CallInput::Line(event));
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.line(LineEvent::Bytes(bytes));
    }

    pub(crate) fn command(&mut self, command: Command) {
        self.input(CallInput::Command(command));
    }

    pub(crate) fn answer(&mut self, answer: Answer) {
        self.command(Command::Answer(answer));
    }

    pub(crate) fn dialog(&mut self, command: DialogCommand) {
        self.command(Command::Dialog(command));
    }

    pub(crate) fn receive(&mut self, max: usize, timeout: Option<u64>) {
        self.dialog(DialogCommand::Receive { max, timeout: timeout.map(secs), any: false });
    }

    pub(crate) fn ask_line(&mut self, prompt: &str, echo: Echo, timeout: Option<u64>) {
        let timeout = timeout.map(secs);
        self.dialog(DialogCommand::Ask(AskLine { prompt: prompt.into(), echo, max: 32, timeout }));
    }

    pub(crate) fn succeed(&mut self, user: &str) {
        self.dialog(DialogCommand::Complete(success(user, "")));
    }

    pub(crate) fn tick(&mut self) {
        self.input(CallInput::Tick);
    }

    /// Lets time pass, with a tick at each deadline.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        for _ in 0..10_000 {
            match self.port.poll_timeout().filter(|&until| until <= end) {
                Some(until) => {
                    self.now = self.now.max(until);
                    self.tick();
                }
                None => {
                    self.now = end;
                    return;
                }
            }
        }
        panic!("the port ticks without end");
    }

    pub(crate) fn drain(&mut self) {
        while let Some(output) = self.port.poll_output() {
            assert_eq!(self.ended, 0, "{output:?} after Ended");
            match output {
                CallOutput::Line(LineOp::Write(bytes)) => self.sent.extend(bytes),
                CallOutput::Line(op) => self.line_op(op),
                CallOutput::Ip(packet) => self.ip.push(packet),
                CallOutput::Up(agreed) => self.ups.push(*agreed),
                CallOutput::Notice(Notice::Ask(ask)) => self.asks.push(ask),
                CallOutput::Notice(Notice::Dialog(output)) => self.heard.push(output),
                CallOutput::Notice(Notice::Event(PortEvent::Down(end))) => self.downs.push(*end),
                CallOutput::Notice(Notice::Event(event)) => self.events.push(event),
                CallOutput::Ended => self.ended += 1,
            }
        }
    }

    fn line_op(&mut self, op: LineOp) {
        let reply = match op {
            LineOp::Open => Some(LineEvent::Opened),
            LineOp::Answer => Some(LineEvent::Connected { text: String::new() }),
            LineOp::HangUp => Some(LineEvent::Disconnected),
            LineOp::Close => Some(LineEvent::Closed),
            LineOp::Dial(_) | LineOp::Write(_) => None,
        };
        self.ops.push(op);
        if let Some(event) = reply.filter(|_| self.obliging) {
            self.port.handle(self.now, CallInput::Line(event));
        }
    }

    pub(crate) fn is_authenticating(&self) -> bool {
        self.events.iter().any(|event| matches!(event, PortEvent::Authenticating { .. }))
    }

    pub(crate) fn ends_heard(&self) -> usize {
        self.heard.iter().filter(|output| matches!(output, DialogOutput::End)).count()
    }

    /// What the module heard last.
    pub(crate) fn last_heard(&self) -> String {
        self.heard.last().map(heard).unwrap_or_default()
    }

    /// All the module heard, in words, secrets shown.
    pub(crate) fn all_heard(&self) -> Vec<String> {
        self.heard.iter().map(heard).collect()
    }

    /// The one end of the call; everything else must be over too.
    pub(crate) fn end(&self) -> &PortEnd {
        assert_eq!((self.downs.len(), self.ended), (1, 1), "one end: {:?}", self.downs);
        assert_eq!(self.port.poll_timeout(), None);
        &self.downs[0]
    }

    /// The number and the reason of the end.
    pub(crate) fn ended_with(&self, error: impl Into<Option<u32>>, word: &str) -> &PortEnd {
        let end = self.end();
        assert_eq!(end.error, error.into().map(RasError), "{end:?}");
        assert!(end.why.contains(word), "{word:?} in {:?}", end.why);
        assert!(end.why.ends_with('.') && end.remedy.ends_with('.'), "{end:?}");
        end
    }
}

pub(crate) fn success(user: &str, domain: &str) -> DialogVerdict {
    DialogVerdict::Success { user: user.into(), domain: domain.into() }
}

fn heard(output: &DialogOutput) -> String {
    let text = |secret: &openras_ppp::Secret| String::from_utf8_lossy(secret.expose()).into_owned();
    match output {
        DialogOutput::Received(secret) => format!("received {:?}", text(secret)),
        DialogOutput::Line(secret) => format!("line {:?}", text(secret)),
        DialogOutput::TimedOut => "timed out".into(),
        DialogOutput::Refused(number) => format!("refused {number}"),
        DialogOutput::End => "end".into(),
    }
}
