//! Is this claim true? The local store's answer to PPP's `Verify`.

use std::fmt;
use std::time::Duration;

use openras_engine::server::port::wrong_credentials;
use openras_ppp::auth::verify::{
    ChangeError, NewPassword, change_v1, change_v2, verify_chap_md5, verify_mschap_v1, verify_mschap_v2,
};
use openras_ppp::{AuthMethod, Claim, Proof, Secret, Verdict};
use rusqlite::params;
use sha2::{Digest, Sha256};

use super::account::Account;
use super::password::{Kept, acceptable, argon_is};
use super::tries::{Booked, Factor, Settled, Try};
use super::{StoreError, Users, name};
use crate::limits::{Ahead, place};

/// The longest an answer is held back; a try that would wait longer is refused unseen.
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// A verdict, and what to do with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// For the wire.
    pub verdict: Verdict,
    /// Give the verdict to PPP only after this time, whether it is good or bad (defence rule 6). At most 15 s; the
    /// caller waits, the store does not.
    pub delay: Duration,
    /// Why; for the log and the record, never for the wire.
    pub reason: Reason,
    /// Somebody has this name. One that nobody has may be a password, typed where the name is asked for: it belongs in no log and no
    /// record.
    pub known: bool,
}

/// Why a verdict came out as it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The proof is true.
    Accepted,
    /// The proof is true and the new password is stored.
    PasswordChanged,
    /// No such user.
    UnknownUser,
    /// The proof is false.
    WrongPassword,
    /// The store keeps nothing of this user by which the method could be checked.
    NoSecret(AuthMethod),
    /// The proof is true, and the account is disabled.
    Disabled,
    /// The proof is true, and the user may not dial in.
    NoDialIn,
    /// The proof is true, and the password must be changed.
    MustChange,
    /// The change of password is refused, for this reason.
    ChangeRefused(String),
    /// The hard limit is reached.
    Locked,
    /// Too many tries of this user from this source at once; not looked at.
    TooSoon,
    /// What the store keeps of the user is damaged.
    Damaged(String),
    /// The store failed, for whoever asks.
    StoreFailed(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted => f.write_str("accepted"),
            Self::PasswordChanged => f.write_str("the password was changed"),
            Self::UnknownUser => f.write_str("no such user"),
            Self::WrongPassword => f.write_str("wrong password"),
            Self::NoSecret(AuthMethod::ChapMd5) => f.write_str(
                "no secret for chap is stored; set the password with `openras user passwd --reversible`",
            ),
            Self::NoSecret(method) => {
                write!(f, "no secret for {method} is stored; set the password with `openras user passwd`")
            }
            Self::Disabled => f.write_str("the account is disabled"),
            Self::NoDialIn => f.write_str("the user may not dial in"),
            Self::MustChange => f.write_str("the password must be changed"),
            Self::ChangeRefused(why) => write!(f, "the change of password was refused: {why}"),
            Self::Locked => f.write_str("locked after too many wrong tries; see `openras user unlock`"),
            Self::TooSoon => f.write_str("too many tries at once from one source; not looked at"),
            Self::Damaged(why) => write!(f, "what is stored of the user is damaged: {why}"),
            Self::StoreFailed(why) => write!(f, "the store failed: {why}"),
        }
    }
}

impl Reason {
    /// What the wire is told. Everything that would tell a stranger who exists is one and the same 691.
    pub(crate) fn refusal(&self) -> Verdict {
        let (error, message) = match self {
            Self::Disabled => (647, "Account disabled"),
            Self::MustChange => (648, "Password expired"),
            Self::NoDialIn => (649, "No permission to dial in"),
            Self::ChangeRefused(_) => (709, "The password was not changed"),
            Self::StoreFailed(_) => (645, "The server cannot check passwords now"),
            _ => return wrong_credentials(),
        };
        Verdict::Refuse { error, retry: false, challenge: None, message: message.into() }
    }
}

/// What a claim came to, and when that may be said.
struct Judged {
    came: Result<(Reason, Option<[u8; 20]>), StoreError>,
    delay: Duration,
    ahead: Option<Ahead>,
}

/// What a proof comes to, beside one account.
enum Proved {
    True(Option<[u8; 20]>),
    Change(Box<NewPassword>, Option<[u8; 20]>),
    False(Reason),
}

impl Users {
    /// Checks a claim. `source` is where the call comes from: an address, a number, or the line where neither is
    /// known. `now` is in seconds since 1970.
    ///
    /// A store that fails refuses everybody with 645 and says why in the reason. Blocks for up to some 50 ms.
    pub fn verify(&self, claim: &Claim, source: &str, now: u64) -> Checked {
        self.verify_behind(claim, source, now).0
    }

    /// As [`Self::verify`]; with a delay, also the tries whose outcome may end it.
    pub(crate) fn verify_behind(&self, claim: &Claim, source: &str, now: u64) -> (Checked, Option<Ahead>) {
        let Judged { came, delay, ahead } = self.judge(claim, source, now);
        let (reason, proof) = came.unwrap_or_else(|error| {
            tracing::error!(%error, "a claim could not be checked");
            let why = error.to_string();
            (if error.is_of_all() { Reason::StoreFailed(why) } else { Reason::Damaged(why) }, None)
        });
        let known = matches!(reason, Reason::Accepted | Reason::PasswordChanged) || self.has(&claim.name);
        let name = known.then_some(claim.name.as_str());
        tracing::debug!(?name, source = ?source, %reason, "claim checked");
        let verdict = match reason {
            Reason::Accepted | Reason::PasswordChanged => {
                Verdict::Accept { authenticator_response: proof, message: String::new() }
            }
            _ => reason.refusal(),
        };
        (Checked { verdict, delay, reason, known }, ahead)
    }

    /// The name under which tries are counted: the user's; of one that nobody has, which may be a password, a digest that says
    /// nothing without the store's key. Made for both, so that both cost the same.
    fn counted_as(&self, name: &str) -> String {
        let key = name::key(name::user_part(name));
        let digest =
            Sha256::new().chain_update(b"tries").chain_update(self.vault.pepper()).chain_update(&key);
        let digest: String = digest.finalize().iter().map(|octet| format!("{octet:02x}")).collect();
        // a key is no digest: no name has a control character
        if self.has(name) { key } else { format!("\u{1}{digest}") }
    }

    /// Whether somebody has this name; nobody where the store cannot say.
    fn has(&self, name: &str) -> bool {
        matches!(self.database.with(|db| Account::find(db, name::user_part(name))), Ok(Some(_)))
    }

    fn judge(&self, claim: &Claim, source: &str, now: u64) -> Judged {
        let at_once = |came| Judged { came, delay: Duration::ZERO, ahead: None };
        let key = self.counted_as(&claim.name);
        let source = &place(source);
        let who = Try { factor: Factor::Password, key: &key, source };
        let (delay, booking, ahead, locked) = match self.book(who, now, Some(LONGEST_WAIT)) {
            Err(error) => return at_once(Err(error)),
            Ok(Booked::TooSoon) => {
                return Judged { delay: Duration::from_secs(1), ..at_once(Ok((Reason::TooSoon, None))) };
            }
            Ok(Booked::Wait(delay, booking, ahead)) => (delay, booking, ahead, false),
            Ok(Booked::Locked(delay, booking)) => (delay, booking, None, true),
        };
        let judged = self.decide(claim, locked);
        let settled = match &judged {
            Ok((_, _, true)) => Settled::Right,
            Ok((_, _, false)) => Settled::Wrong,
            // what could not be looked at is nobody's fault
            Err(error) if error.is_of_all() => Settled::NotCounted,
            // waits like any other, or it would tell that there is such a user
            Err(_) => Settled::Wrong,
        };
        // a wrong try is on the disk before its answer is given
        let settled = self.settle(who, &booking, settled);
        // what the store cannot keep waits like the rest: a full disk makes no guess cheaper
        Judged { came: settled.and(judged).map(|(reason, proof, _)| (reason, proof)), delay, ahead }
    }

    /// Looks at a claim that was booked. The last of what it gives says whether the proof was true.
    fn decide(&self, claim: &Claim, locked: bool) -> Result<(Reason, Option<[u8; 20]>, bool), StoreError> {
        let found = self.database.with(|db| Account::find(db, name::user_part(&claim.name)))?;
        let proved = self.prove(found.as_ref().unwrap_or(&self.nobody), claim)?;
        let Some(account) = found else {
            let change = matches!(claim.proof, Proof::ChangeV1 { .. } | Proof::ChangeV2 { .. });
            let unknown = Reason::UnknownUser;
            let reason = if change { Reason::ChangeRefused(unknown.to_string()) } else { unknown };
            return Ok((reason, None, false));
        };
        if locked {
            return Ok((Reason::Locked, None, false));
        }
        Ok(match proved {
            Proved::False(reason) => (reason, None, false),
            Proved::True(proof) => (standing(&account), proof, true),
            Proved::Change(new, proof) => (self.change_now(&account, &new)?, proof, true),
        })
    }

    /// Looks at the proof alone. `account` may be nobody: the work is the same.
    fn prove(&self, account: &Account, claim: &Claim) -> Result<Proved, StoreError> {
        let proof = &claim.proof;
        let truth =
            |is_true: bool| if is_true { Proved::True(None) } else { Proved::False(Reason::WrongPassword) };
        let none = Proved::False(Reason::NoSecret(proof.method()));
        let proved = match proof {
            Proof::Pap { password } => {
                let right = argon_is(account.argon.as_deref(), password)?;
                return Ok(if account.argon.is_some() { truth(right) } else { none });
            }
            Proof::ChapMd5 { .. } => account
                .clear_password(&self.vault)?
                .map(|secret| truth(verify_chap_md5(&secret, claim.identifier, proof))),
            Proof::MsChapV1 { .. } => {
                account.nt_hash(&self.vault)?.map(|hash| truth(verify_mschap_v1(&hash, proof)))
            }
            Proof::MsChapV2 { .. } => account.nt_hash(&self.vault)?.map(|hash| {
                match verify_mschap_v2(&hash, &claim.raw_name, proof) {
                    Some(proof) => Proved::True(Some(proof)),
                    None => Proved::False(Reason::WrongPassword),
                }
            }),
            Proof::ChangeV1 { .. } => account
                .nt_hash(&self.vault)?
                .map(|hash| changed(change_v1(&hash, proof).map(|new| (new, None)))),
            Proof::ChangeV2 { .. } => account.nt_hash(&self.vault)?.map(|hash| {
                changed(change_v2(&hash, &claim.raw_name, proof).map(|(new, proof)| (new, Some(proof))))
            }),
        };
        Ok(proved.unwrap_or(none))
    }

    /// Stores a proven new password, if the user was asked for one and the policy takes it.
    pub(super) fn change_now(&self, account: &Account, new: &NewPassword) -> Result<Reason, StoreError> {
        match standing(account) {
            Reason::MustChange => {}
            Reason::Accepted => return Ok(Reason::ChangeRefused("nobody asked for a change".into())),
            refused => return Ok(refused),
        }
        if let Err(why) = acceptable(&new.clear, self.policy.password_min) {
            return Ok(Reason::ChangeRefused(why));
        }
        let old = account.nt_hash(&self.vault)?;
        if old.is_some_and(|old| Secret::new(old.as_slice()) == Secret::new(new.nt_hash)) {
            return Ok(Reason::ChangeRefused("the new password is the old one".into()));
        }
        let kept = Kept::of(&self.vault, account.id, &new.clear, account.keep)?;
        // only over the very password the proof was made with: an administrator's change meanwhile stands
        let sql =
            "UPDATE users SET argon = ?3, nt = ?4, clear = ?5, must_change = 0 WHERE id = ?1 AND nt = ?2";
        let changed = self.database.with(|db| {
            Ok(db.execute(sql, params![account.id, account.nt, kept.argon, kept.nt, kept.clear])?)
        })?;
        Ok(match changed {
            1 => Reason::PasswordChanged,
            _ => Reason::ChangeRefused("the password was changed by someone else meanwhile".into()),
        })
    }
}

/// Whether a user who has proved who they are may come in.
fn standing(account: &Account) -> Reason {
    if account.disabled {
        Reason::Disabled
    } else if account.no_dial_in {
        Reason::NoDialIn
    } else if account.must_change {
        Reason::MustChange
    } else {
        Reason::Accepted
    }
}

fn changed(result: Result<(NewPassword, Option<[u8; 20]>), ChangeError>) -> Proved {
    match result {
        Ok((new, proof)) => Proved::Change(Box::new(new), proof),
        Err(error) => Proved::False(Reason::ChangeRefused(error.to_string())),
    }
}
