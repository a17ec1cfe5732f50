//! How calls on a port end: number, reason and remedy, each in one place. Names in the sentences are escaped.

use std::time::Duration;

use openras_ppp::event::Packet;
use openras_ppp::{DownReason, Phase};

use crate::terminal::Header;
use crate::{RasError, escape};

mod login;
pub(super) use login::*;

/// Most characters of a name or text from outside in a sentence.
const SHOWN: usize = 80;

/// The end of a call, before the facts of the call are added to it.
#[derive(Debug)]
pub(super) struct End {
    pub(super) error: Option<RasError>,
    pub(super) why: String,
    pub(super) remedy: String,
    pub(super) packet: Option<Packet>,
}

impl End {
    fn new(error: impl Into<Option<RasError>>, why: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { error: error.into(), why: why.into(), remedy: remedy.into(), packet: None }
    }
}

fn shown(text: &str) -> String {
    escape::short(text, SHOWN)
}

pub(super) fn line_not_opened(error: RasError) -> End {
    End::new(error, format!("The line could not be opened: {}", error.sentence()), error.remedy())
}

pub(super) fn line_closed() -> End {
    End::new(
        RasError::PORT_DISCONNECTED,
        "The line was taken away.",
        "Look in the log for what happened to the device or listener.",
    )
}

pub(super) fn not_answered(error: RasError) -> End {
    End::new(error, format!("The call could not be answered: {}", error.sentence()), error.remedy())
}

pub(super) fn answering_timed_out(limit: Duration) -> End {
    End::new(
        RasError::NO_CARRIER,
        format!("No carrier came within {} s of answering.", limit.as_secs()),
        "Check that the caller's modem and the line's speak the same standards.",
    )
}

pub(super) fn stopped_ringing() -> End {
    End::new(None, "The caller hung up before the call was answered.", "Nothing; the caller may try again.")
}

pub(super) fn administrator() -> End {
    End::new(
        RasError::USER_DISCONNECTION,
        "The call was ended on this side by an administrator or because the service stops.",
        "Nothing; the caller may dial again when the port listens.",
    )
}

pub(super) fn carrier_lost(during: &str) -> End {
    End::new(
        RasError::DISCONNECTION,
        format!("The line was dropped {during}."),
        "If the caller did not hang up, look at the line.",
    )
}

/// Defence rule 1. 703, for the dialog is what the client's side calls the interactive mode.
pub(super) fn no_terminal(module: &str, header: Header) -> End {
    let line = match header {
        Header::Ppp => "",
        Header::SevenBit => " Its PPP comes without the eighth bit, over which PPP cannot work at all.",
    };
    let why = "The caller has no terminal: PPP began while the security module";
    End::new(
        RasError::INTERACTIVE_MODE,
        format!("{why} \"{}\" waited for text.{line}", shown(module)),
        "The caller must open a terminal window after dialling, or use a port without modules.",
    )
}

pub(super) fn too_much(module: &str) -> End {
    End::new(
        RasError::RECV_BUF_FULL,
        format!(
            "The caller sent more than 64 KiB that the security module \"{}\" did not read.",
            shown(module)
        ),
        "Look at what the caller sends; a person types less.",
    )
}

pub(super) fn dialog_limit(limit: Duration) -> End {
    End::new(
        RasError::REQUEST_TIMEOUT,
        format!("The security dialog took longer than {} s (dialog_limit).", limit.as_secs()),
        "Answer faster, or raise dialog_limit.",
    )
}

pub(super) fn unauthenticated_too_long() -> End {
    End::new(
        RasError::REQUEST_TIMEOUT,
        "The caller did not authenticate within the time a call has for that in all (before_auth).",
        "Answer faster; a module may ask for more time, and before_auth sets it for every call of the port.",
    )
}

pub(super) fn module_not_begun(module: &str, error: RasError) -> End {
    End::new(
        error,
        format!("The security module \"{}\" could not begin: {}", shown(module), error.sentence()),
        "Look at the module's own log and at its [module] section.",
    )
}

pub(super) fn module_begin_timed_out(module: &str, limit: Duration) -> End {
    End::new(
        RasError::REQUEST_TIMEOUT,
        format!("The security module \"{}\" did not begin within {} s.", shown(module), limit.as_secs()),
        "Look at the module's own log and at its [module] section.",
    )
}

pub(super) fn module_refused(module: &str, name: &str) -> End {
    End::new(
        RasError::AUTHENTICATION_FAILURE,
        format!("The security module \"{}\" refused the user \"{}\".", shown(module), shown(name)),
        "Dial again and answer the module's questions correctly.",
    )
}

pub(super) fn module_error(module: &str, code: u32, text: &str) -> End {
    let (error, what) = match code {
        0 => (RasError::UNKNOWN, "an unspecified error".to_owned()),
        code => (RasError(code), format!("error {}", RasError(code))),
    };
    let colon = if text.is_empty() { "" } else { ": " };
    End::new(
        error,
        format!("The security module \"{}\" ended with {what}{colon}{}.", shown(module), shown(text)),
        "Look at the module's own log.",
    )
}

pub(super) fn module_without_name(module: &str) -> End {
    End::new(
        RasError::AUTHENTICATION_FAILURE,
        format!(
            "The security module \"{}\" accepted the caller without a name (name_check = require).",
            shown(module)
        ),
        "Let the module give the user's name with its SUCCESS.",
    )
}

pub(super) fn modules_disagree(module: &str, before: &str, now: &str) -> End {
    End::new(
        RasError::AUTHENTICATION_FAILURE,
        format!(
            "The security module \"{}\" accepted \"{}\" after another one had accepted \"{}\".",
            shown(module),
            shown(now),
            shown(before)
        ),
        "Give the same user name to every module.",
    )
}

pub(super) fn no_answer_to_question(topic: &str, limit: Duration) -> End {
    End::new(
        RasError::REQUEST_TIMEOUT,
        format!("The service did not decide on {topic} within {} s.", limit.as_secs()),
        "Look in the log for what the service waited for, such as a store or RADIUS server.",
    )
}

/// Where the name was proved that PPP's must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProvedIn {
    Dialog,
    Login,
    Callback,
}

pub(super) fn wrong_user(name: &str, expected: &str, proved: ProvedIn) -> End {
    let (who, remedy) = match proved {
        ProvedIn::Callback => (
            "the user who was to be called back",
            "Only the user who asked for the callback may complete it.",
        ),
        ProvedIn::Login => (
            "the user who logged in at the prompt (ppp_after_login = \"auth\")",
            "Give PPP the name that logs in; ppp_after_login = \"trusted\" asks for no second one.",
        ),
        ProvedIn::Dialog => (
            "the user of the security dialog (name_check = require)",
            "Use one name in the dialog and in PPP; name_check = \"warn\" lets others through and records both.",
        ),
    };
    End::new(
        RasError::AUTHENTICATION_FAILURE,
        format!("The PPP user \"{}\" is not \"{}\", {who}.", shown(name), shown(expected)),
        remedy,
    )
}

pub(super) fn nobody_proved(expected: &str) -> End {
    End::new(
        RasError::AUTHENTICATION_FAILURE,
        format!("Nobody proved to be \"{}\", who was to be called back.", shown(expected)),
        "A port that calls back must authenticate its callers: set auth.",
    )
}

pub(super) fn not_admitted(name: Option<&str>, error: RasError) -> End {
    let name = name.map_or_else(|| "the caller".to_owned(), |name| format!("\"{}\"", shown(name)));
    End::new(error, format!("The service did not admit {name}: {}", error.sentence()), error.remedy())
}

pub(super) fn setup_limit(limit: Duration) -> End {
    End::new(
        RasError::PPP_TIMEOUT,
        format!("PPP was not up within {} s.", limit.as_secs()),
        "Look at the packets of the call (-v) for what was negotiated again and again.",
    )
}

pub(super) fn preset_without_line(name: &str) -> End {
    End::new(
        RasError::PORT_NOT_AVAILABLE,
        format!("\"{}\" must be called back, and this port has no callback_line.", shown(name)),
        "Set callback_line for the port, or change the user's callback right.",
    )
}

pub(super) fn preset_without_name() -> End {
    End::new(
        RasError::SERVER_POLICY,
        "The caller must be called back but has not authenticated in PPP.",
        "A port that calls back must authenticate its callers: set auth.",
    )
}

pub(super) fn preset_not_dialable(name: &str, number: &str) -> End {
    End::new(
        RasError::BAD_CALLBACK_NUMBER,
        format!("The callback number \"{}\" of \"{}\" is no number.", shown(number), shown(name)),
        "A number is an optional + and 1 to 20 digits.",
    )
}

pub(super) fn preset_refused(name: &str, number: &str) -> End {
    End::new(
        RasError::BAD_CALLBACK_NUMBER,
        format!("The service does not dial {number} for \"{}\" now.", shown(name)),
        "Look at the caps on callbacks per user and day, and whether the number is in [directory] where the port calls \
         back by that.",
    )
}

pub(super) fn callback_skipped(name: Option<&str>) -> End {
    End::new(
        RasError::SERVER_POLICY,
        format!("\"{}\" must be called back, and PPP went on without it.", shown(name.unwrap_or_default())),
        "Let the caller agree to callback (LCP option 13, CBCP).",
    )
}

pub(super) fn callback_unexpected() -> End {
    End::new(
        RasError::BAD_CALLBACK_NUMBER,
        "PPP ended for a callback that nobody granted.",
        "Look at the packets of the call (-v).",
    )
}

pub(super) fn callback_not_hung_up(limit: Duration) -> End {
    End::new(
        RasError::PORT_OR_DEVICE,
        format!("The line could not be hung up for the callback within {} s.", limit.as_secs()),
        "Look at the device of this port.",
    )
}

pub(super) fn callback_failed(number: &str, tries: u32, error: RasError) -> End {
    End::new(
        error,
        format!("The callback to {number} failed {tries} times, at last so: {}", error.sentence()),
        "The caller must hang up fully and answer; check the number and the callback_line.",
    )
}

pub(super) fn callback_expired(limit: Duration) -> End {
    End::new(
        RasError::PPP_TIMEOUT,
        format!(
            "The called-back person did not authenticate within {} s (callback_expiry).",
            limit.as_secs()
        ),
        "Dial again.",
    )
}

/// The end of PPP by itself. `phase` is the last one it named, `up` whether IP was up.
pub(super) fn ppp(down: openras_ppp::Down, phase: Option<Phase>, up: bool) -> End {
    let orderly = up && matches!(down.reason, DownReason::TerminatedByPeer | DownReason::Closed);
    let error = if orderly { None } else { RasError::from_down(&down.reason) };
    let (why, remedy) = ppp_sentences(&down.reason, phase, up);
    End { packet: down.packet, ..End::new(error, why, remedy) }
}

/// The caller was refused with this number and left instead of trying again, which ended PPP so.
pub(super) fn gave_up(number: RasError, end: End) -> End {
    let why = format!("The caller was refused and did not try again: {} {}", number.sentence(), end.why);
    End { error: Some(number), why, remedy: number.remedy().to_owned(), ..end }
}

fn ppp_sentences(reason: &DownReason, phase: Option<Phase>, up: bool) -> (String, &'static str) {
    let say = |why: &str, remedy| (why.to_owned(), remedy);
    match reason {
        DownReason::Closed => say("PPP was closed on this side.", "Nothing."),
        DownReason::LineLost => {
            (carrier_lost(during(phase, up)).why, "If the caller did not hang up, look at the line.")
        }
        DownReason::TerminatedByPeer if up => {
            say("The caller ended the call (LCP Terminate-Request).", "Nothing.")
        }
        DownReason::TerminatedByPeer | DownReason::LcpTerminated => (
            format!("The caller ended PPP {} (LCP Terminate-Request).", during(phase, up)),
            "Look at the caller's own reason; often it wants another authentication or no callback.",
        ),
        DownReason::NoResponse => say(
            "No PPP packet ever came from the caller.",
            "The caller must start PPP after the call is answered.",
        ),
        DownReason::LcpTimeout => say(
            "The caller stopped answering in the middle of LCP.",
            "Look at the line: a link that is not 8-bit clean does this.",
        ),
        DownReason::NotConverging => say(
            "The two ends could not agree on LCP options.",
            "Look at the Configure-Naks and -Rejects (-v).",
        ),
        DownReason::Loopback => say(
            "Our own LCP packets come back: the line is looped.",
            "The caller's end echoes; look at its device.",
        ),
        DownReason::PeerGone => say(
            "The caller answers no LCP Echo-Request any more.",
            "Look at the line; the caller may dial again.",
        ),
        DownReason::Idle(limit) => (
            format!(
                "No packet of the caller's programs went either way for {} s (idle_limit).",
                limit.as_secs()
            ),
            "Nothing; the caller may dial again. idle_limit of the port, or --idle of the user, is the time.",
        ),
        DownReason::SessionLimit(limit) => (
            format!("The call lasted the {} s it may (session_limit).", limit.as_secs()),
            "Nothing; the caller may dial again. session_limit of the port, or --session of the user, is the time.",
        ),
        DownReason::NoNetwork(failed) => (
            format!("No network protocol could be opened ({}).", networks(failed)),
            "Check ip, address and pool of the port, and what the caller asks for.",
        ),
        DownReason::Callback { .. } | DownReason::CallbackRequired | DownReason::CallbackFailed => {
            callback_sentences(reason)
        }
        _ => authentication_sentences(reason),
    }
}

fn callback_sentences(reason: &DownReason) -> (String, &'static str) {
    let (why, remedy) = match reason {
        DownReason::CallbackRequired => (
            "The user must be called back, and the caller did not take part in CBCP for it (LCP option 13 missing, \
             CBCP rejected or not answered, or another type chosen).",
            "Let the caller agree to callback, or change the user's callback right.",
        ),
        DownReason::CallbackFailed => (
            "CBCP came to no end: no answer, or answers that fit nothing offered.",
            "Give a number the user's callback_allow covers, or no number.",
        ),
        _ => ("PPP ended for a callback.", "Nothing."),
    };
    (why.to_owned(), remedy)
}

fn authentication_sentences(reason: &DownReason) -> (String, &'static str) {
    let say = |why: &str, remedy| (why.to_owned(), remedy);
    match reason {
        DownReason::AuthMethodRefused(wanted) => (
            format!(
                "The caller accepts no authentication method of this port (it wants \"{}\").",
                shown(wanted)
            ),
            "Allow the method for this port (auth), or another one at the caller.",
        ),
        DownReason::AuthMissing => {
            say("The caller does not want to authenticate this side.", "Do not insist on it for this port.")
        }
        DownReason::AuthRefused(refusal) => (
            format!("The caller refused this side's credentials with {}.", refusal.error),
            "Check the name and password this port uses for itself.",
        ),
        DownReason::PeerRefused(refusal) => (
            format!("The caller was refused: {}", RasError::from_refusal(refusal).sentence()),
            RasError::from_refusal(refusal).remedy(),
        ),
        DownReason::AuthTimeout => {
            say("The caller did not authenticate in time.", "The caller must answer the challenge sooner.")
        }
        _ => say("The caller did not prove itself (MS-CHAPv2 S=).", "Check the password both ends use."),
    }
}

fn networks(failed: &[(openras_ppp::wire::Protocol, openras_ppp::event::NetworkFailure)]) -> String {
    use openras_ppp::event::NetworkFailure as Why;
    let word = |why: &Why| match why {
        Why::Rejected => "rejected by the caller",
        Why::TerminatedByPeer => "ended by the caller",
        Why::Timeout => "not answered",
        Why::NotConverging => "not agreed",
        Why::NoAddress => "no address left",
        Why::Disabled => "not wanted here",
    };
    failed.iter().map(|(protocol, why)| format!("{protocol} {}", word(why))).collect::<Vec<_>>().join(", ")
}

fn during(phase: Option<Phase>, up: bool) -> &'static str {
    match phase {
        _ if up => "while IP was up",
        None | Some(Phase::Establish) => "during LCP",
        Some(Phase::Authenticate | Phase::AuthRetry) => "during authentication",
        Some(Phase::ChangePassword) => "during the change of the password",
        Some(Phase::Authenticated) => "after authentication",
        Some(Phase::Callback) => "during the callback negotiation",
        Some(Phase::Network) => "before IP was up",
        Some(Phase::Terminate) => "while PPP ended",
    }
}
