//! `totp`: a name and a one-time code (RFC 6238), or a recovery code, before PPP.
//!
//! The module holds no state: seeds, used steps, recovery codes and wrong tries are in the [`CodeStore`]. An
//! unknown name, a wrong code, a used one and a locked user look the same to the caller (defence rules 6 and 7);
//! which it was is in the log.

mod code;
mod enrol;
mod store;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use openras_engine::server::{AskLine, DialogVerdict, Echo};
use openras_ppp::Secret;
use serde::Deserialize;
use subtle::ConstantTimeEq;

pub use code::{Hash, code, step};
pub use enrol::{
    BadSeed, ISSUER, NoRandom, RECOVERY_CODES, SEED_LEN, Seed, new_recovery_codes, normalise_recovery_code,
    recovery_codes,
};
pub use store::{CodeStore, Enrolment, Standing, StoreError, TryResult};

use crate::dialog::{Dialog, Interrupted};
use crate::host::{BoxFuture, Module};

/// Tries in one dialog.
const TRIES: u32 = 3;
/// A wait longer than this is not waited for: the caller is told to call again later.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Steps before and after now that count (RFC 6238 §5.2).
const WINDOW: u64 = 1;
/// 2025-01-01: a clock before it was never set.
const SET_AFTER: u64 = 1_735_689_600;
const WRONG: &str = "\r\nLogin incorrect.\r\n";
const LATER: &str = "\r\nToo many wrong tries. Call again later.\r\n";
const NO_CLOCK: &str = "\r\nCodes cannot be checked now. Use a recovery code.\r\n";

/// What the clock says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// Seconds since 1970.
    pub unix: u64,
    /// Whether it can be believed.
    pub set: bool,
}

/// Where the time comes from.
pub type Clock = Arc<dyn Fn() -> Time + Send + Sync>;

/// The system's clock; one that stands before 2025 was never set and is not believed.
pub fn system_clock() -> Clock {
    Arc::new(|| {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let unix = since.map_or(0, |time| time.as_secs());
        Time { unix, set: unix >= SET_AFTER }
    })
}

/// `[module.NAME]` with `kind = "totp"`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TotpConfig {
    /// What asks for the name (default `User: `).
    pub user_prompt: String,
    /// What asks for the code (default `Code: `).
    pub code_prompt: String,
    /// Seconds to answer each, 10–300 (default 60).
    pub answer_seconds: u64,
}

impl Default for TotpConfig {
    fn default() -> Self {
        Self { user_prompt: "User: ".into(), code_prompt: "Code: ".into(), answer_seconds: 60 }
    }
}

/// The module.
pub struct Totp {
    name: String,
    config: TotpConfig,
    store: Arc<dyn CodeStore>,
    clock: Clock,
}

/// How one try came out.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    /// The name as the store spells it.
    Right(String),
    Wrong,
    /// The clock cannot be believed; nobody's code can be checked.
    ClockNotSet,
    /// The clock is behind a step this user has used; looks like `Wrong` to the caller.
    ClockBehind,
    /// The wait is longer than a dialog should last.
    Later,
}

/// What was typed.
struct Claimed {
    user: String,
    domain: String,
    code: Secret,
}

impl Totp {
    /// The module over `store`, with the time from `clock`.
    pub fn new(name: impl Into<String>, config: TotpConfig, store: Arc<dyn CodeStore>, clock: Clock) -> Self {
        Self { name: name.into(), config, store, clock }
    }

    async fn converse(&self, mut dialog: Dialog) {
        let verdict = match self.talk(&mut dialog).await {
            Ok(verdict) => verdict,
            Err(Stop::Interrupted(why)) => DialogVerdict::Error { code: why.code(), text: why.to_string() },
            Err(Stop::Store(why)) => {
                tracing::error!(
                    module = self.name,
                    call = dialog.info().call,
                    "the users' store failed: {why}"
                );
                DialogVerdict::Error { code: 31, text: "the users' store failed".into() }
            }
        };
        dialog.complete(verdict);
    }

    async fn talk(&self, dialog: &mut Dialog) -> Result<DialogVerdict, Stop> {
        let mut last = None;
        let mut clock = false;
        for _ in 0..TRIES {
            let claimed = self.ask(dialog).await?;
            let outcome = self.attempt(dialog, &claimed).await?;
            let Claimed { user, domain, .. } = claimed;
            let text = match outcome {
                Outcome::Right(user) => return Ok(DialogVerdict::Success { user, domain }),
                Outcome::Later => {
                    dialog.send(LATER).await?;
                    return Ok(DialogVerdict::Failure { user, domain });
                }
                Outcome::ClockNotSet => NO_CLOCK,
                Outcome::ClockBehind | Outcome::Wrong => WRONG,
            };
            clock |= matches!(outcome, Outcome::ClockNotSet | Outcome::ClockBehind);
            dialog.send(text).await?;
            last = Some((user, domain));
        }
        let (user, domain) = last.unwrap_or_default();
        if clock {
            let text =
                "the server's clock is not set or behind; the user's codes could not be checked".into();
            return Ok(DialogVerdict::Error { code: CLOCK, text });
        }
        Ok(DialogVerdict::Failure { user, domain })
    }

    async fn ask(&self, dialog: &mut Dialog) -> Result<Claimed, Stop> {
        let timeout = Some(Duration::from_secs(self.config.answer_seconds.clamp(10, 300)));
        let question = |prompt: &str, echo, max| AskLine { prompt: prompt.to_owned(), echo, max, timeout };
        let name = dialog.ask(question(&self.config.user_prompt, Echo::Yes, 272)).await?;
        let code = dialog.ask(question(&self.config.code_prompt, Echo::No, 64)).await?;
        let name = String::from_utf8_lossy(name.expose()).trim().to_owned();
        let (domain, user) = name.split_once('\\').unwrap_or(("", &name));
        Ok(Claimed { user: user.to_owned(), domain: domain.to_owned(), code })
    }

    /// Books the try, waits as long as it must, looks at the code, settles the try.
    async fn attempt(&self, dialog: &mut Dialog, claimed: &Claimed) -> Result<Outcome, Stop> {
        let (user, source) = (claimed.user.clone(), dialog.info().source.clone());
        let now = (self.clock)().unix;
        let standing = self.store(move |store| store.book_try(&user, &source, now)).await?;
        let (Standing::Wait(wait) | Standing::Locked(wait)) = standing;
        if wait > LONGEST_WAIT {
            self.settle(dialog, claimed, TryResult::NotCounted).await?;
            return Ok(Outcome::Later);
        }
        if !wait.is_zero() {
            dialog.sleep(wait).await?;
        }
        let outcome = match standing {
            Standing::Wait(_) => self.check(dialog, claimed, &claimed.user).await?,
            Standing::Locked(_) => {
                self.note(dialog, claimed, "the user is locked; `openras user unlock` opens it again");
                self.check(dialog, claimed, NOBODY).await?
            }
        };
        let result = match outcome {
            Outcome::Right(_) => TryResult::Right,
            Outcome::ClockNotSet | Outcome::ClockBehind => TryResult::NotCounted,
            Outcome::Wrong | Outcome::Later => TryResult::Wrong,
        };
        self.settle(dialog, claimed, result).await?;
        Ok(outcome)
    }

    async fn settle(&self, dialog: &Dialog, claimed: &Claimed, result: TryResult) -> Result<(), Stop> {
        let (user, source) = (claimed.user.clone(), dialog.info().source.clone());
        self.store(move |store| store.settle_try(&user, &source, result)).await
    }

    /// Looks at the code as one of `user`, who is the claimed one or, where no code may count, [`NOBODY`].
    async fn check(&self, dialog: &Dialog, claimed: &Claimed, user: &str) -> Result<Outcome, Stop> {
        let name = user.to_owned();
        let known = self.store(move |store| store.enrolment(&name)).await?;
        let exists = known.is_some();
        let enrolment = known.unwrap_or_else(nobody);
        if let Some(code) = normalise_recovery_code(claimed.code.expose()) {
            let user = if exists { enrolment.user.clone() } else { user.to_owned() };
            let taken = self.store(move |store| store.use_recovery_code(&user, &code)).await?;
            if taken && exists {
                self.note(dialog, claimed, "a recovery code was used");
                return Ok(Outcome::Right(enrolment.user));
            }
            return Ok(Outcome::Wrong);
        }
        let time = (self.clock)();
        if !time.set {
            self.note(
                dialog,
                claimed,
                "the clock is not set, so no code can be checked; recovery codes work",
            );
            return Ok(Outcome::ClockNotSet);
        }
        let now = step(time.unix, enrolment.period);
        let found = matching_step(&enrolment, now, &claimed.code);
        if enrolment.last_step.is_some_and(|last| last > now.saturating_add(WINDOW)) {
            self.note(
                dialog,
                claimed,
                "the clock is behind a code that was used before; recovery codes work",
            );
            return Ok(Outcome::ClockBehind);
        }
        match found {
            Some(step) if exists => self.claim(dialog, claimed, enrolment.user, step).await,
            _ => Ok(Outcome::Wrong),
        }
    }

    /// A right code counts when its step has been claimed, and not before (defence rule 7).
    async fn claim(
        &self,
        dialog: &Dialog,
        claimed: &Claimed,
        user: String,
        step: u64,
    ) -> Result<Outcome, Stop> {
        let name = user.clone();
        if self.store(move |store| store.claim_step(&name, step)).await? {
            return Ok(Outcome::Right(user));
        }
        self.note(dialog, claimed, "the code had been used already, or a newer one");
        Ok(Outcome::Wrong)
    }

    fn note(&self, dialog: &Dialog, claimed: &Claimed, what: &str) {
        let user = claimed.user.escape_debug().to_string();
        tracing::warn!(module = self.name, call = dialog.info().call, user, "{what}");
    }

    async fn store<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn CodeStore) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Stop> {
        let store = self.store.clone();
        let done = tokio::task::spawn_blocking(move || work(&*store)).await;
        done.unwrap_or_else(|_| Err(StoreError("the store's work was broken off".into())))
            .map_err(Stop::Store)
    }
}

impl Module for Totp {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(&self, dialog: Dialog) -> BoxFuture<'_, ()> {
        Box::pin(self.converse(dialog))
    }
}

/// The name of no user: a locked one is looked up by it, so that the same work is done as for unknown names.
const NOBODY: &str = "";
/// ERROR_TIME_SKEW.
const CLOCK: u32 = 1398;

/// Why a conversation cannot go on.
#[derive(Debug)]
enum Stop {
    Interrupted(Interrupted),
    Store(StoreError),
}

impl From<Interrupted> for Stop {
    fn from(why: Interrupted) -> Self {
        Self::Interrupted(why)
    }
}

/// Stands in for an unknown user, so that the same work is done; no code of it is ever right.
fn nobody() -> Enrolment {
    let seed = Secret::new([0x55; SEED_LEN]);
    Enrolment { user: String::new(), seed, hash: Hash::Sha1, digits: 6, period: 30, last_step: None }
}

/// The step around `now` whose code was typed; looks at all of them, whichever it is. Spaces do not matter.
fn matching_step(enrolment: &Enrolment, now: u64, typed: &Secret) -> Option<u64> {
    let typed = Secret::new(typed.expose().iter().copied().filter(|byte| *byte != b' ').collect::<Vec<u8>>());
    let mut found = None;
    for step in now.saturating_sub(WINDOW)..=now.saturating_add(WINDOW) {
        let expected = code(&enrolment.seed, enrolment.hash, enrolment.digits, step);
        let equal: bool = expected.expose().ct_eq(typed.expose()).into();
        let unused = enrolment.last_step.is_none_or(|last| step > last);
        if equal && (found.is_none() || unused) {
            found = Some(step);
        }
    }
    found
}

#[cfg(test)]
mod tests;
