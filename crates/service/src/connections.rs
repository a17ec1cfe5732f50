//! Connections that were dialled: a request becomes a running [`Dial`] with its line and IP stack.

pub(crate) mod callback;
pub(crate) mod forwards;
pub(crate) mod held;
mod pump;
pub(crate) mod references;
pub(crate) mod terminal;
pub mod told;
mod trouble;

use std::collections::VecDeque;
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use openras_engine::RasError;
use openras_engine::client::Dial;
use openras_engine::client::dial::{Command, DialConfig, DialParams, Notice, TerminalMode};
use openras_io::capture::{Capture, Written};
use openras_io::driver::Gauge;
use openras_io::line::{Device, NullModem, PoolLine, PtyDevice, TcpDial, TlsClient, TlsError, UnixDial};
use openras_io::net::loopback::{FarEnd, LoopbackHandle, loopback};
use openras_io::net::name_servers::{Keeper, System};
use openras_io::net::tun::{Route, TunDial};
use openras_io::{Ends, IpPort, Line, Tap, driver};
use openras_ppp::AuthMethod;
use tokio::sync::mpsc;
use tracing::{Instrument, Span};

pub use callback::Rings;
pub use trouble::Trouble;

use crate::config::device::{CABLE, Frame, modem};
use crate::config::{DeviceLine, DialLine};
use crate::modems;
use crate::service::{Shared, seed};

/// Commands that may wait for a dial.
const QUEUE: usize = 64;
/// Notices that may wait for its owner. Each may be all that was read at once in a terminal nobody looks at: these are most of
/// what such a dial can be made to hold.
const NOTICES: usize = 16;
/// How long the end of a call waits for its capture to be whole.
const WRITTEN: Duration = Duration::from_secs(3);

/// What to dial, and how.
#[derive(Clone, Debug)]
pub struct DialRequest {
    /// Where the call goes.
    pub line: DialLine,
    /// The number this end has on the exchange, where it can be called back.
    pub own_number: Option<String>,
    /// Where this end is rung when it is called back, if its line does not ring by itself.
    pub rings: Option<Rings>,
    /// The modem on the line; `None` and `null` are a cable, or the line as it is.
    pub modem: Option<String>,
    /// `CLIENT` is said and `CLIENTSERVER` waited for before PPP, as over a cable between two computers.
    pub null_modem: bool,
    /// What the modem dials.
    pub number: String,
    /// User, password, callback number.
    pub params: DialParams,
    /// The terminal before PPP.
    pub terminal: TerminalMode,
    /// RDEOPT_PausedStates.
    pub pauses: bool,
    /// Wait for `Seen` after each state.
    pub wait_seen: bool,
    /// Which notifier resumes must name.
    pub notifier: u64,
    /// Methods by which the server may authenticate us, most preferred first.
    pub auth: Vec<AuthMethod>,
    /// The server must ask for one of them.
    pub require_auth: bool,
    /// Tell every control packet.
    pub trace: bool,
    /// What a line in TLS checks and shows; `None` believes whom the system believes, and shows nothing.
    pub tls: Option<TlsClient>,
    /// Where PPP frames are recorded; opened by whoever asks.
    pub capture: Option<Arc<File>>,
    /// TCP/IP headers are compressed where the other end agrees.
    pub vj: bool,
    /// Hang up without an IP packet either way for so long.
    pub idle: Option<Duration>,
    /// Where its line says why it cannot be opened.
    pub trouble: Trouble,
    /// IP goes to a network device of the system's, not to the stack of [`Connection::stack`].
    pub tun: bool,
    /// Networks that its device leads to.
    pub routes: Vec<Route>,
    /// The name servers the other end gives are this system's while the call is up; with a device.
    pub name_servers: bool,
    /// Parity, stop bits and flow control of a serial line.
    pub frame: Frame,
}

impl DialRequest {
    /// Whether a modem dials, and rings where it is called back.
    pub(crate) fn has_modem(&self) -> bool {
        self.modem.as_deref().is_some_and(|name| name != CABLE)
    }
}

impl Default for DialRequest {
    /// A call to nobody, by the methods a dialer allows unless told otherwise, without pauses.
    fn default() -> Self {
        Self {
            line: DialLine::Exchange(String::new()),
            own_number: None,
            rings: None,
            modem: None,
            null_modem: false,
            number: String::new(),
            params: DialParams::default(),
            terminal: TerminalMode::default(),
            pauses: false,
            wait_seen: false,
            notifier: 0,
            auth: vec![AuthMethod::MsChapV2, AuthMethod::ChapMd5],
            require_auth: false,
            trace: false,
            tls: None,
            capture: None,
            vj: true,
            idle: None,
            trouble: Trouble::default(),
            tun: false,
            routes: Vec::new(),
            name_servers: false,
            frame: Frame::default(),
        }
    }
}

/// A dial that runs. Dropped, it hangs up.
pub struct Connection {
    notices: mpsc::Receiver<Box<Notice>>,
    commands: mpsc::Sender<Command>,
    stack: LoopbackHandle,
    device: Option<String>,
    keeper: Option<Keeper>,
    gauge: Arc<Gauge>,
    capture: Option<Written>,
}

impl Connection {
    /// The next notice, in order; `None` after the last.
    pub async fn notice(&mut self) -> Option<Notice> {
        self.notices.recv().await.map(|notice| *notice)
    }

    /// Gives a command; its result is a later [`Notice::Reply`]. A dial that is over takes none.
    pub async fn command(&self, command: Command) {
        let _ = self.commands.send(command).await;
    }

    /// The next notice as by [`notice`](Self::notice); meanwhile `waiting` commands are given as the dial has room for
    /// them. A dial whose notices nobody takes takes no commands: who waited in [`command`](Self::command) then
    /// would wait for ever. May be dropped at any time; what has not been given is still in `waiting`.
    pub async fn notice_while_giving(&mut self, waiting: &mut VecDeque<Command>) -> Option<Notice> {
        loop {
            tokio::select! {
                notice = self.notices.recv() => return notice.map(|notice| *notice),
                room = self.commands.reserve(), if !waiting.is_empty() => match room {
                    Ok(room) => if let Some(command) = waiting.pop_front() { room.send(command) },
                    // a dial that is over takes none
                    Err(_) => waiting.clear(),
                },
            }
        }
    }

    /// The TCP/IP stack at this end of the link.
    pub fn stack(&self) -> &LoopbackHandle {
        &self.stack
    }

    /// The network device its IP goes to, where it goes to one.
    pub fn device(&self) -> Option<&str> {
        self.device.as_deref()
    }

    /// The counters of its line.
    pub fn gauge(&self) -> &Arc<Gauge> {
        &self.gauge
    }
}

/// Until a dial's capture is whole behind its last notice, or has had its time: a disk that hangs does not hold a call's end.
async fn written(capture: &mut Option<Written>) {
    if let Some(capture) = capture.take() {
        let _ = tokio::time::timeout(WRITTEN, capture.wait()).await;
    }
}

/// Starts a dial.
pub(crate) fn dial(shared: &Arc<Shared>, request: DialRequest) -> Result<Connection, RasError> {
    let mut connection = dial_in(shared, request, Span::none(), "")?;
    if let Some(keeper) = connection.keeper.take() {
        shared.tasks.spawn(keeper.run(|said| crate::tun::log(&said)));
    }
    Ok(connection)
}

/// Starts a dial whose log has this span, and whose capture this text.
fn dial_in(
    shared: &Arc<Shared>,
    request: DialRequest,
    span: Span,
    text: &str,
) -> Result<Connection, RasError> {
    let seed = seed()?;
    let line = match &request.rings {
        Some(rings) => callback::line(shared, &request, rings)?,
        None => line(shared, &request)?,
    };
    let line: Box<dyn Line> = if request.null_modem { Box::new(NullModem::new(line)) } else { line };
    let (commands, for_dial) = mpsc::channel(QUEUE);
    let (notices, for_owner) = mpsc::channel(NOTICES);
    let tap = request.capture.as_ref().map(|file| tap(file, text)).transpose()?;
    let capture = tap.as_ref().map(Capture::written);
    let gauge = Arc::new(Gauge::default());
    let ends = Ends {
        commands: for_dial,
        notices,
        cancel: shared.cancel.child_token(),
        farewell: || Command::HangUp,
        tap: tap.map(|tap| Box::new(tap) as Box<dyn Tap>),
        gauge: gauge.clone(),
    };
    let (own, stack) = loopback(FarEnd::Gateway);
    let (ip, device, keeper): (Box<dyn IpPort>, _, _) = if request.tun {
        let mut tun =
            TunDial::new(request.routes.clone()).map_err(|error| crate::tun::refused(&error).number())?;
        let keeper = request.name_servers.then(|| tun.with_name_servers(System::default()));
        let name = tun.name().to_owned();
        (Box::new(tun), Some(name), keeper)
    } else {
        (Box::new(own), None, None)
    };
    let machine = Dial::new(config(request), seed);
    shared.tasks.spawn(driver::run(machine, line, ip, ends).instrument(span));
    Ok(Connection { notices: for_owner, commands, stack, device, keeper, gauge, capture })
}

/// A line to what the operator has written, with nothing asked for beside it.
pub(crate) fn line_to(shared: &Shared, to: &DialLine) -> Result<Box<dyn Line>, RasError> {
    line(shared, &DialRequest { line: to.clone(), ..DialRequest::default() })
}

fn line(shared: &Shared, request: &DialRequest) -> Result<Box<dyn Line>, RasError> {
    let tls = || {
        in_tls(request).map_err(|error| {
            tracing::warn!(line = %request.line, "{error}");
            RasError::CERT_FOR_ENCRYPTION_NOT_FOUND
        })
    };
    let over = |to: &DeviceLine, modem: Option<&str>| {
        over_device(
            shared,
            to,
            modems::device(to, request.frame, || in_tls(request)),
            modem,
            &request.trouble,
        )
    };
    if let (Some(name), Some(device)) = (&request.modem, request.line.device()) {
        return over(&device, Some(name));
    }
    Ok(match &request.line {
        DialLine::Tcp(at) => Box::new(TcpDial::new(at.to_string())),
        DialLine::Telnet(at) => Box::new(TcpDial::telnet(at.to_string())),
        DialLine::Tls(at) => Box::new(TcpDial::tls(at.to_string(), tls()?)),
        DialLine::WebSocket { at, path, tls: in_tls } => {
            let tls = in_tls.then(tls).transpose()?;
            Box::new(TcpDial::websocket(at.to_string(), path, tls))
        }
        DialLine::Unix(path) => Box::new(UnixDial::new(path)),
        DialLine::Pty(path) => Box::new(PtyDevice::new(path)),
        DialLine::Device(device) => over(device, None)?,
        DialLine::Exchange(_) => Box::new(shared.exchange.phone(request.own_number.as_deref())),
        DialLine::Pool(name) => over_pool(shared, name, request)?,
    })
}

/// The lines of a pool, each as if it had been asked for by itself; the modem that was asked for goes before the pool's.
fn over_pool(shared: &Shared, name: &str, request: &DialRequest) -> Result<Box<dyn Line>, RasError> {
    let current = shared.current();
    let pool = current.config.line_pools.get(name).ok_or(RasError::DEVICE_DOES_NOT_EXIST)?;
    let modem = request.modem.as_ref().or(pool.modem.as_ref());
    let lines = pool.lines.iter().map(|member| {
        let to = DialRequest {
            line: member.clone(),
            modem: modem.cloned(),
            frame: request.frame,
            tls: request.tls.clone(),
            ..DialRequest::default()
        };
        Ok((member.to_string(), line(shared, &to)?))
    });
    Ok(Box::new(PoolLine::new(name, lines.collect::<Result<Vec<_>, RasError>>()?)))
}

/// What counts in TLS for a dial.
fn in_tls(request: &DialRequest) -> Result<TlsClient, TlsError> {
    request.tls.clone().map_or_else(|| modems::trusts(None), Ok)
}

/// A line over a device, through its modem where one is named.
fn over_device(
    shared: &Shared,
    to: &DeviceLine,
    device: Box<dyn Device>,
    name: Option<&str>,
    trouble: &Trouble,
) -> Result<Box<dyn Line>, RasError> {
    let settings = match name.filter(|name| *name != CABLE) {
        Some(name) => Some(modem(name, &shared.current().config.modems).map_err(|error| {
            tracing::info!(line = %to, "{error}");
            RasError::DEVICE_DOES_NOT_EXIST
        })?),
        None => None,
    };
    let shown = to.to_string();
    let trouble = trouble.clone();
    let wrong = move |wrong: Option<modems::Wrong>| {
        trouble.set(wrong.as_ref().map(|wrong| wrong.sentence.clone()));
        if let Some(wrong) = wrong {
            tracing::warn!(line = shown, "{}: {}", wrong.number, wrong.sentence);
        }
    };
    Ok(modems::line(&to.to_string(), device, settings, wrong))
}

fn tap(file: &File, text: &str) -> Result<Capture, RasError> {
    file.try_clone().and_then(|file| Capture::about(file, text)).map_err(|_| RasError(110))
}

fn config(request: DialRequest) -> DialConfig {
    let number = match &request.line {
        DialLine::Exchange(number) => number.clone(),
        _ => request.number.clone(),
    };
    // a modem rings
    let callable = request.own_number.is_some() || request.has_modem() || request.rings.is_some();
    DialConfig {
        number,
        device: request.line.to_string(),
        params: request.params,
        pauses: request.pauses,
        wait_seen: request.wait_seen,
        notifier: request.notifier,
        terminal: request.terminal,
        callable,
        pause_limit: Duration::from_secs(600),
        silence: Duration::from_secs(3),
        quiet: Duration::from_secs(1),
        callback_wait: Duration::from_secs(120),
        ppp: openras_ppp::Config {
            // the other end's XON and XOFF would stop a serial port
            lcp: openras_ppp::config::LcpConfig { accm: request.frame.accm(), ..Default::default() },
            authenticate_us: request.auth,
            insist_on_authentication: request.require_auth,
            ipcp: Some(openras_ppp::config::IpcpConfig {
                request_dns: true,
                request_nbns: false,
                vj: request.vj,
                ..Default::default()
            }),
            trace: request.trace,
            limits: openras_ppp::config::Limits::of(request.idle, None),
            ..openras_ppp::Config::default()
        },
    }
}
