//! Lines a program writes to `openras dial --json`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openras_engine::client::dial::DialParams;
use openras_ppp::Secret;
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
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Changes {
    user: Option<String>,
    domain: Option<String>,
    password: Option<String>,
    callback_number: Option<String>,
}

impl std::fmt::Debug for Changes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Changes(***)")
    }
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

impl Changes {
    /// The parameters with the changes made.
    pub(crate) fn apply(self, before: &DialParams) -> DialParams {
        DialParams {
            user: self.user.unwrap_or_else(|| before.user.clone()),
            domain: self.domain.unwrap_or_else(|| before.domain.clone()),
            password: self.password.map_or_else(|| before.password.clone(), |p| Secret::new(p.into_bytes())),
            callback_number: self.callback_number.unwrap_or_else(|| before.callback_number.clone()),
        }
    }
}

/// The bytes of a `terminal` answer.
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
        let before = DialParams { user: "alice".into(), domain: "LAB".into(), ..Default::default() };
        let Ok(Answer::Resume(changes)) = Answer::parse(br#"{"resume":{"password":"new"}}"#) else {
            panic!("a resume")
        };
        let after = changes.apply(&before);
        assert_eq!((after.user.as_str(), after.domain.as_str()), ("alice", "LAB"));
        assert_eq!(after.password.expose(), b"new");
    }

    #[test]
    fn a_mistake_never_repeats_a_password() {
        let error = Answer::parse(br#"{"resume":{"passwrd":"hunter2"}}"#).unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
        assert!(Answer::parse(br#"{"resume":{"password":"hunter2""#).is_err());
    }
}
