//! What a user may do, as pure data. Secrets and files belong to the service.

/// A user's callback right (RASPRIV_NoCallback, CallerSetCallback, AdminSetCallback).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CallbackRight {
    /// None, the default.
    #[default]
    None,
    /// The caller may give a number that starts with one of these prefixes; an empty list refuses all
    /// (defence rule 2).
    Caller {
        /// Normalised prefixes: an optional `+`, then digits.
        allow: Vec<String>,
    },
    /// This number, and the callback is required.
    Preset(String),
}
