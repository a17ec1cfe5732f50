//! The store as its users see it: through claims, codes and the files it leaves.

mod broken;
mod codes;
mod files;
mod secrets;
mod tries;
mod verify;
mod wire;

use openras_ppp::{Claim, Proof, Secret, Verdict};
use tempfile::TempDir;

use super::*;

/// 2025-11-20, as good as any.
const NOW: u64 = 1_763_600_000;
const SOURCE: &str = "192.0.2.7";

/// A fresh store, and the folder that goes with it.
fn store() -> (TempDir, Users) {
    let folder = tempfile::tempdir().unwrap();
    let users = open(&folder);
    (folder, users)
}

fn open(folder: &TempDir) -> Users {
    Users::open(folder.path(), None, Policy::default()).unwrap()
}

impl Users {
    /// The connection as it is.
    fn db(&self) -> database::Raw<'_> {
        self.database.raw()
    }
}

/// Everything kept.
const ALL: Keep = Keep { argon: true, nt: true, clear: true };

fn user(password: &str) -> NewUser {
    NewUser { password: Some(password.into()), keep: ALL, ..NewUser::default() }
}

fn pap(name: &str, password: &str) -> Claim {
    claim(name, 1, Proof::Pap { password: password.into() })
}

fn claim(name: &str, identifier: u8, proof: Proof) -> Claim {
    Claim { name: name.into(), raw_name: name.as_bytes().to_vec(), identifier, proof, attempt: 1 }
}

/// The verdict's number; 0 is accepted.
fn number(checked: &Checked) -> u32 {
    match &checked.verdict {
        Verdict::Accept { .. } => 0,
        Verdict::Refuse { error, .. } => *error,
    }
}

/// A check without the delay of earlier ones.
fn check(users: &Users, claim: &Claim) -> Checked {
    static LATER: AtomicU64 = AtomicU64::new(NOW);
    users.verify(claim, SOURCE, LATER.fetch_add(100, std::sync::atomic::Ordering::Relaxed))
}

#[test]
fn users_are_added_shown_changed_and_removed() {
    let (_folder, users) = store();
    let callback = CallbackRight::Caller { allow: vec!["+49 711".into(), "030".into()] };
    users.add("Alice", &NewUser { callback, ..user("one") }).unwrap();
    users.add("bob", &NewUser { keep: Keep::default(), no_dial_in: true, ..user("two") }).unwrap();
    assert!(matches!(users.add("ALICE", &user("x")), Err(StoreError::Exists(_))));
    let shown: Vec<String> = users.list().unwrap().iter().map(|user| format!("{user:?}")).collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
UserInfo { name: "Alice", must_change: false, disabled: false, no_dial_in: false, callback: Caller { allow: ["+49711", "030"] }, services: [], network: UserNetwork { reach: None, address: None, limits: Limits { idle: None, session: None } }, methods: [MsChapV2, MsChapV1, ChapMd5, Pap], totp: false, recovery_left: 0, wrong_passwords: 0, wrong_codes: 0 }
UserInfo { name: "bob", must_change: false, disabled: false, no_dial_in: true, callback: None, services: [], network: UserNetwork { reach: None, address: None, limits: Limits { idle: None, session: None } }, methods: [MsChapV2, MsChapV1, Pap], totp: false, recovery_left: 0, wrong_passwords: 0, wrong_codes: 0 }
"#);

    let change = UserChange {
        disabled: Some(true),
        callback: Some(CallbackRight::Preset("(030) 555-12".into())),
        ..UserChange::default()
    };
    users.set("alice", &change).unwrap();
    let alice = users.get("aLiCe").unwrap().unwrap();
    assert!(alice.disabled && !alice.must_change);
    assert_eq!(alice.callback, CallbackRight::Preset("03055512".into()));

    users.remove("ALICE").unwrap();
    assert_eq!(users.get("alice").unwrap(), None);
    for error in [users.remove("alice"), users.unlock("alice"), users.passwd("alice", &"x".into(), None)] {
        assert!(matches!(error, Err(StoreError::NoSuchUser(_))));
    }
}

#[test]
fn what_cannot_be_stored_leaves_nothing_behind() {
    let (_folder, users) = store();
    let preset = |number: &str| NewUser { callback: CallbackRight::Preset(number.into()), ..user("x") };
    for number in ["", "none", "caller", "+", "ATD123", "1;2", "123456789012345678901"] {
        assert!(matches!(users.add("a", &preset(number)), Err(StoreError::Refused(_))), "{number:?}");
    }
    for password in ["", "a\nb", "a\0", &"é".repeat(200)] {
        assert!(matches!(users.add("a", &user(password)), Err(StoreError::Password(_))), "{password:?}");
    }
    let seed = NewUser { totp: Some(Seed::new(Secret::default())), ..user("x") };
    assert!(matches!(users.add("a", &seed), Err(StoreError::Refused(_))));
    let codes = NewUser { recovery: vec!["short".into()], ..user("x") };
    assert!(matches!(users.add("a", &codes), Err(StoreError::Refused(_))));
    assert!(users.list().unwrap().is_empty());
}

#[test]
fn rights_are_asked_anew_for_each_call() {
    let (_folder, users) = store();
    users.add("alice", &NewUser { callback: CallbackRight::Preset("100".into()), ..user("x") }).unwrap();
    let admitted = users.admit("CORP\\Alice").unwrap();
    assert_eq!(admitted.unwrap().callback, CallbackRight::Preset("100".into()));
    users.set("alice", &UserChange { no_dial_in: Some(true), ..UserChange::default() }).unwrap();
    assert_eq!(users.admit("alice").unwrap(), Err(openras_engine::RasError(649)));
    users.set("alice", &UserChange { disabled: Some(true), ..UserChange::default() }).unwrap();
    assert_eq!(users.admit("alice").unwrap(), Err(openras_engine::RasError(647)));
    assert_eq!(users.admit("ghost").unwrap(), Err(openras_engine::RasError(691)));
}

#[test]
fn callbacks_are_capped_for_each_user_and_day() {
    let (_folder, users) = store();
    for name in ["alice", "bob"] {
        users.add(name, &user("x")).unwrap();
    }
    let midnight = NOW / 86_400 * 86_400;
    for n in 0..u64::from(CALLBACKS_A_DAY) {
        assert!(users.count_callback("CORP\\Alice", midnight + n).unwrap(), "callback {n}");
    }
    assert!(!users.count_callback("alice", midnight + 86_399).unwrap());
    assert!(users.count_callback("bob", midnight).unwrap());
    assert!(users.count_callback("alice", midnight + 86_400).unwrap());
    assert!(matches!(users.count_callback("ghost", midnight), Err(StoreError::NoSuchUser(_))));
}

#[test]
fn the_service_sees_at_once_what_another_process_changes() {
    let (folder, service) = store();
    let tool = open(&folder);
    tool.add("alice", &user("one")).unwrap();
    assert_eq!(number(&check(&service, &pap("alice", "one"))), 0);
    tool.passwd("alice", &"two".into(), None).unwrap();
    assert_eq!(number(&check(&service, &pap("alice", "one"))), 691);
    assert_eq!(number(&check(&service, &pap("alice", "two"))), 0);
    tool.remove("alice").unwrap();
    assert_eq!(check(&service, &pap("alice", "two")).reason, Reason::UnknownUser);
}
