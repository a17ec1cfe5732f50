use std::sync::Barrier;
use std::time::Duration;

use openras_modules::totp::{
    CodeStore, Hash, Standing, TryResult, new_recovery_codes, normalise_recovery_code,
};

use super::*;

fn seed() -> Seed {
    Seed { hash: Hash::Sha256, digits: 8, period: 60, ..Seed::new("12345678901234567890".into()) }
}

fn with_totp(users: &Users) -> Vec<Secret> {
    let recovery = new_recovery_codes().unwrap();
    users.add("alice", &NewUser { totp: Some(seed()), recovery: recovery.clone(), ..user("x") }).unwrap();
    recovery
}

/// How many of eight callers, on two connections and eight threads at once, were told yes.
fn winners(folder: &TempDir, ask: impl Fn(&Users) -> bool + Sync) -> usize {
    let stores = [open(folder), open(folder)];
    let start = Barrier::new(8);
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..8)
            .map(|n| {
                let (store, start, ask) = (&stores[n % 2], &start, &ask);
                scope.spawn(move || {
                    start.wait();
                    ask(store)
                })
            })
            .collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).filter(|yes| *yes).count()
    })
}

#[test]
fn a_seed_comes_back_as_it_was_set() {
    let (_folder, users) = store();
    with_totp(&users);
    let enrolment = users.enrolment("ALICE").unwrap().unwrap();
    assert_eq!((enrolment.user.as_str(), enrolment.last_step), ("alice", None));
    let back = Seed {
        key: enrolment.seed,
        hash: enrolment.hash,
        digits: enrolment.digits,
        period: enrolment.period,
    };
    assert_eq!(back, seed());
    assert!(users.enrolment("ghost").unwrap().is_none());
}

#[test]
fn of_many_at_once_exactly_one_takes_a_step() {
    let (folder, users) = store();
    with_totp(&users);
    for step in [100, 101, 200] {
        assert_eq!(winners(&folder, |users| users.claim_step("alice", step).unwrap()), 1, "step {step}");
    }
    for taken in [0, 100, 199, 200, u64::MAX] {
        assert!(!users.claim_step("alice", taken).unwrap(), "step {taken}");
    }
    assert!(!users.claim_step("ghost", 500).unwrap());
    assert_eq!(open(&folder).enrolment("alice").unwrap().unwrap().last_step, Some(200));
}

#[test]
fn of_many_at_once_exactly_one_takes_a_recovery_code() {
    let (folder, users) = store();
    let printed = with_totp(&users);
    let code = normalise_recovery_code(printed[3].expose()).unwrap();
    assert_eq!(winners(&folder, |users| users.use_recovery_code("Alice", &code).unwrap()), 1);
    assert!(!users.use_recovery_code("alice", &code).unwrap());
    assert!(!users.use_recovery_code("ghost", &code).unwrap());
    assert_eq!(users.get("alice").unwrap().unwrap().recovery_left, 9);
}

#[test]
fn the_same_seed_set_again_keeps_its_steps_taken_and_another_does_not() {
    let (_folder, users) = store();
    with_totp(&users);
    let set = |totp| users.set("alice", &UserChange { totp: Some(totp), ..UserChange::default() }).unwrap();
    assert!(users.claim_step("alice", 100).unwrap());
    set(Some((seed(), Vec::new())));
    assert!(!users.claim_step("alice", 100).unwrap());
    set(Some((Seed::new("another key of bytes".into()), Vec::new())));
    assert!(users.claim_step("alice", 100).unwrap());
    set(None);
    assert!(users.enrolment("alice").unwrap().is_none());
    assert!(!users.claim_step("alice", 101).unwrap());
    assert_eq!(users.get("alice").unwrap().unwrap().recovery_left, 0);
}

#[test]
fn tries_at_codes_are_booked_before_and_settled_after() {
    let (_folder, users) = store();
    with_totp(&users);
    let book = |name: &str| users.book_try(name, SOURCE, NOW).unwrap();
    let wait = |seconds| Standing::Wait(Duration::from_secs(seconds));
    assert_eq!([book("alice"), book("ALICE"), book("alice")], [wait(0), wait(1), wait(3)]);
    let wrong = || users.get("alice").unwrap().unwrap().wrong_codes;
    users.settle_try("alice", SOURCE, TryResult::NotCounted).unwrap();
    assert_eq!(wrong(), 0, "what is in flight is not on the disk");
    users.settle_try("alice", SOURCE, TryResult::Wrong).unwrap();
    assert_eq!(wrong(), 1, "what came out wrong is, before its answer is given");
    assert_eq!(book("alice"), wait(7), "one is on record and one still in flight");
    users.settle_try("alice", SOURCE, TryResult::Right).unwrap();
    assert_eq!(wrong(), 0);
    assert_eq!((book("alice"), book("ghost"), book("ghost")), (wait(0), wait(0), wait(1)));
}

#[test]
fn a_right_password_buys_no_fresh_tries_at_the_code() {
    let (_folder, users) = store();
    with_totp(&users);
    for n in 0..HARD_LIMIT {
        assert!(matches!(users.book_try("alice", &format!("{n}"), NOW).unwrap(), Standing::Wait(_)));
        users.settle_try("alice", &format!("{n}"), TryResult::Wrong).unwrap();
        if n % 10 == 0 {
            assert_eq!(number(&check(&users, &pap("alice", "x"))), 0);
        }
    }
    // it waits as an unknown name does
    for seconds in [0, 1, 3] {
        let wait = Duration::from_secs(seconds);
        assert_eq!(users.book_try("alice", "home", NOW).unwrap(), Standing::Locked(wait));
        assert_eq!(users.book_try("ghost", "home", NOW).unwrap(), Standing::Wait(wait));
    }
    users.unlock("alice").unwrap();
    assert_eq!(users.book_try("alice", "home", NOW).unwrap(), Standing::Wait(Duration::ZERO));
}

#[test]
fn a_step_is_on_the_disk_before_the_answer_and_a_store_that_fails_says_no() {
    let (_folder, users) = store();
    with_totp(&users);
    let pragma = |name: &str| -> String {
        let value = users
            .db()
            .query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, rusqlite::types::Value>(0));
        format!("{:?}", value.unwrap())
    };
    assert_eq!(pragma("synchronous"), "Integer(2)");
    assert_eq!(pragma("journal_mode"), "Text(\"wal\")");
    users.db().execute_batch("PRAGMA query_only = on").unwrap();
    assert!(users.claim_step("alice", 100).is_err());
    users.db().execute_batch("PRAGMA query_only = off").unwrap();
    assert!(users.claim_step("alice", 100).unwrap());
}
