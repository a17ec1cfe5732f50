//! What can be wrong with a modem, and what to try.

/// What is wrong with a modem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It does not answer this command, whatever is tried.
    Silent(String),
    /// It answers this command with ERROR.
    Refuses(String),
    /// It does not let go of a call.
    NeverHangsUp,
    /// It answered a call by itself.
    AnswersItself,
    /// Its device was unplugged.
    Gone,
}

impl Trouble {
    /// What is wrong and what to try, as a sentence; from outside in part, escape before showing.
    pub fn sentence(&self) -> String {
        match self {
            Self::Silent(command) => format!(
                "The modem does not answer {command}: see that it is switched on, the cable whole and the speed one it knows."
            ),
            Self::Refuses(command) => {
                format!("The modem answers ERROR to {command}: change the init strings to what its manual says.")
            }
            Self::NeverHangsUp => {
                "The modem does not hang up by DTR nor by the escape: switch it off and on, and see that the cable has DTR.".into()
            }
            Self::AnswersItself => "The modem answered a call by itself: add S0=0 to the init strings.".into(),
            Self::Gone => "The modem's device is gone: plug it in again.".into(),
        }
    }
}
