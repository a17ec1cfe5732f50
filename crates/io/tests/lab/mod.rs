//! PPP over a line without dialogs or dial states: just enough to have a link under the drivers.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::time::Instant;

use openras_engine::exchange::Settings;
use openras_engine::{CallInput, CallOutput, LineEvent, LineOp, Snapshot, Watched};
use openras_io::capture::Capture;
use openras_io::driver::{Ends, Outcome, Tap, run};
use openras_io::line::{ExchangeHandle, Line, TcpDial, TcpListener};
use openras_io::net::IpPort;
use openras_io::net::loopback::{FarEnd, LoopbackHandle, loopback};
use openras_ppp::config::{IpcpConfig, Role};
use openras_ppp::{Answer, Ask, CloseReason, Command, Config, Event, Input, Machine, Output, Ppp};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The answering end's address.
pub(crate) const SERVER: Ipv4Addr = Ipv4Addr::new(10, 64, 0, 1);
const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 64, 0, 2);

/// One end: opens, dials or answers, speaks PPP, closes.
struct End {
    ppp: Ppp,
    caller: bool,
    out: VecDeque<CallOutput<Event>>,
}

impl End {
    fn new(caller: bool) -> Self {
        let role = if caller { Role::Caller } else { Role::Answerer };
        let local = (!caller).then_some(SERVER);
        let ipcp = Some(IpcpConfig { local, assign: !caller, ..IpcpConfig::default() });
        let config = Config { role, ipcp, ..Config::default() };
        let ppp = Ppp::new(config, [u8::from(caller); 32]);
        Self { ppp, caller, out: VecDeque::from([CallOutput::Line(LineOp::Open)]) }
    }

    fn feed(&mut self, now: Instant, input: Input<'_>) {
        self.ppp.handle(now, input);
        let mut answers = Vec::new();
        while let Some(output) = self.ppp.poll_output() {
            self.out.push_back(match output {
                Output::Line(bytes) => CallOutput::Line(LineOp::Write(bytes)),
                Output::Ip(packet) => CallOutput::Ip(packet),
                Output::Event(Event::Up(up) | Event::Network(up)) => CallOutput::Up(up),
                Output::Event(Event::Ask(ask)) => {
                    answers.extend(answer(&ask));
                    continue;
                }
                Output::Event(Event::Down(_)) => CallOutput::Line(LineOp::Close),
                Output::Event(event) => CallOutput::Notice(event),
            });
        }
        for answer in answers {
            self.feed(now, Input::Command(Command::Answer(answer)));
        }
    }
}

fn answer(ask: &Ask) -> Option<Answer> {
    match ask {
        Ask::Admit { .. } => Some(Answer::Admit(Default::default())),
        Ask::Address { .. } => Some(Answer::Address(Some(CLIENT))),
        _ => None,
    }
}

impl Watched for End {
    fn snapshot(&self) -> Snapshot {
        Snapshot { stats: *self.ppp.stats(), condition: None }
    }
}

impl Machine for End {
    type Input<'a> = CallInput<'a, Command>;
    type Output = CallOutput<Event>;

    fn handle(&mut self, now: Instant, input: CallInput<'_, Command>) {
        let op = match input {
            CallInput::Line(LineEvent::Opened) if self.caller => LineOp::Dial("200".into()),
            CallInput::Line(LineEvent::Ring { .. }) => LineOp::Answer,
            CallInput::Line(LineEvent::Connected { .. }) => {
                self.feed(now, Input::LineUp);
                return self.feed(now, Input::Command(Command::Open));
            }
            CallInput::Line(LineEvent::Bytes(bytes)) => return self.feed(now, Input::Line(bytes)),
            CallInput::Line(LineEvent::Disconnected | LineEvent::Failed(_)) => LineOp::Close,
            CallInput::Line(LineEvent::Closed) => return self.out.push_back(CallOutput::Ended),
            CallInput::Line(_) => return,
            CallInput::Ip(packet) => return self.feed(now, Input::Ip(packet)),
            CallInput::Command(command) => return self.feed(now, Input::Command(command)),
            CallInput::Tick => return self.feed(now, Input::Tick),
        };
        self.out.push_back(CallOutput::Line(op));
    }

    fn poll_output(&mut self) -> Option<CallOutput<Event>> {
        self.out.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.ppp.poll_timeout()
    }
}

/// A running end; dropping `commands` ends it politely.
pub(crate) struct Running {
    pub(crate) ip: LoopbackHandle,
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) task: JoinHandle<Outcome>,
}

fn start(line: impl Line + 'static, caller: bool, tap: Option<Box<dyn Tap>>) -> Running {
    let (port, ip) = loopback(FarEnd::Host);
    let (commands, orders) = mpsc::channel(1);
    // nobody wants the notices
    let (notices, _) = mpsc::channel::<Event>(1);
    let farewell = || Command::Close(CloseReason::User);
    let ends = Ends {
        commands: orders,
        notices,
        cancel: CancellationToken::new(),
        farewell,
        tap,
        gauge: Default::default(),
    };
    let port: Box<dyn IpPort> = Box::new(port);
    let task = tokio::spawn(run(End::new(caller), line, port, ends));
    Running { ip, commands, task }
}

/// Caller and answerer over an exchange; the caller's frames go to the capture, if there is one.
pub(crate) async fn over_exchange(capture: Option<Capture>) -> (Running, Running) {
    let exchange = ExchangeHandle::start(Settings::default());
    let answerer = start(exchange.phone(Some("200")), false, None);
    let tap = capture.map(|capture| Box::new(capture) as Box<dyn Tap>);
    let caller = start(exchange.phone(Some("100")), true, tap);
    both_up(caller, answerer).await
}

/// Caller and answerer over a TCP connection.
pub(crate) async fn over_tcp() -> (Running, Running) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let caller = start(TcpDial::new(listener.local_addr().unwrap().to_string()), true, None);
    let answerer = start(listener.accept().await, false, None);
    both_up(caller, answerer).await
}

async fn both_up(caller: Running, answerer: Running) -> (Running, Running) {
    caller.ip.until_up().await.unwrap();
    answerer.ip.until_up().await.unwrap();
    (caller, answerer)
}
