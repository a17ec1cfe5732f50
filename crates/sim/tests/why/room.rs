//! Callers there was no room for: they have no call, and the service tells why all the same.

use openras_engine::why::{Role, Step, Transcript, explain};

/// As `openras_service` keeps a caller it turned away; `tests/first` of the program stages one with real callers.
fn turned_away(why: &str) -> String {
    let transcript = Transcript {
        role: Role::Answered,
        over: true,
        why: format!("A caller was turned away by the port line1: {why}."),
        steps: vec![Step { kind: "turned_away".into(), text: why.into() }],
        ..Transcript::default()
    };
    let explanation = explain(&transcript);
    format!("[{}]\n{explanation}", explanation.diagnosis)
}

#[test]
fn every_setting_that_turns_callers_away_has_its_change() {
    for (why, word) in [
        ("the audit record cannot be written (audit_full)", "audit-full"),
        ("2 callers of this port are unauthenticated (unauthenticated)", "unauthenticated-limit"),
        ("4 callers from there are unauthenticated (per_source)", "per-source-limit"),
        ("all 4 calls are taken (calls)", "all-calls-taken"),
        ("no tls handshake: received fatal alert: CertificateUnknown", "handshake"),
        ("no tls handshake: received corrupt message of type InvalidContentType", "handshake"),
        ("no tls handshake: peer sent no certificates", "handshake"),
        ("no wss handshake: it took too long", "handshake"),
    ] {
        let said = turned_away(why);
        assert!(said.starts_with(&format!("[{word}]")) && said.contains("change"), "{said}");
    }
}
