//! `openras user`: the store's users, from the command line.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use openras_engine::escape;
use openras_engine::users::CallbackRight;
use openras_modules::totp::{Seed, new_recovery_codes};
use openras_ppp::Secret;
use openras_service::Config;
use openras_service::audit::{self, Audit};
use openras_service::config::show_duration;
use openras_service::users::{Keep, NetworkChange, NewUser, Policy, StoreError, UserChange, UserInfo, Users};
use serde_json::json;

use crate::cli::{Rights, Store, User, UserAdd, UserSet};
use crate::keyboard::Keyboard;
use crate::out;
use crate::secret_file;
use crate::signals::Signals;
use crate::{config_file, exit};

/// Does what was asked with the store.
pub(crate) async fn run(command: User) -> Result<u8> {
    match command {
        User::Add(args) => add(args).await?,
        User::Set(args) => set(args).await?,
        User::Passwd(args) => {
            let password = password(args.password_file.as_deref()).await?;
            let keep = args.reversible.then_some(Keep { clear: true, ..Keep::default() });
            let change = move |users: &Users, name: &str| users.passwd(name, &password, keep);
            changed(&args.store, "user passwd", &args.name, change).await?;
        }
        User::List(args) => {
            let users = with(&args.store, |store| Ok(store.users.list()?)).await?;
            list(&users, args.json);
        }
        User::Remove(args) => {
            changed(&args.store, "user remove", &args.name, |users, name| users.remove(name)).await?;
        }
        User::Unlock(args) => {
            changed(&args.store, "user unlock", &args.name, |users, name| users.unlock(name)).await?;
        }
    }
    Ok(exit::OK)
}

/// The store and the record beside it.
struct Opened {
    users: Users,
    state: PathBuf,
}

/// Opens the store and works with it off the async threads.
async fn with<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce(&Opened) -> Result<T> + Send + 'static,
) -> Result<T> {
    // the same store as `serve` uses when told as little
    let file = store.config.clone().or_else(config_file::found);
    let config = match (&store.state, file) {
        (Some(state), _) => Config { state: state.clone(), ..Config::default() },
        (None, Some(file)) => Config::load(&file)?,
        (None, None) => Config::default(),
    };
    let done = tokio::task::spawn_blocking(move || {
        let policy = Policy { password_min: config.password_min };
        let users = Users::open(&config.state, config.key_file.as_deref(), policy)?;
        work(&Opened { users, state: config.state })
    });
    done.await?
}

/// Changes a user, and records who changed what (defence rule 20). Where nothing can be recorded, nothing is changed.
async fn changed(
    store: &Store,
    what: &'static str,
    name: &str,
    change: impl FnOnce(&Users, &str) -> Result<(), StoreError> + Send + 'static,
) -> Result<()> {
    let name = name.to_string();
    with(store, move |store| {
        let audit = Audit::open(&store.state, audit::Options::default())?;
        let described = || -> Result<String, StoreError> {
            Ok(store.users.get(&name)?.as_ref().map(describe).unwrap_or_default())
        };
        let before = described()?;
        change(&store.users, &name)?;
        let uid = rustix::process::getuid().as_raw();
        audit
            .admin(uid, what, &name, &before, &described()?)
            .context("the change was made, and the audit record of it could not be written")
    })
    .await
}

/// What an administrator set of a user, without secrets.
fn describe(user: &UserInfo) -> String {
    let methods: Vec<&str> = user.methods.iter().map(|method| method.word()).collect();
    format!("{}; callback {}; {}", methods.join(" "), callback_words(&user.callback), rights(user))
}

async fn add(args: UserAdd) -> Result<()> {
    let name = args.name.clone();
    let totp = enrolment(args.totp, args.totp_file.as_deref())?;
    let callback = callback(&args.rights)?;
    let user = NewUser {
        password: Some(password(args.password_file.as_deref()).await?),
        keep: Keep { clear: args.reversible, ..Keep::default() },
        totp: totp.as_ref().map(|(seed, _)| seed.clone()),
        recovery: totp.as_ref().map(|(_, codes)| codes.clone()).unwrap_or_default(),
        must_change: args.rights.must_change.unwrap_or_default(),
        disabled: args.rights.disabled.unwrap_or_default(),
        no_dial_in: args.rights.no_dial_in.unwrap_or_default(),
        callback: callback.unwrap_or_default(),
        services: services(&args.rights).unwrap_or_default(),
        network: network(&args.rights)?,
    };
    changed(&args.store, "user add", &name, move |users, name| users.add(name, &user)).await?;
    if let Some((seed, codes)) = &totp {
        print_enrolment(&name, args.totp.then_some(seed), codes);
    }
    Ok(())
}

async fn set(args: UserSet) -> Result<()> {
    let name = args.name.clone();
    let totp = enrolment(args.totp, args.totp_file.as_deref())?;
    if totp.is_none() && args.rights == Rights::default() {
        bail!("nothing to change was named; openras user set --help shows what can be");
    }
    let change = UserChange {
        must_change: args.rights.must_change,
        disabled: args.rights.disabled,
        no_dial_in: args.rights.no_dial_in,
        callback: callback(&args.rights)?,
        services: services(&args.rights),
        network: network(&args.rights)?,
        totp: totp.clone().map(Some),
    };
    changed(&args.store, "user set", &name, move |users, name| users.set(name, &change)).await?;
    if let Some((seed, codes)) = &totp {
        print_enrolment(&name, args.totp.then_some(seed), codes);
    }
    Ok(())
}

/// A new seed or one from a file, with its recovery codes.
fn enrolment(fresh: bool, file: Option<&Path>) -> Result<Option<(Seed, Vec<Secret>)>> {
    let seed = match (fresh, file) {
        (true, _) => Seed::random()?,
        (false, Some(file)) => {
            let text = secret_file::first_line(file)?;
            Seed::parse(std::str::from_utf8(text.expose()).context("the seed is not text")?.trim())?
        }
        (false, None) => return Ok(None),
    };
    Ok(Some((seed, new_recovery_codes()?)))
}

/// Printed once; only the seed's encrypted form and the codes' hashes are kept.
fn print_enrolment(name: &str, fresh: Option<&Seed>, codes: &[Secret]) {
    if let Some(seed) = fresh {
        out::line(format_args!("For the authenticator of {}:", escape::line(name)));
        out::line(format_args!("  seed  {}", seed.base32().as_str()));
        out::line(format_args!("  {}", seed.uri(name).as_str()));
    }
    out::line("Recovery codes, each good once instead of a code:");
    for code in codes {
        out::line(format_args!("  {}", String::from_utf8_lossy(code.expose())));
    }
}

fn callback(rights: &Rights) -> Result<Option<CallbackRight>> {
    let allow = rights.callback_allow.clone();
    Ok(match rights.callback.as_deref() {
        Some("caller") => Some(CallbackRight::Caller { allow }),
        // by itself it would let a user choose who is always called back at one number
        _ if !allow.is_empty() => bail!("--callback-allow goes with --callback caller; write both"),
        None => None,
        Some("none") => Some(CallbackRight::None),
        Some(number) => Some(CallbackRight::Preset(number.to_string())),
    })
}

/// `default` takes back what was given; nothing leaves it.
fn services(rights: &Rights) -> Option<Vec<String>> {
    match rights.service.as_slice() {
        [] => None,
        [only] if only == "default" => Some(Vec::new()),
        services => Some(services.to_vec()),
    }
}

/// Words, address and limits; `default`, or 0 for a limit, takes back what was given.
fn network(rights: &Rights) -> Result<NetworkChange> {
    let reach = rights.reach.as_deref().map(|words| match words.trim() {
        "default" => None,
        "none" => Some(Vec::new()),
        words => Some(reach_words(words)),
    });
    let address = match rights.address.as_deref() {
        None => None,
        Some("default") => Some(None),
        Some(address) => {
            let wrong = || {
                format!("--address {address:?} is no IPv4 address; write one such as 10.64.0.9, or default")
            };
            Some(Some(address.parse().with_context(wrong)?))
        }
    };
    Ok(NetworkChange { reach, address, idle: rights.idle, session: rights.session })
}

/// Words with spaces between them; a comma ends a word where no port of the same word follows.
fn reach_words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for part in text.split_ascii_whitespace() {
        for (n, piece) in part.split(',').enumerate() {
            let port = piece.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
            match words.last_mut().filter(|last| n > 0 && port && last.contains(':')) {
                Some(last) => {
                    last.push(',');
                    last.push_str(piece);
                }
                None => words.push(piece.to_owned()),
            }
        }
    }
    words
}

async fn password(file: Option<&Path>) -> Result<Secret> {
    if let Some(file) = file {
        return secret_file::first_line(file);
    }
    if !std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        bail!("no terminal to ask for the password at; use --password-file FILE (- for standard input)");
    }
    let (mut keyboard, mut signals) = (Keyboard::start(), Signals::listen()?);
    let password = secret_file::ask(&mut keyboard, &mut signals, "Password: ").await?;
    if password != secret_file::ask(&mut keyboard, &mut signals, "Again: ").await? {
        bail!("the two passwords differ");
    }
    Ok(password)
}

fn list(users: &[UserInfo], as_json: bool) {
    if as_json {
        for user in users {
            out::line(in_json(user));
        }
        return;
    }
    let width = users.iter().map(|user| escape::line(&user.name).chars().count()).max().unwrap_or(0).max(4);
    out::line(format_args!("{:width$}  {:26}  {:24}  may", "name", "methods", "callback"));
    for user in users {
        let methods: Vec<&str> = user.methods.iter().map(|method| method.word()).collect();
        let name = escape::line(&user.name);
        out::line(format_args!(
            "{name:width$}  {:26}  {:24}  {}",
            methods.join(" "),
            callback_words(&user.callback),
            rights(user)
        ));
    }
}

fn callback_words(right: &CallbackRight) -> String {
    match right {
        CallbackRight::None => "none".into(),
        CallbackRight::Caller { allow } if allow.is_empty() => "caller (none allowed)".into(),
        CallbackRight::Caller { allow } => format!("caller {}", allow.join(" ")),
        CallbackRight::Preset(number) => number.clone(),
    }
}

fn rights(user: &UserInfo) -> String {
    let mut words = Vec::new();
    let flags = [
        (user.disabled, "disabled"),
        (user.no_dial_in, "no dial-in"),
        (user.must_change, "must change the password"),
        (user.is_locked(), "locked"),
    ];
    words.extend(flags.iter().filter(|(set, _)| *set).map(|(_, word)| (*word).to_string()));
    if words.is_empty() {
        words.push("dial in".into());
    }
    if user.totp {
        words.push(format!("totp, {} recovery codes", user.recovery_left));
    }
    if let Some(reach) = &user.network.reach {
        words.push(format!("reaches {}", if reach.is_empty() { "nothing".into() } else { reach.join(" ") }));
    }
    if let Some(address) = user.network.address {
        words.push(format!("is {address}"));
    }
    let limits = &user.network.limits;
    for (time, word) in [(limits.idle_time(), "idle"), (limits.session_time(), "in all")] {
        time.into_iter().for_each(|time| words.push(format!("{} {word}", show_duration(time))));
    }
    if !user.services.is_empty() {
        words.push(format!("gets {}", user.services.join(" ")));
    }
    words.join(", ")
}

fn in_json(user: &UserInfo) -> serde_json::Value {
    let callback = match &user.callback {
        CallbackRight::None => json!({ "kind": "none" }),
        CallbackRight::Caller { allow } => json!({ "kind": "caller", "allow": allow }),
        CallbackRight::Preset(number) => json!({ "kind": "preset", "number": number }),
    };
    json!({
        "name": user.name,
        "methods": user.methods.iter().map(|method| method.word()).collect::<Vec<_>>(),
        "callback": callback,
        "services": user.services,
        "reach": user.network.reach,
        "address": user.network.address,
        "idle_limit": user.network.limits.idle.map_or(0, NonZeroU32::get),
        "session_limit": user.network.limits.session.map_or(0, NonZeroU32::get),
        "disabled": user.disabled,
        "no_dial_in": user.no_dial_in,
        "must_change": user.must_change,
        "totp": user.totp,
        "recovery_left": user.recovery_left,
        "wrong_passwords": user.wrong_passwords,
        "wrong_codes": user.wrong_codes,
        "locked": user.is_locked(),
    })
}
