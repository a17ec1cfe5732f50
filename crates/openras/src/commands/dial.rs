//! `openras dial`: one call of the service's, shown to a person or told to a program.

use std::fs::File;
use std::io::{IsTerminal, stdin, stdout};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use openras_api::client::Events;
use openras_api::types::connection::{self, DialFlow, DialParity, Dialled};
use openras_api::{Client, Problem, start};
use openras_client::{EntryCall, EntryDial};
use openras_phonebook::BookError;
use openras_phonebook::Entry;
use openras_phonebook::entry::flags::RASEO2_RECONNECT_IF_DROPPED;
use openras_ppp::Secret;

use crate::cli::{AuthWord, Dial, Flow, Ip, Parity, Terminal};
use crate::entry::{self, Login, told};
use crate::exit;
use crate::front::Said;
use crate::redial::{Done, Redial, Tries, may_pass};
use crate::secret_file;
use crate::session::{Front, Session, Traffic, never_began};
use crate::signals::{Interrupted, Signals};
use crate::traffic;
use crate::ways::Ports;

/// Where neither the command line nor an entry says it.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(10);

/// What is dialled, and what answers its terminal.
struct Call {
    dial: connection::Dial,
    /// Of the entry; each dial begins it anew.
    script: Option<EntryDial>,
    redial: Redial,
}

/// A dial that has begun.
struct Begun {
    client: Client,
    dialled: Dialled,
    events: Events,
}

/// Who watches, and the signals for whoever dials.
struct Desk {
    front: Front,
    signals: Signals,
}

/// Places the call and stays with it. Gives the exit code.
pub(crate) async fn run(args: Dial) -> Result<u8> {
    let mut front = match (args.json, stdin().is_terminal() && stdout().is_terminal()) {
        (true, _) => Front::program(),
        (false, true) => Front::person(args.verbose),
        (false, false) => Front::log(args.verbose),
    };
    let mut signals = Signals::listen()?;
    let mut call = match call(&args, &mut front, &mut signals).await {
        Ok(call) => call,
        Err(error) => {
            let error = error.downcast::<BookError>()?;
            front.show(&never_began(told(&error)));
            return Ok(entry::exit_code(&error));
        }
    };
    call.dial.tls = crate::tls_files::read(&args.tls)?;
    let capture = args.capture.as_deref().map(capture_file).transpose()?;
    let desk = Desk { front, signals };
    let ports = Ports { forward: args.forward.clone(), socks: args.socks };
    let traffic = Traffic {
        ping: args.ping,
        fetch: args.fetch.clone(),
        stay: args.duration,
        detach: args.detach,
        ports: if args.on_demand { Ports::default() } else { ports.clone() },
        demand: None,
    };
    if args.on_demand {
        return on_demand(&args, call, capture, traffic, &ports, desk).await;
    }
    let (done, _) = series(&args, &call, capture.as_ref(), &traffic, desk).await?;
    Ok(done.code)
}

/// The call is placed whenever somebody connects, until the person ends it or another try is of no use.
async fn on_demand(
    args: &Dial,
    call: Call,
    capture: Option<File>,
    mut traffic: Traffic,
    ports: &Ports,
    mut desk: Desk,
) -> Result<u8> {
    let (demand, lines) = ports.wait().await?;
    traffic.demand = Some(demand.teller());
    lines.iter().for_each(|line| desk.front.waiting(line));
    // what connects may do so all the time, and a number that does not answer is not called all the time
    let mut failures = Tries::new(Redial {
        tries: u32::MAX,
        pause: Some(call.redial.pause).filter(|pause| !pause.is_zero()).unwrap_or(PAUSE),
        lost: true,
    });
    loop {
        loop {
            tokio::select! {
                () = demand.wanted() => break,
                _ = desk.signals.heard() => return Ok(exit::OK),
                said = desk.front.said(&call.dial.user) => if matches!(said, Said::HangUp) {
                    return Ok(exit::OK);
                },
            }
        }
        let (done, after) = series(args, &call, capture.as_ref(), &traffic, desk).await?;
        desk = after;
        demand.down();
        if done.wanted || !(done.connected || done.error.is_some_and(may_pass)) {
            return Ok(done.code);
        }
        match failures.after(&done) {
            Some(pause) if !paused(pause, &call, &mut desk).await => return Ok(done.code),
            Some(_) => {}
            // idle, or another end that was meant
            None => failures.done = 0,
        }
    }
}

/// Dials until it is done, or no more tries are left.
async fn series(
    args: &Dial,
    call: &Call,
    capture: Option<&File>,
    traffic: &Traffic,
    mut desk: Desk,
) -> Result<(Done, Desk)> {
    let mut tries = Tries::new(call.redial);
    loop {
        let done;
        (done, desk) = once(args, call, capture, traffic, desk).await?;
        let Some(pause) = tries.after(&done) else { return Ok((done, desk)) };
        desk.front.redialling(pause, tries.done);
        if let Some(demand) = &traffic.demand {
            demand.again();
        }
        if !paused(pause, call, &mut desk).await {
            return Ok((Done { wanted: true, ..done }, desk));
        }
    }
}

/// Waits until it is time to dial again. `false`: whoever watches wants no more.
async fn paused(pause: Duration, call: &Call, desk: &mut Desk) -> bool {
    let over = tokio::time::sleep(pause);
    tokio::pin!(over);
    loop {
        tokio::select! {
            () = &mut over => return true,
            _ = desk.signals.heard() => return false,
            said = desk.front.said(&call.dial.user) => if matches!(said, Said::HangUp) {
                return false;
            },
        }
    }
}

/// One dial.
async fn once(
    args: &Dial,
    call: &Call,
    capture: Option<&File>,
    traffic: &Traffic,
    desk: Desk,
) -> Result<(Done, Desk)> {
    let Desk { mut front, mut signals } = desk;
    let pauses = front.can_answer() && !args.no_pause;
    // it could be read when the entry was looked up
    let script = call.script.clone().and_then(|mut entry| entry.script().ok().flatten());
    let begun = tokio::select! {
        begun = begin(args, call.dial.clone(), capture, script.is_some()) => begun,
        // dropped half-way, a dial that has begun ends for want of its reader
        _ = signals.heard() => return Err(Interrupted.into()),
    };
    match begun {
        Err((code, problem)) => {
            let error = Some(problem.number());
            front.show(&never_began(problem));
            Ok((Done { code, error, ..Done::default() }, Desk { front, signals }))
        }
        Ok(Begun { client, dialled, .. }) if dialled.joined => {
            front.joined(dialled.id, &call.dial.name);
            let mut code = exit::OK;
            for line in traffic::open(&traffic.ports, &client, dialled.id).await {
                code = if line.failed() { exit::TRAFFIC } else { code };
                front.traffic(dialled.id, Duration::ZERO, &line);
            }
            Ok((Done { code, wanted: true, ..Done::default() }, Desk { front, signals }))
        }
        Ok(Begun { client, dialled, events }) => {
            let user = call.dial.user.clone();
            let session = Session::new(client, (dialled, events), user, front, traffic.clone(), signals);
            let (done, front, signals) = session.answering(pauses, script).run().await;
            Ok((done, Desk { front, signals }))
        }
    }
}

/// Finds or starts the service, and has it dial. A failure comes with its exit code.
async fn begin(
    args: &Dial,
    mut dial: connection::Dial,
    capture: Option<&File>,
    scripted: bool,
) -> Result<Begun, (u8, Problem)> {
    let refused = |problem: Problem| (exit::of(problem.number(), false), problem);
    let client = start::connect_or_start(args.at.socket.as_deref())
        .await
        .map_err(|problem| (exit::SERVICE, problem))?;
    if let Some(file) = capture {
        dial.capture = Some(client.descriptor(file).await.map_err(refused)?);
    }
    let dialled = client.dial(&dial).await.map_err(refused)?;
    let (id, notifier) = (dialled.id, &dialled.notifier);
    if dialled.joined {
        // it was up before, and whoever dialled it first holds it
        client.release(id).await.map_err(refused)?;
    }
    let events = match (dialled.joined, scripted) {
        (true, _) => client.connection_events(id, None, 0, false).await,
        // what the other end says is the script's
        (false, true) => client.dial_events(id, notifier).await,
        (false, false) => client.connection_events(id, Some(notifier), 0, dial.packets).await,
    };
    Ok(Begun { events: events.map_err(refused)?, client, dialled })
}

/// What is to be dialled: an entry of the phone book with what was named besides, or a line.
async fn call(args: &Dial, front: &mut Front, signals: &mut Signals) -> Result<Call> {
    let password = args.password_file.as_deref().map(secret_file::first_line).transpose()?;
    let mut call = match &args.entry {
        Some(name) => {
            let line = args.line.as_ref().map(ToString::to_string);
            let wanted = EntryCall {
                name: name.clone(),
                phonebook: args.phonebook.clone(),
                number: line.or(args.number.clone().filter(|_| args.modem.is_none())).unwrap_or_default(),
                callback: args.callback.clone(),
                ..EntryCall::default()
            };
            let (user, domain) = (args.user.clone(), args.domain.clone());
            let mut found = entry::find(wanted, Login { user, password, domain })?;
            if !found.has_password && !found.dial.user.is_empty() {
                found.dial.password = ask(front, signals).await?.into();
            }
            let script = found.script()?.map(|_| found.clone());
            let redial = redial(args, Some(&found.entry));
            Call { dial: found.dial, script, redial }
        }
        None => {
            let line = args.line.as_ref().map(ToString::to_string).unwrap_or_default();
            let mut dial = connection::Dial::new(openras_client::absolute(&line));
            dial.user.clone_from(&args.user);
            dial.domain.clone_from(&args.domain);
            dial.callback_number = args.callback.clone().unwrap_or_default();
            dial.password = match password {
                Some(password) => password,
                None if args.user.is_empty() => Secret::default(),
                None => ask(front, signals).await?,
            }
            .into();
            Call { dial, script: None, redial: redial(args, None) }
        }
    };
    named_here(args, &mut call);
    call.dial.pauses = front.can_answer() && !args.no_pause || call.script.is_some();
    call.dial.packets = args.verbose > 0 || args.json;
    Ok(call)
}

/// How often to dial again: what was named here, else what the entry says.
fn redial(args: &Dial, entry: Option<&Entry>) -> Redial {
    let Some(tries) = args.redial else { return Redial::default() };
    let pause =
        entry.map(|entry| Duration::from_secs(entry.redial_pause.into())).filter(|pause| !pause.is_zero());
    Redial {
        tries: tries.unwrap_or(entry.map_or(TRIES, |entry| entry.redial_count)),
        pause: args.redial_pause.or(pause).unwrap_or(PAUSE),
        lost: args.redial_lost
            || entry.is_some_and(|entry| entry.options2 & RASEO2_RECONNECT_IF_DROPPED != 0),
    }
}

/// What the command line says of methods and terminal goes before what the entry says.
fn named_here(args: &Dial, call: &mut Call) {
    let required = !args.require_auth.is_empty();
    let words = if required { &args.require_auth } else { &args.auth };
    if !words.is_empty() {
        let methods = words.iter().filter_map(|word| match word {
            AuthWord::Method(method) => Some(method.word().to_string()),
            AuthWord::None => None,
        });
        call.dial.auth = methods.collect();
        call.dial.require_auth = required && !words.contains(&AuthWord::None);
    }
    if let Some(idle) = args.idle {
        call.dial.idle_seconds = Some(u32::try_from(idle.as_secs().max(1)).unwrap_or(u32::MAX));
    }
    if let Some(modem) = &args.modem {
        call.dial.modem = Some(modem.clone());
    }
    // with an entry alone it stands in the entry's place already; a pool has a modem of its own
    if let Some(number) = &args.number
        && (args.modem.is_some() || args.entry.is_none())
    {
        call.dial.number.clone_from(number);
    }
    if let Some(line) = &args.callback_line {
        call.dial.callback_line = Some(openras_client::absolute(&line.to_string()));
    }
    call.dial.null_modem = args.null_modem;
    call.dial.vj &= !args.no_vj;
    if args.ip == Ip::Tun {
        call.dial.ip = connection::DialIp::Tun;
    }
    call.dial.name_servers = args.dns;
    serial(args, &mut call.dial);
    call.dial.routes = args.routes.iter().map(ToString::to_string).collect();
    if let Some(terminal) = args.terminal {
        call.dial.terminal = match terminal {
            Terminal::Auto => connection::Terminal::Auto,
            Terminal::BeforeDial => connection::Terminal::BeforeDial,
            Terminal::AfterDial => connection::Terminal::AfterDial,
            Terminal::Never => connection::Terminal::Never,
        };
        // whoever wants another terminal wants it without the script
        call.script = None;
    }
}

/// How octets stand on a serial line.
fn serial(args: &Dial, dial: &mut connection::Dial) {
    dial.parity = args.parity.map(|parity| match parity {
        Parity::None => DialParity::None,
        Parity::Odd => DialParity::Odd,
        Parity::Even => DialParity::Even,
        Parity::Mark => DialParity::Mark,
        Parity::Space => DialParity::Space,
    });
    dial.stop = args.stop;
    dial.flow = args.flow.map(|flow| match flow {
        Flow::None => DialFlow::None,
        Flow::XonXoff => DialFlow::XonXoff,
        Flow::RtsCts => DialFlow::RtsCts,
    });
}

/// The capture is opened by the person's program, for the person only (defence rules 10, 14).
fn capture_file(path: &Path) -> Result<File> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let made = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    made.and_then(|file| {
        // a file that was there already keeps its own mode otherwise
        if file.metadata()?.is_file() {
            file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        }
        Ok(file)
    })
    .with_context(|| format!("cannot write the capture {}", path.display()))
}

/// A person is asked for the password; a program brings it in a file.
async fn ask(front: &mut Front, signals: &mut Signals) -> Result<Secret> {
    match front {
        Front::Person(person) => secret_file::ask(person.keyboard(), signals, "Password: ").await,
        Front::Program(_) | Front::Log(_) => Ok(Secret::default()),
    }
}
