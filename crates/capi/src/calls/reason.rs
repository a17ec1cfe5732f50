//! Why the last call of this thread failed, as text: what an error number cannot say (`OpenrasReason`).

use std::cell::RefCell;

thread_local! {
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Remembers a sentence.
pub(crate) fn set(why: impl Into<String>) {
    let why = why.into();
    // a thread that ends has no use for it
    let _ = LAST.try_with(|last| *last.borrow_mut() = why);
}

/// What was remembered last.
pub(crate) fn last() -> String {
    LAST.try_with(|last| last.borrow().clone()).unwrap_or_default()
}
