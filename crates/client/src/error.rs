//! What goes wrong: always with the RAS number, what happened and what to try.

use std::fmt;

use openras_api::Problem;
use openras_api::types::event::{Ended, Packet, State};

/// Every way in which this library fails.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The service refused, cannot be reached (711), or is not to be trusted (5).
    #[error("{0}")]
    Service(Problem),
    /// The dial ended before Connected.
    #[error("{0}")]
    Dial(Box<Failure>),
    /// The dial asked a question while it was awaited as a whole; it was hung up. Use [`crate::Dialling::next`] where
    /// pauses are on.
    #[error("the dial paused in {} and nobody was there to answer", .0.name)]
    Paused(Box<State>),
}

impl Error {
    /// The number with its sentences, where there is one: a dial that was hung up has none.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Service(problem) => Some(problem),
            Self::Dial(failure) => failure.problem.as_ref(),
            Self::Paused(state) => state.error.as_ref(),
        }
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Service(problem)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Dial(Box::new(failure))
    }
}

/// A dial that ended before Connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The number; `None` where somebody hung up.
    pub problem: Option<Problem>,
    /// The packet or setting that decided it, as a sentence.
    pub why: String,
    /// What to try.
    pub remedy: String,
    /// The packet that decided it.
    pub packet: Option<Packet>,
}

impl Failure {
    /// The end of a dial that the service could not tell.
    pub(crate) fn lost(problem: Problem) -> Self {
        let (why, remedy) = (problem.message.clone(), problem.remedy.clone());
        Self { problem: Some(problem), why, remedy, packet: None }
    }
}

impl From<Ended> for Failure {
    fn from(ended: Ended) -> Self {
        Self { problem: ended.error, why: ended.why, remedy: ended.remedy, packet: ended.packet }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(problem) = &self.problem else {
            return f.write_str("hung up before it was connected");
        };
        write!(f, "{}: {}", problem.number(), self.why)?;
        if self.remedy.is_empty() { Ok(()) } else { write!(f, " {}", self.remedy) }
    }
}

impl std::error::Error for Failure {}
