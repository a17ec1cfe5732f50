//! Lines a program writes to `openras dial --json`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openras_api::types::connection::Resume;
use openras_api::types::secret::SecretText;
use serde::Deserialize;

/// The longest line that is read: a 64 KiB terminal write in base64, and its frame.
pub(crate) const LONGEST: usize = 96 * 1024;

/// One line of standard input.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Answer {
    /// Resume the pause with these changes; what is left out stays as it was.
    Resume(Changes),
    /// Bytes for the other end, in the Interactive pause.
    Terminal(String),
    /// Resume the pause with nothing changed.
    Continue(bool),
    /// Hang up.
    Hangup(bool),
}

/// What a resume changes.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Changes {
    user: Option<String>,
    domain: Option<String>,
    password: Option<SecretText>,
    callback_number: Option<String>,
}

impl Answer {
    /// Reads one line.
    ///
    /// # Errors
    /// A sentence that says what the line should have been.
    pub(crate) fn parse(line: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(line).map_err(|error| {
            // serde's own text may repeat a password; its place and kind may not
            format!(
                "the answer is not one of resume, terminal, continue, hangup (column {}, {:?} error)",
                error.column(),
                error.classify()
            )
        })
    }
}

impl From<Changes> for Resume {
    fn from(changes: Changes) -> Self {
        let Changes { user, domain, password, callback_number } = changes;
        Self { user, domain, password, callback_number, ..Self::default() }
    }
}

/// The bytes of a `terminal` answer or event.
///
/// # Errors
/// A sentence, when it is not base64.
pub(crate) fn terminal_bytes(text: &str) -> Result<Vec<u8>, String> {
    STANDARD.decode(text).map_err(|_| "terminal: not base64".to_string())
}

/// Bytes as they stand in an event.
pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resume_changes_only_what_it_names() {
        let Ok(Answer::Resume(changes)) = Answer::parse(br#"{"resume":{"password":"new"}}"#) else {
            panic!("a resume")
        };
        let resume = Resume::from(changes);
        assert!(resume.user.is_none() && resume.domain.is_none() && resume.callback_number.is_none());
        assert_eq!(resume.password.unwrap().0.expose(), b"new");
    }

    #[test]
    fn a_mistake_never_repeats_a_password() {
        let error = Answer::parse(br#"{"resume":{"passwrd":"hunter2"}}"#).unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
        assert!(Answer::parse(br#"{"resume":{"password":"hunter2""#).is_err());
    }
}
