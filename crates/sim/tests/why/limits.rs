//! Limits in force: how long a call may be silent, and how long it may last.

use std::time::Duration;

use openras_engine::client::dial::DialConfig;
use openras_engine::server::port::PortConfig;
use openras_ppp::config::Limits;

use crate::stage::{V2, answerer, both, called, caller, dial, dialler, port, store};

/// A port that lets calls stand this long without a packet, and this long in all.
fn limited(idle: Option<u64>, session: Option<u64>) -> PortConfig {
    let mut config = port();
    config.ppp.limits = Limits::of(idle.map(Duration::from_secs), session.map(Duration::from_secs));
    config
}

/// A dial that answers no callback and dials once.
fn once() -> DialConfig {
    DialConfig { callable: false, ..dial(V2) }
}

#[test]
fn a_port_whose_idle_limit_is_over() {
    insta::assert_snapshot!(both(dialler(once()), answerer(limited(Some(60), None), store())));
}

#[test]
fn a_port_whose_session_limit_is_over() {
    insta::assert_snapshot!(called(dialler(once()), answerer(limited(None, Some(120)), store())));
}

#[test]
fn a_dial_whose_idle_limit_is_over() {
    let mut config = once();
    config.ppp.limits = Limits::of(Some(Duration::from_secs(30)), None);
    insta::assert_snapshot!(caller(dialler(config), answerer(port(), store())));
}

/// A caller who is silent since it is up, of a user with a limit of its own where the port has a longer one.
#[test]
fn a_user_whose_own_limit_is_over() {
    let own = Limits::of(Some(Duration::from_secs(60)), None);
    let port = crate::stage::with(limited(Some(3600), None), store(), |answerer| answerer.limited(own));
    insta::assert_snapshot!(called(dialler(once()), port));
}
