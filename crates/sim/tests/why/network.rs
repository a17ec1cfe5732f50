//! Networks and addresses.

use std::net::Ipv4Addr;

use openras_ppp::config::{IpcpConfig, Role};
use openras_ppp::{Config, Credentials, Secret};

use crate::far::{Far, ppp};
use crate::stage::{Actor, V2, answerer, both, called, caller, dial, dialler, port, store};

/// A caller that knows the password.
pub(crate) fn as_alice() -> Config {
    Config {
        credentials: Some(Credentials { name: "alice".into(), password: Secret::from("correct horse") }),
        authenticate_us: V2.to_vec(),
        ipv6cp: None,
        ..Config::default()
    }
}

#[test]
fn a_pool_without_an_address_left() {
    let mut users = store();
    users.address = None;
    let mut config = dial(V2);
    config.ppp.ipv6cp = None;
    let mut server = port();
    server.ppp.ipv6cp = None;
    insta::assert_snapshot!(both(dialler(config), answerer(server, users)));
}

#[test]
fn a_server_without_ip() {
    let mut config = dial(V2);
    config.ppp.ipv6cp = None;
    let server = Config {
        role: Role::Answerer,
        authenticate_us: Vec::new(),
        authenticate_peer: V2.to_vec(),
        ipcp: None,
        ..Config::default()
    };
    insta::assert_snapshot!(caller(dialler(config), Actor::Far(Far::answers(ppp(server)))));
}

#[test]
fn a_caller_without_ip() {
    let mut server = port();
    server.ppp.ipv6cp = None;
    let config =
        Config { ipcp: None, ipv6cp: Some(openras_ppp::config::Ipv6cpConfig::default()), ..as_alice() };
    insta::assert_snapshot!(called(Actor::Far(Far::dials(ppp(config))), answerer(server, store())));
}

#[test]
fn a_caller_that_insists_on_an_address_of_its_own() {
    let mut server = port();
    server.ppp.ipv6cp = None;
    let ipcp = IpcpConfig { local: Some(Ipv4Addr::new(192, 168, 1, 5)), ..IpcpConfig::default() };
    let config = Config { ipcp: Some(ipcp), ..as_alice() };
    insta::assert_snapshot!(called(Actor::Far(Far::dials(ppp(config))), answerer(server, store())));
}

#[test]
fn a_port_that_gives_no_name_servers() {
    let mut server = port();
    if let Some(ipcp) = &mut server.ppp.ipcp {
        ipcp.dns.clear();
    }
    let mut config = dial(V2);
    if let Some(ipcp) = &mut config.ppp.ipcp {
        ipcp.request_dns = true;
    }
    insta::assert_snapshot!(both(dialler(config), answerer(server, store())));
}
