//! What the account says.

use crate::stage::{V2, answerer, both, dial, dialler, port, store, with};

fn refused(number: u32, reason: &str) -> String {
    both(dialler(dial(V2)), with(port(), store(), |answerer| answerer.refusing(number, reason)))
}

#[test]
fn an_expired_password_and_nobody_to_ask() {
    let mut users = store();
    users.users[0].expired = true;
    insta::assert_snapshot!(both(dialler(dial(V2)), answerer(port(), users)));
}

#[test]
fn a_locked_user() {
    insta::assert_snapshot!(refused(691, "locked after too many wrong tries; see `openras user unlock`"));
}

#[test]
fn a_disabled_account() {
    insta::assert_snapshot!(refused(647, "the account is disabled"));
}

#[test]
fn an_account_outside_its_hours() {
    insta::assert_snapshot!(refused(646, "outside the hours"));
}

#[test]
fn an_account_without_the_right_to_dial_in() {
    insta::assert_snapshot!(refused(649, "the user may not dial in"));
}

#[test]
fn a_user_without_the_secret_the_method_needs() {
    insta::assert_snapshot!(refused(
        691,
        "no secret for mschapv2 is stored; set the password with `openras user passwd`"
    ));
}

#[test]
fn a_store_that_fails() {
    insta::assert_snapshot!(refused(645, "the store failed: the disk is gone"));
}
