//! What went wrong, in every error answer and in every event that has an error.

use std::fmt;

use openras_engine::RasError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A RAS or Win32 number with its name and two sentences.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// The number, as RasDial would give it.
    pub error: u32,
    /// Its name in raserror.h or winerror.h; empty if it has none.
    #[serde(default)]
    pub name: String,
    /// What happened.
    pub message: String,
    /// What to try.
    #[serde(default)]
    pub remedy: String,
}

impl Problem {
    /// A number with a message of its own instead of the number's.
    pub fn new(error: RasError, message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::from(error) }
    }

    /// The same with another remedy.
    #[must_use]
    pub fn remedy(self, remedy: impl Into<String>) -> Self {
        Self { remedy: remedy.into(), ..self }
    }

    /// The number.
    pub fn number(&self) -> RasError {
        RasError(self.error)
    }

    /// The HTTP status a problem travels with.
    pub fn status(&self) -> u16 {
        match self.error {
            5 => 403,
            6 | 2 | 623 => 404,
            13 | 87 => 400,
            632 => 413,
            635 => 500,
            183 | 756 | 730 => 409,
            8 | 112 | 645 | 711 | 1816 => 503,
            50 => 405,
            _ => 422,
        }
    }
}

impl From<RasError> for Problem {
    fn from(error: RasError) -> Self {
        Self {
            error: error.0,
            name: error.name().unwrap_or_default().to_owned(),
            message: error.sentence(),
            remedy: error.remedy().to_owned(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.number(), self.message)?;
        if self.remedy.is_empty() { Ok(()) } else { write!(f, " {}", self.remedy) }
    }
}

impl std::error::Error for Problem {}
