//! One `[[virtual_modem]]` while it waits for computers: its settings, its line, its places.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use openras_api::types::modem::Modem;
use openras_api::types::problem::Problem;
use openras_engine::RasError;
use openras_engine::modem::{Dce, DceState, Identity};
use openras_io::dce::{self, Computer, Over, Plain, SerialPort};
use openras_io::line::{ExchangeLine, Paced, PtyMade, Reception, TcpListener, UnixListener};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info, warn};

use super::network::Network;
use super::places::{Busy, Place, Places};
use crate::config::{PortLine, Spoken, VirtualModem};
use crate::ports::{cannot_answer, not_opened};
use crate::service::{Shared, StartError};

/// Before a line that could not be had is tried again; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A socket file made by a modem can be used by its owner and group.
const SOCKET_MODE: u32 = 0o660;
/// What CONNECT says of a modem that is as fast as it goes.
const UNPACED: u32 = 115_200;
const REMEDY: &str = "check the address or path of its `line`";

/// One `[[virtual_modem]]`.
pub(super) struct Desk {
    pub(super) name: String,
    places: Arc<Places>,
    /// Settings for computers that come; those that are there keep theirs.
    config: Mutex<Arc<VirtualModem>>,
    state: Mutex<State>,
    /// No longer in the configuration.
    leaving: AtomicBool,
}

/// What becomes of its line.
#[derive(Default)]
struct State {
    /// Ends listening.
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
    address: Option<SocketAddr>,
    problem: Option<Problem>,
    /// A phone that is never picked up: while no computer is there, its number rings all the same.
    number: Option<ExchangeLine>,
}

/// A line on which computers come.
enum Opened {
    Tcp(TcpListener, SocketAddr, Reception),
    Unix(UnixListener),
    /// Its one other end may come and go.
    Made,
}

impl Desk {
    pub(super) fn new(modem: VirtualModem) -> Self {
        Self {
            name: modem.name.clone(),
            places: Arc::default(),
            config: Mutex::new(Arc::new(modem)),
            state: Mutex::default(),
            leaving: AtomicBool::new(false),
        }
    }

    /// What a computer that comes now meets.
    pub(super) fn config(&self) -> Arc<VirtualModem> {
        self.config.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Opens its line and waits for computers.
    pub(super) async fn open(self: &Arc<Self>, shared: &Arc<Shared>) -> Result<(), StartError> {
        let opened = opened(&self.config()).await?;
        self.wait(shared, opened);
        Ok(())
    }

    /// As [`Self::open`]; a line that cannot be had now is tried again, and what is wrong with it is given.
    pub(super) async fn open_sometime(self: &Arc<Self>, shared: &Arc<Shared>) -> Option<Problem> {
        let error = self.open(shared).await.err()?;
        let problem = self.set_problem(&error);
        let (desk, shared_, stop) = (self.clone(), shared.clone(), self.state().stop.clone());
        let task = shared.tasks.spawn(async move {
            let mut pause = FIRST_PAUSE;
            while desk.rests(&shared_, &stop, pause).await {
                pause = (pause * 2).min(LONGEST_PAUSE);
                match opened(&desk.config()).await {
                    Ok(opened) => {
                        desk.set_open(&shared_, &opened);
                        return desk.serve(shared_, opened, stop).await;
                    }
                    Err(error) => drop(desk.set_problem(&error)),
                }
            }
        });
        self.state().task = Some(task);
        Some(problem)
    }

    /// Waits that long; `false` when it is wanted no more.
    async fn rests(&self, shared: &Shared, stop: &CancellationToken, pause: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(pause) => true,
            () = stop.cancelled() => false,
            () = shared.cancel.cancelled() => false,
        }
    }

    fn wait(self: &Arc<Self>, shared: &Arc<Shared>, opened: Opened) {
        self.set_open(shared, &opened);
        let stop = self.state().stop.clone();
        let task = shared.tasks.spawn(self.clone().serve(shared.clone(), opened, stop));
        self.state().task = Some(task);
    }

    /// Takes other settings. A line that is another one is closed and that opened.
    pub(super) async fn change(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        modem: VirtualModem,
    ) -> Option<Problem> {
        let same_line = self.config().line == modem.line;
        let number = modem.number.as_deref().map(|number| shared.exchange.phone(Some(number)));
        *self.config.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(modem);
        if same_line && self.problem().is_none() {
            self.state().number = number;
            self.places.wake_waiting();
            return None;
        }
        self.close().await;
        self.open_sometime(shared).await
    }

    /// Takes no more computers; those that are there go on.
    pub(super) async fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
        self.close().await;
    }

    async fn close(&self) {
        let State { stop, task, .. } = std::mem::take(&mut *self.state());
        stop.cancel();
        if let Some(task) = task {
            // one that panicked has let go of its line too
            let _ = task.await;
        }
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Relaxed)
    }

    pub(super) fn is_gone(&self) -> bool {
        self.is_leaving() && self.places.all().is_empty()
    }

    pub(super) fn problem(&self) -> Option<Problem> {
        self.state().problem.clone()
    }

    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.state().address
    }

    fn set_open(&self, shared: &Shared, opened: &Opened) {
        let config = self.config();
        info!(modem = self.name, line = %config.line, "waiting for computers");
        let mut state = self.state();
        state.problem = None;
        state.address = match opened {
            Opened::Tcp(_, address, _) => Some(*address),
            Opened::Unix(_) | Opened::Made => None,
        };
        state.number = config.number.as_deref().map(|number| shared.exchange.phone(Some(number)));
    }

    fn set_problem(&self, error: &StartError) -> Problem {
        warn!(modem = self.name, "{error}");
        let problem = cannot_answer(error);
        self.state().problem = Some(problem.clone());
        problem
    }

    /// Until it is stopped; computers that are there stay.
    async fn serve(self: Arc<Self>, shared: Arc<Shared>, opened: Opened, stop: CancellationToken) {
        let ended = async {
            tokio::select! {
                () = stop.cancelled() => {}
                () = shared.cancel.cancelled() => {}
            }
        };
        match opened {
            Opened::Tcp(listener, _, reception) => tokio::select! {
                () = self.listen_tcp(&shared, &listener, &reception) => {}
                () = ended => {}
            },
            Opened::Unix(listener) => tokio::select! {
                () = self.listen_unix(&shared, &listener) => {}
                () = ended => {}
            },
            Opened::Made => self.again_and_again(&shared, &stop).await,
        }
    }

    async fn listen_tcp(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        listener: &TcpListener,
        reception: &Reception,
    ) {
        loop {
            let (stream, source) = listener.accept_stream().await;
            let Some(place) = self.take(shared, Some(&source)) else { continue };
            let (desk, shared_, reception) = (self.clone(), shared.clone(), reception.clone());
            shared.tasks.spawn(async move {
                if matches!(reception, Reception::SerialPort) {
                    // with the modem's own signals
                    let computer = SerialPort::new(stream, Some(source.clone()));
                    desk.session(&shared_, computer, place, Some(source)).await;
                    return;
                }
                match reception.receive(stream, Some(source.clone())).await {
                    Ok(line) => drop(desk.session(&shared_, Plain(line), place, Some(source)).await),
                    Err(why) => desk.turned_away(&shared_, &why, "handshake", &source),
                }
            });
        }
    }

    async fn listen_unix(self: &Arc<Self>, shared: &Arc<Shared>, listener: &UnixListener) {
        loop {
            let line = listener.accept().await;
            let source = line.source().map(str::to_owned);
            let Some(place) = self.take(shared, source.as_deref()) else { continue };
            let (desk, shared_) = (self.clone(), shared.clone());
            shared.tasks.spawn(async move { desk.session(&shared_, Plain(line), place, source).await });
        }
    }

    /// A line that waits for its computer, again after each. One that is there when the line is wanted no more goes with it.
    async fn again_and_again(self: &Arc<Self>, shared: &Arc<Shared>, stop: &CancellationToken) {
        let mut pause = FIRST_PAUSE;
        loop {
            let PortLine::Pty(path) = self.config().line.clone() else { return };
            let cancel = shared.cancel.child_token();
            let Ok(place) = self.places.take(1, 1, None, cancel.clone()) else { return };
            let mut session = pin!(self.session(shared, Plain(PtyMade::new(path)), place, None));
            let over = tokio::select! {
                over = &mut session => over,
                () = stop.cancelled() => {
                    cancel.cancel();
                    session.await
                }
            };
            match over {
                Over::Cancelled if stop.is_cancelled() || shared.cancel.is_cancelled() => return,
                Over::Failed(number) => {
                    let error = number.sentence().to_owned();
                    self.set_problem(&self.failed(number, error));
                    if !self.rests(shared, stop, pause).await {
                        return;
                    }
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Over::Left | Over::Idle | Over::Cancelled => {
                    pause = FIRST_PAUSE;
                    self.state().problem = None;
                }
            }
        }
    }

    fn failed(&self, number: RasError, error: String) -> StartError {
        let line = self.config().line.to_string();
        StartError::Port { port: self.name.clone(), line, number, error, remedy: REMEDY }
    }

    fn take(&self, shared: &Shared, source: Option<&str>) -> Option<Place> {
        let config = self.config();
        let taken = self.places.take(config.calls, config.per_source, source, shared.cancel.child_token());
        let full = |why: &super::places::Full| {
            let what = format!("no place for another computer ({})", why.word());
            self.turned_away(shared, &what, why.word(), source.unwrap_or_default());
        };
        taken.inspect_err(full).ok()
    }

    fn turned_away(&self, shared: &Shared, why: &dyn std::fmt::Display, limit: &'static str, source: &str) {
        shared.counters.turned_away(limit);
        crate::host::turned_away(shared, &self.name, source, why);
    }

    /// One computer, until it goes.
    async fn session(
        &self,
        shared: &Arc<Shared>,
        computer: impl Computer + 'static,
        place: Place,
        source: Option<String>,
    ) -> Over {
        let config = self.config();
        let name = config.place_name(place.number);
        let idle = source.is_some().then_some(config.idle);
        let identity = Identity {
            speed: config.speed.unwrap_or(UNPACED),
            model: "OpenRAS modem".into(),
            version: env!("CARGO_PKG_VERSION").into(),
        };
        let modem = Dce::new(identity, Instant::now().into_std());
        let speed = config.speed;
        let source = source.unwrap_or_else(|| format!("modem {name}"));
        let span = tracing::info_span!("modem", modem = name, source);
        let network = Paced::new(Network::new(shared, config, source), speed);
        let running = dce::run(modem, computer, network, idle, place.gauge.clone(), place.cancel.clone());
        let over = running.instrument(span.clone()).await;
        let read = place.gauge.read();
        span.in_scope(|| info!(dials = read.dials, calls = read.calls, "the computer has gone: {over:?}"));
        over
    }

    /// Each of its places as it is shown.
    pub(super) fn modems(&self) -> Vec<Modem> {
        let config = self.config();
        let (problem, leaving) = (self.problem(), self.is_leaving());
        let taken = self.places.all();
        let most = if leaving { 0 } else { config.calls };
        let free = (1..=most).filter(|number| !taken.iter().any(|(one, _)| one == number));
        let mut all: Vec<(u16, Option<&Busy>)> =
            taken.iter().map(|(number, busy)| (*number, Some(busy))).collect();
        all.extend(free.map(|number| (number, None)));
        all.sort_by_key(|(number, _)| *number);
        let shown = all.into_iter();
        shown.map(|(number, busy)| modem(&config, number, busy, problem.as_ref(), leaving)).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn opened(modem: &VirtualModem) -> Result<Opened, StartError> {
    let failed = |error: io::Error| not_opened(&modem.name, &modem.line, &error);
    let reception = match &modem.line {
        PortLine::Listen(Spoken::Telnet, _) => Reception::Telnet,
        PortLine::Listen(Spoken::Rfc2217, _) => Reception::SerialPort,
        PortLine::Listen(Spoken::Ws, _) => Reception::WebSocket(Arc::default(), None),
        // never in the clear where a certificate was meant
        PortLine::Listen(Spoken::Tls | Spoken::Wss, _) => {
            return Err(failed(io::ErrorKind::Unsupported.into()));
        }
        _ => Reception::Plain,
    };
    Ok(match &modem.line {
        PortLine::ListenTcp(at) | PortLine::Listen(_, at) => {
            let listener = TcpListener::bind(&at.to_string()).await.map_err(failed)?;
            let address = listener.local_addr().map_err(failed)?;
            Opened::Tcp(listener, address, reception)
        }
        PortLine::ListenUnix(path) => Opened::Unix(UnixListener::bind(path, SOCKET_MODE).map_err(failed)?),
        PortLine::Pty(_) => Opened::Made,
        PortLine::Exchange(_) | PortLine::Device(_) | PortLine::Stdio => {
            return Err(failed(io::ErrorKind::Unsupported.into()));
        }
    })
}

fn modem(
    config: &VirtualModem,
    number: u16,
    busy: Option<&Busy>,
    problem: Option<&Problem>,
    leaving: bool,
) -> Modem {
    let reading = busy.map(|busy| busy.gauge.read()).unwrap_or_default();
    let there = busy.filter(|_| reading.state.is_some());
    Modem {
        name: config.place_name(number),
        line: config.line.to_string(),
        number: config.number.clone(),
        state: word(reading.state).into(),
        problem: problem.cloned(),
        computer: there.and_then(|busy| busy.source.clone()),
        dialled: reading.dialled.map(|text| openras_engine::escape::short(&text, 80)),
        since: there.map(|busy| busy.since),
        dials: reading.dials,
        calls: reading.calls,
        bytes_sent: reading.sent,
        bytes_received: reading.received,
        leaving,
    }
}

/// What a modem does, in a word.
fn word(state: Option<DceState>) -> &'static str {
    match state {
        None => "waiting",
        Some(DceState::Command) => "command",
        Some(DceState::Ringing) => "ringing",
        Some(DceState::Placing) => "dialling",
        Some(DceState::Data) => "connected",
        Some(DceState::Online) => "escaped",
    }
}
