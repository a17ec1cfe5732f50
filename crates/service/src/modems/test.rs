//! `openras line test`: a modem is set up, asked who it is, and told to place a call; all that is said is told, for a report.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use openras_engine::modem::{DeviceOp, Settings};
use openras_engine::rfc2217::Signals;
use openras_engine::{LineEvent, LineOp, RasError, escape};
use openras_io::Line;
use openras_io::line::{Device, ModemLine, ModemSaid, Told};
use tokio::io::ReadBuf;
use tokio::time::timeout;

use super::{Wrong, device, trusts};
use crate::config::device::Frame;
use crate::config::{DeviceLine, TlsTrust};

/// How long the setting up may take: every remedy of a dead modem has its time.
const SETTING_UP: Duration = Duration::from_secs(120);
/// How long a call that stands is kept, and how long a hang-up may take.
const CALL: Duration = Duration::from_secs(2);
const HANGING_UP: Duration = Duration::from_secs(20);
/// More than a modem's own patience.
const PLACING: Duration = Duration::from_secs(330);
/// Lines of the dialogue that are told.
const MOST: usize = 500;
/// What the modem is asked besides its init strings: who it is. ERROR is an answer too.
const WHO: [&str; 3] = ["ATI", "ATI3", "AT+GMM"];

/// What is tested.
#[derive(Clone, Debug)]
pub struct LineTest {
    /// The device.
    pub line: DeviceLine,
    /// Parity, stop bits and flow control.
    pub frame: Frame,
    /// What counts in TLS (`None`: what the system trusts).
    pub trust: Option<TlsTrust>,
    /// How the modem is driven.
    pub settings: Settings,
    /// A number to dial.
    pub dial: Option<String>,
}

/// A step of the test. Texts from outside are escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// We said this to the modem.
    Us(String),
    /// The modem said this.
    Modem(String),
    /// The device is open; with its signals, where it has some.
    Opened(Option<Signals>),
    /// Its signals have changed.
    Signals(Signals),
    /// What is worth knowing of the device though it works.
    Note(String),
    /// The modem took its init strings.
    Ready,
    /// The call stands.
    Connected(String),
    /// Octets of the other end, so many.
    Octets(usize),
    /// It was hung up.
    HungUp,
    /// Something is wrong: what, and what to try.
    Failed(RasError, String),
}

/// Runs the test and tells its steps as they happen.
///
/// # Errors
/// The number of what failed; its step has said what to try.
pub async fn test_line(test: LineTest, told: impl FnMut(Step) + Send + 'static) -> Result<(), RasError> {
    let teller = Teller(Arc::new(Mutex::new(Telling { told: Box::new(told), count: 0, wrong: None })));
    let watched = Watched {
        device: device(&test.line, test.frame, || trusts(test.trust.as_ref())),
        teller: teller.clone(),
    };
    let settings = Settings { ask: WHO.map(str::to_owned).to_vec(), ..test.settings };
    let onlooker = teller.clone();
    let mut line = ModemLine::new(watched, settings, move |said| onlooker.modem(said));
    let result = run(&mut line, test.dial, &teller).await;
    line.op(LineOp::Close);
    let closed = async { while event(&mut line).await != Heard::Closed {} };
    // one that does not let go has said so
    drop(timeout(HANGING_UP, closed).await);
    result
}

async fn run(line: &mut impl Line, dial: Option<String>, teller: &Teller) -> Result<(), RasError> {
    line.op(LineOp::Open);
    if let Err(number) = until(line, SETTING_UP, &Heard::Opened, teller).await {
        return Err(teller.failed(number));
    }
    let Some(number) = dial else { return Ok(()) };
    line.op(LineOp::Dial(number));
    match until(line, PLACING, &Heard::Connected, teller).await {
        Ok(()) => {}
        Err(number) => return Err(teller.failed(number)),
    }
    // what the other end says first is counted, as a sign of life
    let stood = timeout(CALL, until(line, CALL * 2, &Heard::Disconnected, teller)).await;
    if stood.is_err() {
        line.op(LineOp::HangUp);
        if let Err(number) = until(line, HANGING_UP, &Heard::Disconnected, teller).await {
            return Err(teller.failed(number));
        }
    }
    teller.tell(Step::HungUp);
    match teller.lock().wrong.take() {
        Some(wrong) => Err(teller.failed_by(wrong)),
        None => Ok(()),
    }
}

/// Waits for one thing; a failure on the way is one.
async fn until(
    line: &mut impl Line,
    limit: Duration,
    wanted: &Heard,
    teller: &Teller,
) -> Result<(), RasError> {
    let waiting = async {
        loop {
            match event(line).await {
                heard if heard == *wanted => return Ok(()),
                Heard::Failed(number) => return Err(number),
                Heard::Closed => return Err(RasError::DEVICE_NOT_READY),
                Heard::Octets(count) => teller.tell(Step::Octets(count)),
                Heard::Connected | Heard::Opened | Heard::Disconnected | Heard::Ring => {}
            }
        }
    };
    timeout(limit, waiting).await.unwrap_or(Err(RasError::REQUEST_TIMEOUT))
}

/// [`LineEvent`] without what it holds: that was told already.
#[derive(PartialEq)]
enum Heard {
    Opened,
    Ring,
    Connected,
    Octets(usize),
    Disconnected,
    Failed(RasError),
    Closed,
}

async fn event(line: &mut impl Line) -> Heard {
    let mut memory = [0; 1024];
    poll_fn(|cx| {
        let mut buf = ReadBuf::new(&mut memory);
        line.poll_event(cx, &mut buf).map(|event| match event {
            LineEvent::Opened => Heard::Opened,
            LineEvent::Ring { .. } => Heard::Ring,
            LineEvent::Connected { .. } => Heard::Connected,
            LineEvent::Bytes(bytes) => Heard::Octets(bytes.len()),
            LineEvent::Disconnected => Heard::Disconnected,
            LineEvent::Failed(number) => Heard::Failed(number),
            LineEvent::Closed => Heard::Closed,
        })
    })
    .await
}

/// Tells the steps; one for the device, the modem and the test.
#[derive(Clone)]
struct Teller(Arc<Mutex<Telling>>);

struct Telling {
    told: Box<dyn FnMut(Step) + Send>,
    count: usize,
    /// What was said to be wrong, until the test comes to its end.
    wrong: Option<Wrong>,
}

impl Teller {
    fn lock(&self) -> MutexGuard<'_, Telling> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, step: Step) {
        let mut telling = self.lock();
        telling.count += 1;
        if telling.count <= MOST || matches!(step, Step::Failed(..)) {
            (telling.told)(step);
        }
    }

    fn modem(&self, said: ModemSaid) {
        match said {
            ModemSaid::Us(text) => self.tell(Step::Us(escape::line(&text))),
            ModemSaid::Modem(text) => {
                let text = escape::line(&text);
                let upper = text.to_ascii_uppercase();
                // and not the progress of WiFi modems, `Connecting to …`
                let connected =
                    upper.strip_prefix("CONNECT").is_some_and(|rest| !rest.starts_with(char::is_alphabetic));
                self.tell(Step::Modem(text.clone()));
                if connected {
                    self.tell(Step::Connected(text));
                }
            }
            ModemSaid::Trouble(Some(trouble)) => self.lock().wrong = Some(Wrong::modem(&trouble)),
            ModemSaid::Device(reason) => self.lock().wrong = Some(Wrong::device(&reason)),
            ModemSaid::Trouble(None) => self.lock().wrong = None,
            ModemSaid::Note(note) => self.tell(Step::Note(escape::line(&note))),
            ModemSaid::Ready => self.tell(Step::Ready),
        }
    }

    /// Tells of a failure, by what was said to be wrong or else by its number.
    fn failed(&self, number: RasError) -> RasError {
        let wrong = self.lock().wrong.take();
        self.failed_by(Wrong {
            number,
            sentence: wrong.map_or_else(|| number.sentence(), |wrong| wrong.sentence),
        })
    }

    fn failed_by(&self, wrong: Wrong) -> RasError {
        self.tell(Step::Failed(wrong.number, wrong.sentence));
        wrong.number
    }
}

/// A device whose signals are told.
struct Watched {
    device: Box<dyn Device>,
    teller: Teller,
}

impl Device for Watched {
    fn op(&mut self, op: DeviceOp) {
        self.device.op(op);
    }

    fn poll_event(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Told> {
        let told = self.device.poll_event(cx, buf);
        match told {
            Poll::Ready(Told::Opened(signals)) => self.teller.tell(Step::Opened(signals)),
            Poll::Ready(Told::Signals(signals)) => self.teller.tell(Step::Signals(signals)),
            _ => {}
        }
        told
    }

    fn unsent(&self) -> usize {
        self.device.unsent()
    }

    fn reason(&self) -> Option<&str> {
        self.device.reason()
    }

    fn note(&self) -> Option<String> {
        self.device.note()
    }
}
