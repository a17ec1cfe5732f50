//! Who they are: methods, names, passwords, callback.

use openras_engine::client::dial::DialConfig;
use openras_ppp::ask::CallbackPolicy;
use openras_ppp::{AuthMethod, Config};
use openras_sim::calls::port_config;

use crate::far::{Far, ppp};
use crate::stage::{
    Actor, V2, answerer, both, called, caller, dial, dialler, port, store, with, with_password,
};

#[test]
fn a_wrong_password() {
    let config = DialConfig { params: with_password("wrong"), ..dial(V2) };
    insta::assert_snapshot!(both(dialler(config), answerer(port(), store())));
}

#[test]
fn a_name_nobody_knows() {
    let mut config = dial(V2);
    config.params.user = "alcie".into();
    insta::assert_snapshot!(both(dialler(config), answerer(port(), store())));
}

#[test]
fn a_caller_that_only_does_pap() {
    insta::assert_snapshot!(both(dialler(dial(&[AuthMethod::Pap])), answerer(port(), store())));
}

#[test]
fn a_server_that_only_does_pap() {
    let server = port_config(&[AuthMethod::Pap], &[]);
    insta::assert_snapshot!(caller(dialler(dial(V2)), answerer(server, store())));
}

#[test]
fn a_server_that_asks_for_nothing_where_that_is_not_enough() {
    let mut config = dial(V2);
    config.ppp.insist_on_authentication = true;
    insta::assert_snapshot!(caller(dialler(config), answerer(port_config(&[], &[]), store())));
}

#[test]
fn a_server_that_does_not_know_the_password() {
    // it says yes to whatever comes, with a proof made of another password
    let mut wrong = store();
    wrong.users[0].password = "another".into();
    let server = with(port(), wrong, |answerer| answerer.believing());
    insta::assert_snapshot!(caller(dialler(dial(V2)), server));
}

#[test]
fn a_caller_without_a_password_of_its_own() {
    let config = Config { credentials: None, authenticate_us: V2.to_vec(), ..Config::default() };
    insta::assert_snapshot!(called(Actor::Far(Far::dials(ppp(config))), answerer(port(), store())));
}

#[test]
fn a_user_who_must_be_called_back_over_a_line_that_cannot() {
    let mut users = store();
    users.users[0].callback = CallbackPolicy::Preset("5550100".into());
    let config = DialConfig { callable: false, ..dial(V2) };
    insta::assert_snapshot!(both(dialler(config), answerer(port(), users)));
}

#[test]
fn a_port_without_a_line_to_call_back_over() {
    let mut users = store();
    users.users[0].callback = CallbackPolicy::Preset("5550100".into());
    let mut config = port();
    config.callback = false;
    insta::assert_snapshot!(called(dialler(dial(V2)), answerer(config, users)));
}

/// A port that calls back by its directory, as the service tells of it.
#[test]
fn a_callback_number_that_the_directory_does_not_have() {
    let mut users = store();
    users.users[0].callback = CallbackPolicy::Preset("5550100".into());
    let why = "no callback: the number 5550100 is not in [directory]";
    let server = with(port(), users, |answerer| answerer.not_calling(why));
    insta::assert_snapshot!(both(dialler(dial(V2)), server));
}

#[test]
fn a_callback_number_that_is_not_allowed() {
    let mut users = store();
    users.users[0].callback = CallbackPolicy::Caller;
    let mut config = dial(V2);
    config.params.callback_number = "0900123".into();
    insta::assert_snapshot!(both(dialler(config), answerer(port(), users)));
}
