//! Why the last RAS call of this thread failed, as text: what an error number cannot say (`OpenrasReason`).

use std::cell::RefCell;

use openras_engine::RasError;

thread_local! {
    static LAST: RefCell<Reason> = const { RefCell::new(Reason { text: String::new(), error: None }) };
}

struct Reason {
    text: String,
    /// What the call gave, where nobody wrote a sentence: most calls that fail are never asked why.
    error: Option<RasError>,
}

/// A call of this thread begins: whatever was remembered is not of it.
pub(crate) fn begin() {
    change(|last| {
        last.text.clear();
        last.error = None;
    });
}

/// Remembers a sentence.
pub(crate) fn set(why: impl Into<String>) {
    let why = why.into();
    change(|last| last.text = why);
}

/// The call gives this number.
pub(crate) fn failed(error: RasError) {
    change(|last| last.error = Some(error));
}

/// What was remembered last: the sentence, or that of the number.
pub(crate) fn last() -> String {
    let told = LAST.try_with(|last| {
        let last = last.borrow();
        match last.error {
            Some(error) if last.text.is_empty() => crate::openras::sentence(error),
            _ => last.text.clone(),
        }
    });
    told.unwrap_or_default()
}

fn change(how: impl FnOnce(&mut Reason)) {
    // a thread that ends has no use for it
    let _ = LAST.try_with(|last| how(&mut last.borrow_mut()));
}
