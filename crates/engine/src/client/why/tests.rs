use std::time::Duration;

use openras_ppp::Config;

use super::*;
use crate::client::dial::{DialParams, TerminalMode};

/// A dial of nothing in particular.
pub(crate) fn config() -> DialConfig {
    DialConfig {
        number: String::new(),
        device: String::new(),
        params: DialParams::default(),
        pauses: false,
        wait_seen: false,
        notifier: 0,
        terminal: TerminalMode::Never,
        callable: false,
        pause_limit: Duration::ZERO,
        silence: Duration::ZERO,
        quiet: Duration::ZERO,
        callback_wait: Duration::ZERO,
        ppp: Config::default(),
    }
}

fn failure(reason: DownReason) -> Failure {
    Failure::of_down(Down { reason, packet: None }, &config())
}

fn refusal(error: u32, message: &str) -> Refusal {
    Refusal { error, retry: false, message: message.into() }
}

#[test]
fn every_reason_has_both_sentences() {
    let networks = [
        NetworkFailure::Rejected,
        NetworkFailure::TerminatedByPeer,
        NetworkFailure::Timeout,
        NetworkFailure::NotConverging,
        NetworkFailure::NoAddress,
        NetworkFailure::Disabled,
    ];
    let reasons = [
        DownReason::Closed,
        DownReason::LineLost,
        DownReason::TerminatedByPeer,
        DownReason::LcpTerminated,
        DownReason::NoResponse,
        DownReason::LcpTimeout,
        DownReason::NotConverging,
        DownReason::Loopback,
        DownReason::PeerGone,
        DownReason::AuthMethodRefused("pap".into()),
        DownReason::AuthMethodRefused(String::new()),
        DownReason::AuthMissing,
        DownReason::AuthRefused(refusal(691, "")),
        DownReason::PeerRefused(refusal(691, "")),
        DownReason::AuthTimeout,
        DownReason::ServerNotProven,
        DownReason::Callback { number: String::new(), delay: 0 },
        DownReason::CallbackRequired,
        DownReason::CallbackFailed,
        DownReason::NoNetwork(vec![]),
        DownReason::NoNetwork(networks.map(|why| (Protocol::IPCP, why)).to_vec()),
    ];
    for reason in reasons {
        let failure = failure(reason.clone());
        assert!(failure.why.ends_with('.') && failure.remedy.ends_with('.'), "{reason:?}");
        assert!(failure.error.name().is_some(), "{reason:?}");
    }
}

#[test]
fn what_the_server_says_is_escaped_and_cut() {
    let failure = failure(DownReason::AuthRefused(refusal(691, &"\x1b]0;x\x07".repeat(100))));
    assert!(!failure.why.contains(['\x1b', '\x07']), "{}", failure.why);
    assert!(failure.why.len() < 300, "{}", failure.why.len());
}

#[test]
fn a_number_that_is_none_of_ours_is_691_and_still_named() {
    let failure = failure(DownReason::AuthRefused(refusal(4711, "")));
    assert_eq!(failure.error, RasError::AUTHENTICATION_FAILURE);
    assert!(failure.why.contains("4711"));
}

#[test]
fn the_setting_that_decided_is_named() {
    let failure = failure(DownReason::AuthMethodRefused("pap".into()));
    assert!(failure.why.contains("by pap") && failure.why.contains("mschapv2, chap"), "{}", failure.why);
    assert!(failure.remedy.contains("pap"));
}

#[test]
fn the_remedy_is_for_the_step_that_failed() {
    let ipcp = vec![(Protocol::IPV6CP, NetworkFailure::Disabled), (Protocol::IPCP, NetworkFailure::Timeout)];
    for (reason, word) in [
        (DownReason::NoResponse, "terminal after-dial"),
        (DownReason::LcpTimeout, "quality of the line"),
        (DownReason::AuthTimeout, "RADIUS"),
        (DownReason::NoNetwork(ipcp), "IPCP"),
        (DownReason::CallbackRequired, "callback rights"),
        (DownReason::CallbackFailed, "callback rights"),
        (DownReason::PeerRefused(refusal(691, "")), "the number"),
        (DownReason::PeerGone, "echo interval"),
    ] {
        let failure = failure(reason.clone());
        assert!(failure.remedy.contains(word), "{reason:?}: {}", failure.remedy);
    }
}
