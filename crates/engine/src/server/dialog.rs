//! The security dialog: what a module asks of the line and what it hears (RasSecurityDialog…).

use std::time::Duration;

use openras_ppp::Secret;

/// What a module wants. Any number of rounds; one Receive or Ask at a time.
#[derive(Clone, Debug)]
pub enum DialogCommand {
    /// RasSecurityDialogSend: raw bytes, queued in order.
    Send(Vec<u8>),
    /// RasSecurityDialogReceive.
    Receive {
        /// Bytes wanted, 1–65535.
        max: usize,
        /// `None` waits for ever.
        timeout: Option<Duration>,
        /// Complete with the first bytes instead of all of `max` (module option `receive = "any"`).
        any: bool,
    },
    /// One edited line: prompt, echo, backspace, kill, CR or LF ends it.
    Ask(AskLine),
    /// The caller needs more time: it may stay unauthenticated for at least so long from now, as far as the port
    /// allows (defence rule 8).
    Extend(Duration),
    /// What PPP that begins before the verdict is to this module, from now to its end.
    Ppp(PppInDialog),
    /// RasSecurityDialogComplete.
    Complete(DialogVerdict),
}

/// What PPP that begins before the verdict is (module option `ppp_in_dialog`, ras-security-host §9 point 38). Never does it
/// reach PPP before all modules have succeeded (defence rule 1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PppInDialog {
    /// Kept for PPP and never an answer; a caller whom the module waits for has no terminal, which ends the call.
    #[default]
    Wait,
    /// Bytes like all others: the module decides.
    Data,
    /// It ends the call at once.
    Fail,
}

/// A question for one edited line.
#[derive(Clone, Debug)]
pub struct AskLine {
    /// Sent before the line; CR LF for new lines.
    pub prompt: String,
    /// What the person sees of what they type.
    pub echo: Echo,
    /// Longest line in bytes, at most 1024.
    pub max: usize,
    /// `None` waits for ever (the dialog's own limit still runs).
    pub timeout: Option<Duration>,
}

/// What the person sees of what they type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    /// The characters.
    Yes,
    /// Nothing.
    No,
    /// A `*` for each.
    Mask,
}

/// The module's result (SECURITY_MESSAGE).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DialogVerdict {
    /// SECURITYMSG_SUCCESS: go on with the next module or the server's own authentication.
    Success {
        /// UserName; may be empty, which fails under name check `require`.
        user: String,
        /// Domain; may be empty.
        domain: String,
    },
    /// SECURITYMSG_FAILURE: hang up; the refused name goes to the record.
    Failure {
        /// UserName.
        user: String,
        /// Domain.
        domain: String,
    },
    /// SECURITYMSG_ERROR: hang up; the code goes to the record.
    Error {
        /// dwError; 0 is recorded as unspecified.
        code: u32,
        /// What went wrong, for the log.
        text: String,
    },
}

/// What a module hears.
#[derive(Clone, Debug)]
pub enum DialogOutput {
    /// The Receive is complete.
    Received(Secret),
    /// The Ask is complete; without the line's end.
    Line(Secret),
    /// The Receive or Ask ran out of time; what had come is kept for the next one.
    TimedOut,
    /// A command that could not be taken (616 another one is outstanding, 603 length 0, 610 too long).
    Refused(u32),
    /// The dialog is over (RasSecurityDialogEnd): after Complete, or because the call ended.
    End,
}
