//! One `[[virtual_modem]]` while it waits for computers: its settings, its line, its places.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openras_api::types::modem::Modem;
use openras_api::types::problem::Problem;
use openras_engine::modem::{Dce, DceState, Identity};
use openras_io::dce::{self, Computer, Over, Plain, SerialPort};
use openras_io::line::{ExchangeLine, Paced, Reception, TcpListener, UnixListener};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info, warn};

use super::network::Network;
use super::places::{Busy, Place, Places};
use crate::config::{PortLine, VirtualModem};
use crate::ports::{not_opened, reception};
use crate::service::{Shared, StartError};
use crate::tenure::{Tenant, Tenure};

/// A socket file made by a modem can be used by its owner and group.
const SOCKET_MODE: u32 = 0o660;
/// What CONNECT says of a modem that is as fast as it goes.
const UNPACED: u32 = 115_200;

/// One `[[virtual_modem]]`.
pub(super) struct Desk {
    pub(super) name: String,
    pub(super) places: Arc<Places>,
    pub(super) tenure: Tenure<VirtualModem>,
    own: Mutex<Own>,
}

/// What belongs to its line.
#[derive(Default)]
struct Own {
    /// A phone that is never picked up: while no computer is there, its number rings all the same.
    number: Option<ExchangeLine>,
    /// How computers that come over TCP are received.
    reception: Option<Reception>,
}

/// A line on which computers come.
pub(super) enum Opened {
    Tcp(TcpListener, SocketAddr),
    Unix(UnixListener),
    /// Its one other end may come and go.
    OneEnd,
}

impl Tenant for Desk {
    type Config = VirtualModem;
    type Opened = Opened;

    fn tenure(&self) -> &Tenure<VirtualModem> {
        &self.tenure
    }

    async fn opened(self: &Arc<Self>, _shared: &Arc<Shared>) -> Result<Opened, StartError> {
        let modem = self.config();
        let failed = |error: io::Error| not_opened(&modem.name, &modem.line, &error);
        Ok(match &modem.line {
            PortLine::ListenTcp(at) | PortLine::Listen(_, at) => {
                let reception = self.reception()?;
                let listener = TcpListener::bind(&at.to_string()).await.map_err(failed)?;
                let address = listener.local_addr().map_err(failed)?;
                self.own().reception = Some(reception);
                Opened::Tcp(listener, address)
            }
            PortLine::ListenUnix(path) => {
                Opened::Unix(UnixListener::bind(path, SOCKET_MODE).map_err(failed)?)
            }
            // a device that is not there is tried again while the service runs
            PortLine::Pty(_) | PortLine::Device(_) => Opened::OneEnd,
            PortLine::Exchange(_) | PortLine::Stdio => {
                return Err(failed(io::ErrorKind::Unsupported.into()));
            }
        })
    }

    fn is_open(&self, shared: &Shared, opened: &Opened) {
        let config = self.config();
        info!(modem = self.name, line = %config.line, "waiting for computers");
        self.tenure.set_open(match opened {
            Opened::Tcp(_, address) => Some(*address),
            Opened::Unix(_) | Opened::OneEnd => None,
        });
        self.own().number = config.number.as_deref().map(|number| shared.exchange.phone(Some(number)));
    }

    /// Computers that are there stay when it is stopped.
    async fn serve(self: Arc<Self>, shared: Arc<Shared>, opened: Opened, stop: CancellationToken) {
        let ended = async {
            tokio::select! {
                () = stop.cancelled() => {}
                () = shared.cancel.cancelled() => {}
            }
        };
        match opened {
            Opened::Tcp(listener, _) => tokio::select! {
                () = self.listen_tcp(&shared, &listener) => {}
                () = ended => {}
            },
            Opened::Unix(listener) => tokio::select! {
                () = self.listen_unix(&shared, &listener) => {}
                () = ended => {}
            },
            Opened::OneEnd => self.again_and_again(&shared, &stop).await,
        }
    }

    fn given_up(&self) {
        *self.own() = Own::default();
    }

    fn warn(&self, error: &StartError) {
        warn!(modem = self.name, "{error}");
    }
}
impl Desk {
    pub(super) fn new(modem: VirtualModem) -> Self {
        Self {
            name: modem.name.clone(),
            places: Arc::default(),
            tenure: Tenure::new(modem),
            own: Mutex::default(),
        }
    }

    /// What a computer that comes now meets.
    pub(super) fn config(&self) -> Arc<VirtualModem> {
        self.tenure.config()
    }

    /// Takes other settings. A line that is another one is closed and that opened.
    pub(super) async fn change(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        modem: VirtualModem,
    ) -> Option<Problem> {
        let before = self.config();
        let same_line = before.line == modem.line && before.frame == modem.frame;
        let number = modem.number.as_deref().map(|number| shared.exchange.phone(Some(number)));
        self.tenure.set_config(modem);
        if same_line && (self.tenure.problem().is_none() || self.tenure.address().is_some()) {
            self.own().number = number;
            if let Some(problem) = self.read_again() {
                return Some(problem);
            }
            self.places.wake_waiting();
            return None;
        }
        self.close().await;
        self.open_sometime(shared).await
    }

    /// Reads the certificates of a line in TLS again. With those that cannot be used it goes on with what it has.
    pub(super) fn read_again(&self) -> Option<Problem> {
        self.tenure.address()?;
        match self.reception() {
            Ok(reception) => {
                self.own().reception = Some(reception);
                self.tenure.set_problem(None);
                None
            }
            Err(error) => Some(self.fails(&error)),
        }
    }

    fn reception(&self) -> Result<Reception, StartError> {
        let config = self.config();
        reception::on(&config.name, &config.line, config.tls.as_ref(), &config.origins)
    }

    pub(super) fn is_gone(&self) -> bool {
        self.tenure.is_leaving() && self.places.all().is_empty()
    }

    async fn listen_tcp(self: &Arc<Self>, shared: &Arc<Shared>, listener: &TcpListener) {
        loop {
            let (stream, source) = listener.accept_stream().await;
            let Some(place) = self.take(shared, Some(&source)) else { continue };
            let Some(reception) = self.own().reception.clone() else { continue };
            let (desk, shared_) = (self.clone(), shared.clone());
            shared.tasks.spawn(async move {
                if matches!(reception, Reception::SerialPort) {
                    // with the modem's own signals
                    let computer = SerialPort::new(stream, Some(source.clone()));
                    desk.session(&shared_, computer, place, Some(source)).await;
                    return;
                }
                // hands are shaken in its place, and hold nobody else up
                let received = tokio::select! {
                    received = reception.receive(stream, Some(source.clone())) => received,
                    () = place.cancel.cancelled() => return,
                };
                match received {
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
    pub(super) async fn session(
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
        let network = Paced::new(Network::new(shared, config, source.clone()), speed);
        let running = dce::run(modem, computer, network, idle, place.gauge.clone(), place.cancel.clone());
        let over = running.instrument(span.clone()).await;
        if over == Over::Noise {
            self.turned_away(shared, &"it types for ever, and no command of a modem", "modem_noise", &source);
        }
        let read = place.gauge.read();
        span.in_scope(|| info!(dials = read.dials, calls = read.calls, "the computer has gone: {over:?}"));
        over
    }

    /// Each of its places as it is shown.
    pub(super) fn modems(&self) -> Vec<Modem> {
        let config = self.config();
        let (problem, leaving) = (self.tenure.problem(), self.tenure.is_leaving());
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

    fn own(&self) -> MutexGuard<'_, Own> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
