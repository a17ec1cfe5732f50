//! Both ends of every method against each other, with frames lost and repeated.

use std::time::Duration;

use proptest::prelude::*;

use super::{Outcome, Store, config, credentials, join};
use crate::ask::{Answer, Ask};
use crate::auth::{authenticator, client};
use crate::config::{AuthMethod, Config};
use crate::event::{DownReason, Phase};
use crate::secret::Secret;

const METHODS: [AuthMethod; 4] =
    [AuthMethod::Pap, AuthMethod::ChapMd5, AuthMethod::MsChapV1, AuthMethod::MsChapV2];

/// What happens in one call.
struct Call {
    method: AuthMethod,
    /// What the client knows first.
    password: &'static str,
    /// What its person says when asked again.
    retries: Vec<&'static str>,
    new_password: &'static str,
    thinks: Duration,
    store: Store,
}

impl Call {
    fn new(method: AuthMethod, password: &'static str) -> Self {
        Self {
            method,
            password,
            retries: Vec::new(),
            new_password: "NewPass1",
            thinks: Duration::from_secs(20),
            store: Store::new("clientPass"),
        }
    }

    /// Client and authenticator; `line` says how many copies of the n-th packet arrive.
    fn run(&mut self, mut line: impl FnMut(usize) -> u32) -> ([Outcome; 2], Vec<(usize, Vec<u8>)>) {
        let ends = [
            client(self.method, &config("DOM\\User", self.password)),
            authenticator(self.method, &Config::default(), 0),
        ];
        let (store, retries, new) = (&mut self.store, &mut self.retries, self.new_password);
        let thinks = self.thinks;
        let mut answer = |who: usize, ask: Ask| {
            let quickly = Duration::from_millis(500);
            match (who, ask) {
                (1, Ask::Verify(claim)) => Some((quickly, Answer::Verdict(store.verdict(claim)))),
                (0, Ask::Credentials(_)) if retries.is_empty() => None,
                (0, Ask::Credentials(_)) => {
                    let again = credentials("DOM\\User", retries.remove(0));
                    Some((thinks, Answer::Credentials(again)))
                }
                (0, Ask::NewPassword(_)) => Some((thinks, Answer::NewPassword(new.into()))),
                (who, ask) => panic!("{who} asks {ask:?}"),
            }
        };
        let mut n = 0;
        join(ends, &mut answer, &mut |_, _| {
            n += 1;
            line(n - 1)
        })
    }
}

fn both_passed(outcomes: &[Outcome; 2]) -> bool {
    outcomes.iter().all(|end| end.passed.is_some() && end.failed.is_none() && end.ends == 1)
}

#[test]
fn every_method_lets_the_right_password_pass() {
    for method in METHODS {
        let ([client, server], ladder) = Call::new(method, "clientPass").run(|_| 1);
        assert!(both_passed(&[client.clone(), server.clone()]), "{method}: {client:?} {server:?}");
        assert_eq!(client.passed, Some("DOM\\User".into()), "{method}");
        assert_eq!(server.passed, Some("DOM\\User".into()), "{method}");
        assert_eq!(ladder.len(), if method == AuthMethod::Pap { 2 } else { 3 }, "{method}");
    }
}

#[test]
fn every_method_keeps_the_wrong_password_out() {
    for method in METHODS {
        let ([client, server], _) = Call::new(method, "wrong").run(|_| 1);
        let microsoft = matches!(method, AuthMethod::MsChapV1 | AuthMethod::MsChapV2);
        assert!(client.passed.is_none() && server.passed.is_none(), "{method}");
        if microsoft {
            // the person never answers, so the authenticator's patience ends first
            assert_eq!((client.failed, server.failed), (None, Some(DownReason::AuthTimeout)), "{method}");
        } else {
            assert!(matches!(client.failed, Some(DownReason::AuthRefused(r)) if r.error == 691 && !r.retry));
            assert!(matches!(server.failed, Some(DownReason::PeerRefused(r)) if r.error == 691));
        }
    }
}

#[test]
fn a_second_or_third_try_with_the_right_password_passes() {
    for method in [AuthMethod::MsChapV1, AuthMethod::MsChapV2] {
        for retries in [vec!["clientPass"], vec!["again", "clientPass"]] {
            let mut call = Call::new(method, "wrong");
            let tries = retries.len() + 1;
            call.retries = retries;
            call.thinks = Duration::from_secs(170);
            let (ends, _) = call.run(|_| 1);
            assert!(both_passed(&ends), "{method}: {ends:?}");
            assert_eq!(ends[0].phases, vec![Phase::AuthRetry; tries - 1]);
            let attempts: Vec<u32> = call.store.claims.iter().map(|claim| claim.attempt).collect();
            assert_eq!(attempts, (1..=tries as u32).collect::<Vec<_>>());
        }
    }
}

#[test]
fn the_fourth_try_does_not_happen() {
    for method in [AuthMethod::MsChapV1, AuthMethod::MsChapV2] {
        let mut call = Call::new(method, "wrong");
        call.retries = vec!["a", "b", "clientPass"];
        let ([client, server], _) = call.run(|_| 1);
        assert!(matches!(client.failed, Some(DownReason::AuthRefused(r)) if !r.retry && r.error == 691));
        assert!(matches!(server.failed, Some(DownReason::PeerRefused(_))));
        assert_eq!(call.store.claims.len(), 3);
    }
}

#[test]
fn an_expired_password_is_changed_on_the_same_link() {
    for method in [AuthMethod::MsChapV1, AuthMethod::MsChapV2] {
        for (first, retries) in [("clientPass", vec![]), ("wrong", vec!["again", "clientPass"])] {
            let mut call = Call::new(method, first);
            call.store.expired = true;
            call.retries = retries;
            let (ends, _) = call.run(|_| 1);
            assert!(both_passed(&ends), "{method}: {ends:?}");
            assert_eq!(ends[0].phases.last(), Some(&Phase::ChangePassword));
            assert_eq!(call.store.password, Secret::from("NewPass1"));
        }
    }
}

#[test]
fn one_lost_or_doubled_packet_anywhere_changes_nothing() {
    for method in METHODS {
        let microsoft = matches!(method, AuthMethod::MsChapV1 | AuthMethod::MsChapV2);
        for expired in [false, true] {
            for (n, copies) in (0..9).flat_map(|n| [(n, 0), (n, 2)]) {
                let mut call = Call::new(method, if microsoft { "wrong" } else { "clientPass" });
                call.retries = vec!["clientPass"];
                call.store.expired = expired && microsoft;
                let (ends, ladder) = call.run(|at| if at == n { copies } else { 1 });
                assert!(both_passed(&ends), "{method}, packet {n} × {copies}: {ends:?} {ladder:x?}");
                let new = if expired && microsoft { "NewPass1" } else { "clientPass" };
                assert_eq!(call.store.password, Secret::from(new));
            }
        }
    }
}

#[test]
fn no_copy_of_a_response_is_judged_twice() {
    let mut call = Call::new(AuthMethod::MsChapV2, "wrong");
    call.retries = vec!["clientPass"];
    let (ends, _) = call.run(|_| 3);
    assert!(both_passed(&ends), "{ends:?}");
    assert_eq!(call.store.claims.len(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// A fifth of all packets is lost or doubled. Whatever happens, both ends come to rest, none ends twice, the
    /// authenticator lets nobody in whom the store refused, and the password is the old or the new one.
    #[test]
    fn noise_never_hangs_a_call_or_opens_a_door(
        method in 0usize..4, fate in proptest::collection::vec(0u32..10, 200), story in 0u8..4,
    ) {
        let method = METHODS[method];
        let mut call = Call::new(method, if story & 1 == 1 { "wrong" } else { "clientPass" });
        call.store.expired = story & 2 == 2 && matches!(method, AuthMethod::MsChapV1 | AuthMethod::MsChapV2);
        call.retries = vec!["again"];
        let (ends, _) = call.run(|n| match fate.get(n) { Some(0 | 1) => 0, Some(2) => 2, _ => 1 });
        let [client, server] = &ends;
        prop_assert!(client.ends <= 1 && server.ends <= 1);
        prop_assert!(server.ends == 1);
        if story & 1 == 1 {
            prop_assert!(client.passed.is_none() && server.passed.is_none());
        }
        // the client believes nothing the server did not say
        prop_assert!(client.passed.is_none() || server.passed.is_some());
        let passwords = [Secret::from("clientPass"), Secret::from("NewPass1")];
        prop_assert!(passwords.contains(&call.store.password));
    }
}
