//! Text from a module on its way to the log: escaped, cut, and without what a person typed unseen.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use openras_ppp::Secret;
use zeroize::Zeroizing;

/// Longest text that goes to the log, in bytes.
const LONGEST: usize = 1024;
/// Inputs remembered; a dialog rarely has more than six.
const REMEMBERED: usize = 32;
/// Shorter inputs are everywhere in ordinary text.
const SHORTEST: usize = 4;

/// What was typed unseen in one dialog. A net for careless modules, not a promise: see `docs/modules.md`.
#[derive(Debug, Default)]
pub(crate) struct Redactor(Mutex<Vec<Secret>>);

impl Redactor {
    /// From now on `input`, and its base64 form, are `***` in the log.
    pub(crate) fn remember(&self, input: &Secret) {
        if input.len() < SHORTEST {
            return;
        }
        let base64 = Zeroizing::new(data_encoding::BASE64.encode(input.expose()));
        let mut inputs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inputs.len() < REMEMBERED {
            inputs.extend([input.clone(), Secret::from(base64.as_str())]);
        }
    }

    /// `text` fit for a log: at most 1 KiB, no controls, nothing remembered.
    pub(crate) fn clean(&self, text: &str) -> String {
        shown(&self.strip(Zeroizing::new(text.to_owned())))
    }

    fn strip(&self, mut text: Zeroizing<String>) -> Zeroizing<String> {
        for input in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            if let Ok(input) = std::str::from_utf8(input.expose())
                && text.contains(input)
            {
                text = Zeroizing::new(text.replace(input, "***"));
            }
        }
        text
    }
}

fn shown(text: &str) -> String {
    let end = text.floor_char_boundary(LONGEST);
    text.get(..end).unwrap_or("").escape_debug().to_string()
}

/// What was typed unseen in all dialogs of a process that has many. Each is forgotten with its dialog.
#[derive(Debug, Default)]
pub(crate) struct Everyone(Mutex<HashMap<u64, Arc<Redactor>>>);

impl Everyone {
    /// One more dialog.
    pub(crate) fn join(&self, dialog: u64) -> Arc<Redactor> {
        let redactor = Arc::new(Redactor::default());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(dialog, redactor.clone());
        redactor
    }

    /// One less.
    pub(crate) fn leave(&self, dialog: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&dialog);
    }

    /// As [`Redactor::clean`], for a text that may be about any of them.
    pub(crate) fn clean(&self, text: &str) -> String {
        let dialogs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let whole = Zeroizing::new(text.to_owned());
        shown(&dialogs.values().fold(whole, |text, one| one.strip(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_taken_out_plain_and_in_base64() {
        let net = Redactor::default();
        net.remember(&"s3cret!".into());
        net.remember(&"no".into());
        let text = format!("no code s3cret! ({})", data_encoding::BASE64.encode(b"s3cret!"));
        assert_eq!(net.clean(&text), "no code *** (***)");
    }

    #[test]
    fn controls_and_bidi_marks_are_escaped_and_length_is_capped() {
        let net = Redactor::default();
        assert_eq!(net.clean("a\u{1b}[2J\u{202e}b\u{9b}"), "a\\u{1b}[2J\\u{202e}b\\u{9b}");
        assert_eq!(net.clean(&"ä".repeat(5000)).len(), 1024);
    }
}
