//! The rows of the demo: what is called, and what must be seen.

use std::time::{SystemTime, UNIX_EPOCH};

use openras_engine::ConnState;
use openras_engine::client::dial::DialParams;
use openras_modules::totp::{self, Seed};
use openras_ppp::Secret;
use openras_service::config::DialLine;
use openras_service::connections::{Connection, DialRequest};

use super::call::{Outcome, Script, Typed, place};
use super::show::{Row, RowResult, Show};
use super::world::{self, World};
use crate::traffic::{self, Near};

/// Bytes of the page in row (a).
const PAGE: u64 = 10 * 1024 * 1024;

/// The rows in their order.
pub(super) fn all() -> Vec<Row> {
    [
        ("a", "plain call, MS-CHAPv2, ping, 10 MiB over TCP"),
        ("b", "security dialog: a right code, and a wrong one"),
        ("c", "wrong password, paused at 691, resumed"),
        ("d", "expired password, paused at 648, changed"),
        ("e", "callback: number asked for in a pause, and preset"),
        ("f", "pauses off: the same point fails with its number"),
        ("g", "a security module in Python"),
    ]
    .map(|(letter, title)| Row { letter, title })
    .into()
}

/// Makes the calls of a row.
pub(super) async fn make(row: &Row, world: &World, show: &mut Show) -> RowResult {
    let checked = match row.letter {
        "a" => plain(world, show).await,
        "b" => dialog(world, show).await,
        "c" => retry(world, show).await,
        "d" => expired(world, show).await,
        "e" => callback(world, show).await,
        "f" => pauses_off(world, show).await,
        _ => match &world.no_python {
            Some(why) => return RowResult::Skipped(why.clone()),
            None => python(world, show).await,
        },
    };
    match checked {
        Ok(text) => RowResult::Ok(text),
        Err(text) => RowResult::Failed(text),
    }
}

/// What a row checks: a sentence for the table, or what was missing.
type Checked = Result<String, String>;

fn must(holds: bool, what: &str, outcome: &Outcome) -> Result<(), String> {
    if holds {
        return Ok(());
    }
    let end = outcome.end.as_ref().map(|end| match end.error {
        Some(error) => format!("{error}: {}", end.why),
        None => "ended well".into(),
    });
    Err(format!("not seen: {what} ({})", end.unwrap_or_else(|| "the call did not end".into())))
}

fn request(number: &str, user: &str, password: &str) -> DialRequest {
    DialRequest {
        line: DialLine::Exchange(number.into()),
        params: DialParams { user: user.into(), password: Secret::from(password), ..DialParams::default() },
        pauses: true,
        trace: true,
        ..DialRequest::default()
    }
}

/// Nothing but a ping while connected.
async fn ping(connection: &Connection) -> Checked {
    traffic::ping(&near(connection), 1).await.map(|_| String::new())
}

fn near(connection: &Connection) -> Near<'_> {
    Near { stack: connection.stack(), server: server().into() }
}

fn server() -> std::net::Ipv4Addr {
    openras_service::config::PortConfig::new("", openras_service::config::PortLine::Exchange(String::new()))
        .address
}

async fn plain(world: &World, show: &mut Show) -> Checked {
    let outcome =
        place(world, show, request(world::PLAIN, "alice", world::PASSWORD), Script::default(), async |c| {
            let pings = traffic::ping(&near(c), 3).await?;
            let url = format!("http://{}/bytes/{PAGE}", server());
            let page = traffic::fetch(&near(c), &url).await?;
            let promised = traffic::fetch(&near(c), &format!("{url}.sha256")).await?;
            if page.bytes != PAGE || promised.text != page.sha256 {
                return Err("the page is not what the server said it is".into());
            }
            Ok(format!("{pings}\n{page}"))
        })
        .await;
    must(outcome.went_well(), "Connected", &outcome)?;
    outcome.traffic.unwrap_or_else(|| Err("nothing was fetched".into()))?;
    Ok("answered, and the page is what the server said it is".into())
}

async fn dialog(world: &World, show: &mut Show) -> Checked {
    let script = |user: &str, code: String| Script {
        typed: vec![("User: ", Typed::Text(user.into())), ("Code: ", Typed::Text(code))],
        ..Script::default()
    };
    show.call("bob types the right code");
    let outcome =
        place(world, show, request(world::TOTP, "bob", world::PASSWORD), script("bob", code()), ping).await;
    must(outcome.saw(ConnState::INTERACTIVE, 0), "the Interactive pause", &outcome)?;
    must(outcome.went_well(), "Connected after the right code", &outcome)?;
    show.call("carol types a wrong one");
    let tries = ["000000", "000001", "000002"];
    let typed =
        |code: &&str| [("User: ", Typed::Text("carol".into())), ("Code: ", Typed::Text((*code).into()))];
    let wrong = Script { typed: tries.iter().flat_map(typed).collect(), ..Script::default() };
    let outcome = place(world, show, request(world::TOTP, "carol", world::PASSWORD), wrong, ping).await;
    must(outcome.saw(ConnState::INTERACTIVE, 0), "the Interactive pause", &outcome)?;
    let refused = outcome.end.as_ref().is_some_and(|end| !end.was_connected && end.error.is_some());
    must(refused, "the end of the call after wrong codes", &outcome)?;
    Ok("the right code reaches IP, the wrong one never reaches PPP".into())
}

/// What heidi's token shows for the challenge on the terminal.
fn token(text: &str) -> String {
    let challenge = text.split("Challenge: ").nth(1).and_then(|rest| rest.get(..8)).unwrap_or_default();
    super::token::answer(world::SEED, challenge)
}

/// The code that is right now (RFC 6238).
fn code() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let seed = Seed::new(Secret::new(world::SEED));
    let code = totp::code(&seed.key, seed.hash, seed.digits, totp::step(now, seed.period));
    String::from_utf8_lossy(code.expose()).into_owned()
}

async fn retry(world: &World, show: &mut Show) -> Checked {
    let script = Script { password: Some(world::PASSWORD), ..Script::default() };
    let outcome = place(world, show, request(world::PLAIN, "alice", "wrong"), script, ping).await;
    must(outcome.saw(ConnState::RETRY_AUTHENTICATION, 691), "RetryAuthentication with 691", &outcome)?;
    must(outcome.saw(ConnState::AUTH_RETRY, 0), "AuthRetry", &outcome)?;
    must(outcome.went_well(), "Connected after the resume", &outcome)?;
    Ok("691, then connected on the same link".into())
}

async fn expired(world: &World, show: &mut Show) -> Checked {
    let script = Script { new_password: Some(world::NEW_PASSWORD), ..Script::default() };
    let outcome = place(world, show, request(world::PLAIN, "dave", world::PASSWORD), script, ping).await;
    must(outcome.saw(ConnState::PASSWORD_EXPIRED, 648), "PasswordExpired with 648", &outcome)?;
    must(outcome.saw(ConnState::AUTH_CHANGE_PASSWORD, 0), "AuthChangePassword", &outcome)?;
    must(outcome.went_well(), "Connected with the new password", &outcome)?;
    show.call("the old password again");
    let old = DialRequest { pauses: false, ..request(world::PLAIN, "dave", world::PASSWORD) };
    let outcome = place(world, show, old, Script::default(), ping).await;
    must(outcome.failed_with(691), "691 for the old password", &outcome)?;
    show.call("the new one");
    let new = request(world::PLAIN, "dave", world::NEW_PASSWORD);
    let outcome = place(world, show, new, Script::default(), ping).await;
    must(outcome.went_well(), "Connected with the new password in a new call", &outcome)?;
    Ok("changed on the link; only the new one works".into())
}

async fn callback(world: &World, show: &mut Show) -> Checked {
    show.call("erin is asked for a number");
    let mut asked = request(world::CALLBACK, "erin", world::PASSWORD);
    asked.own_number = Some(world::PHONE.into());
    asked.params.callback_number = "*".into();
    let script = Script { number: Some(world::PHONE), ..Script::default() };
    let outcome = place(world, show, asked, script, ping).await;
    must(outcome.saw(ConnState::CALLBACK_SET_BY_CALLER, 0), "CallbackSetByCaller", &outcome)?;
    called_back(&outcome)?;
    show.call("frank is always called back at the office");
    let mut preset = request(world::CALLBACK, "frank", world::PASSWORD);
    preset.own_number = Some(world::OFFICE.into());
    let outcome = place(world, show, preset, Script::default(), ping).await;
    called_back(&outcome)?;
    Ok("hung up, called back, authenticated again, twice".into())
}

fn called_back(outcome: &Outcome) -> Result<(), String> {
    must(outcome.saw(ConnState::WAIT_FOR_CALLBACK, 0), "WaitForCallback", outcome)?;
    must(outcome.saw(ConnState::RE_AUTHENTICATE, 0), "ReAuthenticate", outcome)?;
    must(outcome.went_well(), "Connected after the callback", outcome)
}

async fn pauses_off(world: &World, show: &mut Show) -> Checked {
    let off = DialRequest { pauses: false, ..request(world::PLAIN, "grace", "wrong") };
    let outcome = place(world, show, off, Script::default(), ping).await;
    must(outcome.failed_with(691), "the call failing with 691", &outcome)?;
    let paused = outcome.states.iter().any(|(state, _)| state.is_paused());
    must(!paused, "no pause", &outcome)?;
    Ok("691 is an error, and the call has failed".into())
}

async fn python(world: &World, show: &mut Show) -> Checked {
    let script = Script {
        typed: vec![("User: ", Typed::Text("heidi".into())), ("Answer: ", Typed::From(token))],
        ..Script::default()
    };
    let outcome = place(world, show, request(world::PYTHON, "heidi", world::PASSWORD), script, ping).await;
    must(outcome.saw(ConnState::INTERACTIVE, 0), "the Interactive pause", &outcome)?;
    must(outcome.went_well(), "Connected after the answer", &outcome)?;
    Ok("challenge.py asked, heidi's token answered".into())
}
