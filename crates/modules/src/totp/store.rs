//! What `totp` needs of the users' store. All state is there; the module has none.

use std::time::Duration;

use openras_ppp::Secret;

use super::code::Hash;

/// The store could not do what was asked. The text is for the log and never reaches the caller.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub String);

/// A user's seed and how codes are made of it.
#[derive(Clone, Debug)]
pub struct Enrolment {
    /// The name as the store spells it; the verdict carries it.
    pub user: String,
    /// The key.
    pub seed: Secret,
    /// [`Hash::Sha1`] unless the device was set up otherwise.
    pub hash: Hash,
    /// Digits of a code, 6–8.
    pub digits: u32,
    /// Length of a step in seconds (default 30).
    pub period: u64,
    /// The newest step that was ever claimed.
    pub last_step: Option<u64>,
}

/// What [`CodeStore::book_try`] says about the try it has just counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The code is looked at after this time, which grows with the wrong tries of this user from this source
    /// and shrinks as time goes by. Zero = at once. More than 30 s: the caller is told to call again later, and
    /// the try is [not counted](TryResult::NotCounted).
    Wait(Duration),
    /// The user's hard limit (100 wrong tries) is reached: nothing counts until `openras user unlock`. The refusal
    /// comes after this time all the same, or it would tell that there is such a user.
    Locked(Duration),
}

/// How a booked try came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryResult {
    /// The code was right: the wrong tries of this user from this source are forgotten.
    Right,
    /// The code was wrong: the booking stays.
    Wrong,
    /// Nothing was learned, as with a clock that is wrong: all is as if the try had not been booked.
    NotCounted,
}

/// The users' store as `totp` sees it. Calls may block; the module makes them on a thread for that.
///
/// Names are asked for whether they exist or not, and each call does the same work for one that does not
/// (defence rule 6). Any error refuses the caller.
pub trait CodeStore: Send + Sync {
    /// The user's seed, or `None` if there is no such user or no seed. `user` is as typed, any case.
    fn enrolment(&self, user: &str) -> Result<Option<Enrolment>, StoreError>;

    /// Counts a try of `user` from `source` as wrong *before* it is looked at, and gives what to do with it.
    ///
    /// In one step, so that many calls at once each meet the delay of those before them. Unknown names are
    /// counted too, in bounded space. `now` is in seconds since 1970.
    fn book_try(&self, user: &str, source: &str, now: u64) -> Result<Standing, StoreError>;

    /// Ends the try that was booked last for `user` from `source`.
    fn settle_try(&self, user: &str, source: &str, result: TryResult) -> Result<(), StoreError>;

    /// Takes `step` for `user` if it is newer than every step taken before: one atomic write that is durable
    /// when this returns `true` (defence rule 7). `false` = used already.
    fn claim_step(&self, user: &str, step: u64) -> Result<bool, StoreError>;

    /// Takes one of the user's recovery codes, atomically and durably; `false` = no such code left.
    ///
    /// `code` is in the form of [`normalise_recovery_code`](super::normalise_recovery_code). The store keeps
    /// hashes only.
    fn use_recovery_code(&self, user: &str, code: &Secret) -> Result<bool, StoreError>;
}
