//! `/v1/connections`: dials that the service holds.

use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use openras_api::Problem;
use openras_api::types::connection::{
    Dial, DialFlow, DialIp, DialParity, DialTls, Dialled, GiveUp, Resume, Seen, Terminal,
};
use openras_engine::client::dial::{DialParams, TerminalMode};
use openras_engine::modem::dial_string;
use openras_engine::rfc2217::{Flow, Parity, Stop};
use openras_engine::{RasError, escape};
use openras_io::line::{TlsClient, TlsClientFiles};
use openras_io::net::tun::TunDial;
use openras_ppp::AuthMethod;

use super::answer::{self, Answer};
use super::ask::{Ask, wrong};
use super::callback::rings;
use super::lines;
use crate::config::device::{self, CABLE, Frame};
use crate::config::{DeviceLine, DialLine};
use crate::connections::held::Client;
use crate::connections::references::Dialling;
use crate::connections::{DialRequest, Trouble};
use crate::tun;

/// Dials one user who is no administrator may have at a time.
const EACH: usize = 256;
/// What `auth` may name.
const METHODS: [AuthMethod; 4] =
    [AuthMethod::MsChapV2, AuthMethod::MsChapV1, AuthMethod::ChapMd5, AuthMethod::Pap];
/// The longest name of a connection, in characters.
const NAME: usize = 256;
/// The longest text of a dial or a resume, in bytes: the service keeps it in more than one place while the call runs. What
/// goes over the line is shorter still, and whoever sends it says so.
const TEXT: usize = 4096;
/// Characters of a bad line that are said again.
pub(super) const SAID: usize = 200;

/// RasDial.
pub(super) async fn dial(mut ask: Ask) -> Answer {
    let mut wanted: Dial = ask.json().await?;
    let line: DialLine = wanted.line.parse().map_err(|error: crate::config::LineError| {
        let given = escape::short(&error.given, SAID);
        Problem::new(RasError::INVALID_PARAMETER, format!("The line \"{given}\" {}.", error.problem))
            .remedy(format!("Write {}.", escape::short(&error.remedy, SAID)))
    })?;
    fits("line", Some(&wanted.line))?;
    fits("phonebook", Some(&wanted.phonebook))?;
    fits("user", Some(&wanted.user))?;
    fits("domain", Some(&wanted.domain))?;
    fits("password", Some(wanted.password.0.expose()))?;
    fits("own_number", wanted.own_number.as_ref())?;
    fits("callback_number", Some(&wanted.callback_number))?;
    fits("callback_line", wanted.callback_line.as_ref())?;
    lines::check(&ask.api, &ask.session, &line).await?;
    lines::check_own(ask.peer(), wanted.own_number.as_deref())?;
    fits("modem", wanted.modem.as_ref())?;
    fits("number", Some(&wanted.number))?;
    of_pool(&ask, &mut wanted, &line)?;
    dials(&ask, &wanted, &line)?;
    let rings = rings(&ask, &wanted, &line)?;
    device_for(&ask, &wanted)?;
    let uid = ask.peer().uid;
    if !ask.peer().is_admin() && ask.api.held.of(uid) >= EACH {
        return Err(Problem::new(RasError(1816), format!("This user has {EACH} dials, which is the most."))
            .remedy("Hang up some of them first."));
    }
    let number = match &line {
        DialLine::Exchange(number) => Some(number.clone()),
        _ => None,
    };
    let client = Client {
        uid,
        name: escape::short(&wanted.name, NAME),
        phonebook: escape::line(&wanted.phonebook),
        number,
        notifier: notifier()?,
        packets: wanted.packets,
    };
    let request = DialRequest { rings, ..request(&ask, wanted, line)? };
    let notifier = client.notifier.clone();
    let dialling = ask.api.held.dial(ask.api.service.shared(), request, client).map_err(busy)?;
    answer::made(&match dialling {
        Dialling::Begun(held) => Dialled { id: held.id(), notifier, joined: false },
        Dialling::Joined(held) => Dialled { id: held.id(), notifier: String::new(), joined: true },
    })
}

/// Why a dial did not begin.
fn busy(error: RasError) -> Problem {
    let problem = Problem::from(error);
    match error {
        RasError::DIAL_ALREADY_IN_PROGRESS => Problem {
            message: "This phone-book entry is being dialled already.".into(),
            remedy: "Wait until it is connected, or hang it up first.".into(),
            ..problem
        },
        _ => problem,
    }
}

/// Whether a member is no longer than what is kept of it.
fn fits(member: &str, text: Option<impl AsRef<[u8]>>) -> Result<(), Problem> {
    if text.is_none_or(|text| text.as_ref().len() <= TEXT) {
        return Ok(());
    }
    Err(wrong(format!("The member {member} is longer than {TEXT} bytes.")))
}

/// A network device is every program's on this machine: only who may do all gets one, and only where one is to be had.
fn device_for(ask: &Ask, wanted: &Dial) -> Result<(), Problem> {
    match wanted.ip {
        DialIp::Own => Ok(()),
        DialIp::Tun if !ask.peer().is_admin() => {
            Err(Problem::new(RasError::ACCESS_DENIED, "Only administrators may have a network device.")
                .remedy("Use ports that lead through the connection (--forward, --socks), or ask for group openras-admin."))
        }
        DialIp::Tun => TunDial::new(Vec::new()).map(drop).map_err(|error| tun::refused(&error)),
    }
}

/// A pool must be known here; its modem is that of the call, unless another is named.
fn of_pool(ask: &Ask, wanted: &mut Dial, line: &DialLine) -> Result<(), Problem> {
    let DialLine::Pool(name) = line else { return Ok(()) };
    let current = ask.api.service.shared().current();
    let Some(pool) = current.config.line_pools.get(name) else {
        let why = format!("The service has no pool \"{name}\".");
        return Err(Problem::new(RasError::DEVICE_DOES_NOT_EXIST, why).remedy(
            "Name a [pool.NAME] of the configuration of the service that is asked, or dial another line.",
        ));
    };
    wanted.modem = wanted.modem.take().or_else(|| pool.modem.clone());
    Ok(())
}

/// The modem must be known here, and its number one that only dials (defence rule 3). Its commands are the operator's.
fn dials(ask: &Ask, wanted: &Dial, line: &DialLine) -> Result<(), Problem> {
    let Some(name) = &wanted.modem else {
        if wanted.number.is_empty() {
            return Ok(());
        }
        let why = format!("A number is dialled by a modem, and none is named for {line}.");
        return Err(
            Problem::new(RasError::INVALID_PARAMETER, why).remedy("Name its modem, or leave the number out.")
        );
    };
    if line.device().is_none() && !matches!(line, DialLine::Pool(_)) {
        let why = format!("A modem cannot be on the line {line}.");
        return Err(Problem::new(RasError::INVALID_PARAMETER, why).remedy(
            "Name a line serial:, rfc2217:, tcp:, telnet:, tls:, ws:, wss: or pty:, or leave the modem out.",
        ));
    }
    if name == CABLE {
        return Ok(());
    }
    let current = ask.api.service.shared().current();
    device::modem(name, &current.config.modems).map_err(|error| {
        Problem::new(RasError::DEVICE_DOES_NOT_EXIST, format!("{}.", escape::short(&error.to_string(), SAID)))
            .remedy("Name one of the table in docs/modems.md, or have an administrator add a [modem.NAME].")
    })?;
    if dial_string(&wanted.number).is_none() {
        let number = escape::short(&wanted.number, SAID);
        let why = format!("The number \"{number}\" cannot be dialled by a modem.");
        return Err(Problem::new(RasError::BAD_PHONE_NUMBER, why)
            .remedy("Write digits, and between them only + * # A-D and the modifiers T P W , @ !"));
    }
    Ok(())
}

fn request(ask: &Ask, wanted: Dial, line: DialLine) -> Result<DialRequest, Problem> {
    if wanted.auth.len() > METHODS.len() {
        return Err(wrong("auth takes each of its words once.".into()));
    }
    let frame = frame(&wanted, &line)?;
    let auth = wanted.auth.iter().map(|word| method(word)).collect::<Result<Vec<_>, _>>()?;
    let capture = match wanted.capture {
        Some(number) => Some(Arc::new(ask.api.descriptors.take(ask.peer().uid, number)?)),
        None => None,
    };
    let tls = wanted.tls.map(tls).transpose()?;
    Ok(DialRequest {
        line,
        tls,
        own_number: wanted.own_number,
        rings: None,
        modem: wanted.modem,
        null_modem: wanted.null_modem,
        number: wanted.number,
        params: DialParams {
            user: wanted.user,
            domain: wanted.domain,
            password: wanted.password.0,
            callback_number: wanted.callback_number,
        },
        terminal: match wanted.terminal {
            Terminal::Auto => TerminalMode::Auto,
            Terminal::BeforeDial => TerminalMode::BeforeDial,
            Terminal::AfterDial => TerminalMode::AfterDial,
            Terminal::Script => TerminalMode::Script,
            Terminal::Never => TerminalMode::Never,
        },
        pauses: wanted.pauses,
        wait_seen: wanted.wait_seen,
        notifier: 1,
        auth,
        require_auth: wanted.require_auth,
        // the story keeps the last packets of every call
        trace: true,
        capture,
        vj: wanted.vj,
        tun: wanted.ip == DialIp::Tun,
        routes: tun::routes(&wanted.routes, wanted.ip)?,
        name_servers: tun::name_servers(wanted.name_servers, wanted.ip)?,
        frame,
        idle: wanted.idle_seconds.map(|seconds| Duration::from_secs(seconds.max(1).into())),
        trouble: Trouble::default(),
    })
}

/// How octets stand on a serial port; another line has no such thing.
fn frame(wanted: &Dial, line: &DialLine) -> Result<Frame, Problem> {
    let frame = Frame {
        parity: wanted.parity.map(|parity| match parity {
            DialParity::None => Parity::None,
            DialParity::Odd => Parity::Odd,
            DialParity::Even => Parity::Even,
            DialParity::Mark => Parity::Mark,
            DialParity::Space => Parity::Space,
        }),
        stop: match wanted.stop {
            None => None,
            Some(1) => Some(Stop::One),
            Some(2) => Some(Stop::Two),
            Some(_) => return Err(wrong("stop is 1 or 2.".into())),
        },
        flow: wanted.flow.map(|flow| match flow {
            DialFlow::None => Flow::None,
            DialFlow::XonXoff => Flow::XonXoff,
            DialFlow::RtsCts => Flow::Hardware,
        }),
    };
    let serial = matches!(
        line,
        DialLine::Device(DeviceLine::Serial { .. } | DeviceLine::Rfc2217 { .. }) | DialLine::Pool(_)
    );
    if frame != Frame::default() && !serial {
        let why = format!("Parity, stop bits and flow control are for a serial port, and {line} is none.");
        return Err(Problem::new(RasError::INVALID_PARAMETER, why)
            .remedy("Leave them out, or dial over serial:, rfc2217: or a pool of such lines."));
    }
    Ok(frame)
}

fn tls(wanted: DialTls) -> Result<TlsClient, Problem> {
    let given = |text: String| (!text.is_empty()).then_some(text);
    let own = given(wanted.certificate).map(|certificate| (certificate, wanted.key.0));
    TlsClient::new(&TlsClientFiles { ca: given(wanted.ca), own }).map_err(|error| {
        let why = format!("The line cannot have TLS: {}.", error.what);
        Problem::new(RasError::CERT_FOR_ENCRYPTION_NOT_FOUND, why).remedy(error.remedy)
    })
}

fn method(word: &str) -> Result<AuthMethod, Problem> {
    METHODS
        .into_iter()
        .find(|method| method.word() == word)
        .ok_or_else(|| wrong("auth takes the words mschapv2, mschap, chap and pap.".into()))
}

/// What nobody can guess.
fn notifier() -> Result<String, Problem> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| RasError::NOT_ENOUGH_MEMORY)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// RasEnumConnections.
pub(super) fn list(ask: &Ask) -> Answer {
    let own = |uid| ask.peer().owns(Some(uid));
    let all = ask.api.held.list();
    answer::json(&all.iter().filter(|held| own(held.uid())).map(|held| held.info()).collect::<Vec<_>>())
}

/// RasGetConnectStatus.
pub(super) fn one(ask: &Ask) -> Answer {
    answer::json(&ask.held()?.info())
}

/// The second RasDial.
pub(super) async fn resume(mut ask: Ask) -> Answer {
    let held = ask.held()?;
    let resume: Resume = ask.json().await?;
    fits("user", resume.user.as_ref())?;
    fits("domain", resume.domain.as_ref())?;
    fits("password", resume.password.as_ref().map(|password| password.0.expose()))?;
    fits("callback_number", resume.callback_number.as_ref())?;
    held.resume(resume).await.map_err(told)?;
    answer::nothing()
}

/// A state was handled.
pub(super) async fn seen(mut ask: Ask) -> Answer {
    let held = ask.held()?;
    let seen: Seen = ask.json().await?;
    held.seen(&seen.notifier, seen.seq).await.map_err(told)?;
    answer::nothing()
}

/// What a refused command means here.
fn told(error: RasError) -> Problem {
    let problem = Problem::from(error);
    match error {
        RasError::INVALID_PARAMETER => Problem {
            message: "The notifier is not the one this dial began with, or the state was never told.".into(),
            remedy: "Only the program that dialled may go on with it, with what the dial gave it.".into(),
            ..problem
        },
        RasError::DIAL_ALREADY_IN_PROGRESS => Problem {
            message: "The dial is not paused.".into(),
            remedy: "Wait for a state that is paused; its events tell.".into(),
            ..problem
        },
        _ => problem,
    }
}

/// RasHangUp.
pub(super) fn release(ask: &Ask) -> Answer {
    ask.held()?.release();
    answer::nothing()
}

/// Whoever dialled it came no further.
pub(super) async fn give_up(mut ask: Ask) -> Answer {
    let held = ask.held()?;
    let why: GiveUp = ask.json().await?;
    fits("why", Some(&why.why))?;
    fits("remedy", Some(&why.remedy))?;
    if why.error == 0 || why.why.is_empty() {
        return Err(wrong("The members error and why must say something.".into()));
    }
    held.give_up(why).map_err(told)?;
    answer::nothing()
}

/// Ends it, whoever else uses it.
pub(super) fn hang_up(ask: &Ask) -> Answer {
    ask.held()?.hang_up();
    answer::nothing()
}

/// RasGetProjectionInfo.
pub(super) fn projection(ask: &Ask) -> Answer {
    let agreed = ask.held()?.story().projection();
    answer::json(&agreed.ok_or_else(|| {
        Problem::new(RasError(730), "Nothing has been agreed on yet.").remedy("Wait for the state Connected.")
    })?)
}

/// RasGetConnectionStatistics.
pub(super) fn statistics(ask: &Ask) -> Answer {
    answer::json(&ask.held()?.story().statistics())
}

/// RasClearConnectionStatistics.
pub(super) fn clear_statistics(ask: &Ask) -> Result<Response, Problem> {
    ask.held()?.story().clear_statistics();
    answer::nothing()
}
