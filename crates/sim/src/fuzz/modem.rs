//! The whole modem we play, for a computer on any of its lines and a network that says anything, on a clock of its own: it
//! neither spins nor hoards, dials what can be dialled, and ends when its computer goes or it is told to.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use openras_engine::RasError;
use openras_engine::modem::{Dce, Identity};
use openras_engine::rfc2217::Signals;
use openras_engine::telnet::{Config, Mode, Role, Telnet};
use openras_io::dce::{Attached, Computer, DceGauge, Over, Plain, SerialPort, run as play};
use openras_io::line::{Accepted, Paced, Told};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

mod ends;

use ends::{Cable, Network, Weighed};

/// What may wait for one of its lines: the high water of a line, and what one read may add to it as answers to `&V` and in telnet.
const MOST: usize = 64 * 1024 + 32 * 1024;
/// How often the modem may be woken in one step, which has at most [`STEP`] and [`ROOM`] octets: more is a modem that never rests.
const WOKEN: usize = 20_000;
/// The longest time that passes at once.
const STEP: Duration = Duration::from_secs(64);
/// What the computer's stream holds.
const ROOM: usize = 1024;
/// How long a computer without a call may say nothing, on lines where that counts.
const IDLE: Duration = Duration::from_secs(120);
/// What a modem that has to end may need for it.
const FAREWELL: Duration = Duration::from_secs(10);

/// Runs the body: three octets say what modem it is, the others are its story.
pub fn run(data: &[u8]) {
    let Some(([kind, speed, more], story)) = data.split_first_chunk::<3>() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let Ok(runtime) = runtime else { return };
    runtime.block_on(async {
        let speed =
            [None, Some(300), Some(2400), Some(33_600)].get(usize::from(speed & 3)).copied().flatten();
        let (near, far) = tokio::io::duplex(ROOM);
        let cable = Cable::new(*more & 2 != 0);
        let desk =
            Desk { far, telnet: None, cable: cable.clone(), idle: (*more & 1 != 0).then_some(IDLE), speed };
        match kind & 3 {
            0 => desk.of(Plain(Accepted::new(near, None))).tell(story).await,
            1 => {
                let config = Config { role: Role::Client, mode: Mode::Telnet, echo: false, com_port: true };
                let telnet = (*more & 4 != 0).then(|| Telnet::new(config));
                Desk { telnet, ..desk }.of(SerialPort::new(near, Some("192.0.2.1".into()))).tell(story).await;
            }
            _ => desk.of(Attached::new(cable, |_| {})).tell(story).await,
        }
    });
}

/// A modem before it is played.
struct Desk {
    /// The computer's end of its stream.
    far: DuplexStream,
    /// How the computer writes, where what it types goes through telnet; else its octets are telnet as they are.
    telnet: Option<Telnet>,
    cable: Cable,
    idle: Option<Duration>,
    speed: Option<u32>,
}

impl Desk {
    fn of(self, computer: impl Computer + 'static) -> Played {
        let Self { far, telnet, cable, idle, speed } = self;
        let now = Instant::now();
        let identity =
            Identity { speed: speed.unwrap_or(115_200), model: "fuzz".into(), version: "1".into() };
        let modem = Dce::new(identity, now.into_std());
        let (network, gauge, cancel) =
            (Network::default(), Arc::<DceGauge>::default(), CancellationToken::new());
        let computer = Weighed::new(computer);
        let behind = Weighed::new(Paced::new(network.clone(), speed));
        let weights = [computer.weight(), behind.weight()];
        let playing = Box::pin(play(modem, computer, behind, idle, gauge.clone(), cancel.clone()));
        Played { playing, far, telnet, cable, network, gauge, cancel, weights, reads: true, over: None }
    }
}

/// A modem, and what both ends do.
struct Played {
    playing: Pin<Box<dyn Future<Output = Over>>>,
    far: DuplexStream,
    telnet: Option<Telnet>,
    cable: Cable,
    network: Network,
    gauge: Arc<DceGauge>,
    cancel: CancellationToken,
    /// The most that waited for each line.
    weights: [ends::Weight; 2],
    /// The computer takes what it is told.
    reads: bool,
    over: Option<Over>,
}

impl Played {
    async fn tell(mut self, mut story: &[u8]) {
        self.pass(Duration::from_millis(10)).await;
        while let Some((&what, behind)) = story.split_first() {
            story = behind;
            match what {
                0x80..=0x86 => self.network.does(what & 7),
                0x87 => self.network.takes(false),
                0x88 => self.network.takes(true),
                0x89 => self.reads = !self.reads,
                0x8a => self.cable.tells(Told::Gone),
                0x8b => self.cable.tells(Told::Failed(RasError(651))),
                0x90..=0x9f => {
                    let signals =
                        Signals { dcd: what & 1 != 0, ri: what & 2 != 0, dsr: what & 4 != 0, cts: true };
                    self.cable.tells(Told::Signals(signals));
                }
                0xa0..=0xaf => self.pass(Duration::from_millis(1 << u32::from(what & 0xf)).min(STEP)).await,
                // octets of the other end of a call, a page of them each
                0xb0 => self.network.says(&[b'~'; 4096]),
                // so many octets of any value, telnet's and RFC 2217's among them
                0xb1 => {
                    let count =
                        story.split_off_first().map_or(0, |count| usize::from(*count)).min(story.len());
                    let (typed, behind) = story.split_at(count);
                    typed.iter().for_each(|octet| self.types(*octet));
                    story = behind;
                }
                _ => {
                    let end = story.iter().position(|octet| *octet >= 0x80).unwrap_or(story.len());
                    self.types(what);
                    for octet in story.get(..end).unwrap_or_default() {
                        self.types(*octet);
                    }
                    story = story.get(end..).unwrap_or_default();
                }
            }
            self.pass(Duration::from_millis(1)).await;
        }
        self.ends().await;
    }

    /// What does not fit is not typed: the computer is held back.
    fn types(&mut self, octet: u8) {
        self.cable.types(octet);
        let mut octets = Vec::new();
        match &mut self.telnet {
            Some(telnet) => telnet.send(&[octet], &mut octets),
            None => octets.push(octet),
        }
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        let _ = Pin::new(&mut self.far).poll_write(&mut cx, &octets);
    }

    /// Lets time pass, each deadline at its time.
    async fn pass(&mut self, time: Duration) {
        let mut woken = 0;
        let mut until = pin!(tokio::time::sleep(time));
        poll_fn(|cx| {
            woken += 1;
            assert!(woken < WOKEN, "it never rests");
            if self.over.is_none()
                && let Poll::Ready(over) = self.playing.as_mut().poll(cx)
            {
                self.over = Some(over);
            }
            self.take(cx);
            until.as_mut().poll(cx)
        })
        .await;
        self.is_right();
    }

    /// The computer reads all there is.
    fn take(&mut self, cx: &mut std::task::Context<'_>) {
        let mut memory = [0; 512];
        while self.reads {
            let mut buf = ReadBuf::new(&mut memory);
            let read = Pin::new(&mut self.far).poll_read(cx, &mut buf);
            if !matches!(read, Poll::Ready(Ok(()))) || buf.filled().is_empty() {
                return;
            }
            if let Some(telnet) = &mut self.telnet {
                let answer = telnet.receive(buf.filled()).answer;
                let _ = Pin::new(&mut self.far).poll_write(cx, &answer);
            }
        }
    }

    fn is_right(&self) {
        for weight in &self.weights {
            assert!(weight.most() <= MOST, "{} octets wait", weight.most());
        }
        let (reading, network) = (self.gauge.read(), self.network.seen());
        assert!(network.dialled.iter().all(|number| is_number(number)), "{:?}", network.dialled);
        assert_eq!(reading.dials, network.dialled.len() as u64);
        assert!(reading.calls <= network.connected, "{reading:?}");
        assert!(network.written as u64 <= reading.sent, "{reading:?}");
        if self.over.is_some() {
            assert_eq!(reading.state, None, "over, and shown as if it were not");
        }
    }

    /// However it was left, it ends when it has to, and both lines are given back.
    async fn ends(mut self) {
        (self.reads, self.over) = (true, self.over.take());
        self.cancel.cancel();
        self.pass(FAREWELL).await;
        assert!(self.over.is_some(), "it does not end");
    }
}

/// What can be dialled has an end and nothing that a line of a log could break at.
fn is_number(text: &str) -> bool {
    text.len() <= 255 && !text.chars().any(char::is_control)
}
