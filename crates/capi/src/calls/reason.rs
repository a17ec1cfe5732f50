//! Why a call of this thread failed, as text: what an error number cannot say (`OpenrasReason`). A call that succeeds
//! leaves it, as errno: programs ask after they have cleaned up.

use std::cell::RefCell;

use openras_engine::RasError;

thread_local! {
    static LAST: RefCell<Reasons> = const { RefCell::new(Reasons { now: None, failed: None }) };
}

struct Reasons {
    /// What the call that runs has to say, should it fail.
    now: Option<String>,
    /// Of the call that failed last: its sentence, if anybody wrote one, and its number.
    failed: Option<(Option<String>, RasError)>,
}

/// A call of this thread begins, or has succeeded.
pub(crate) fn begin() {
    change(|last| last.now = None);
}

/// Remembers a sentence, should the call fail.
pub(crate) fn set(why: impl Into<String>) {
    let why = why.into();
    change(|last| last.now = Some(why));
}

/// The call gives this number. Most calls that fail are never asked why: the number's own sentence is not made yet.
pub(crate) fn failed(error: RasError) {
    change(|last| last.failed = Some((last.now.take(), error)));
}

/// Why the last call that failed did so.
pub(crate) fn last() -> String {
    let told = LAST.try_with(|last| {
        let last = last.borrow();
        match (&last.now, &last.failed) {
            (Some(now), _) => now.clone(),
            (None, Some((Some(text), _))) if !text.is_empty() => text.clone(),
            (None, Some((_, error))) => crate::openras::sentence(*error),
            (None, None) => String::new(),
        }
    });
    told.unwrap_or_default()
}

fn change(how: impl FnOnce(&mut Reasons)) {
    // a thread that ends has no use for it
    let _ = LAST.try_with(|last| how(&mut last.borrow_mut()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_failure_is_remembered_and_nothing_of_a_success() {
        assert_eq!(last(), "");
        begin();
        set("The first.");
        failed(RasError(87));
        assert_eq!(last(), "The first.");
        begin();
        set("Nothing happened.");
        begin();
        assert_eq!(last(), "The first.", "a call succeeded");
        begin();
        failed(RasError(6));
        assert_eq!(last(), crate::openras::sentence(RasError(6)), "no sentence of another call");
    }
}
