use crate::users::tries::{Booked, Factor, Settled, Try};
use std::time::Duration;

use super::*;

fn wait(users: &Users, name: &str, source: &str, now: u64) -> u64 {
    users.verify(&pap(name, "wrong"), source, now).delay.as_secs()
}

#[test]
fn wrong_tries_cost_a_growing_delay_for_this_user_from_this_source_only() {
    let (_folder, users) = store();
    users.add("alice", &user("right")).unwrap();
    let waits: Vec<u64> = (0..4).map(|_| wait(&users, "alice", "a", NOW)).collect();
    assert_eq!(waits, [0, 1, 3, 7]);
    assert_eq!(wait(&users, "alice", "b", NOW), 0);
    assert_eq!(wait(&users, "bob", "a", NOW), 0);
    // whoever waits in between is not held up
    assert_eq!(wait(&users, "alice", "a", NOW + 15), 0);
    // after an hour it is forgotten
    assert_eq!(wait(&users, "alice", "a", NOW + 5000), 0);
    assert_eq!(wait(&users, "alice", "a", NOW + 5000), 1);
}

#[test]
fn a_right_password_waits_too_and_then_clears_the_count() {
    let (_folder, users) = store();
    users.add("alice", &user("right")).unwrap();
    for _ in 0..3 {
        wait(&users, "alice", "a", NOW);
    }
    let right = users.verify(&pap("alice", "right"), "a", NOW);
    assert_eq!((number(&right), right.delay), (0, Duration::from_secs(7)));
    assert_eq!(users.get("alice").unwrap().unwrap().wrong_passwords, 0);
    assert_eq!(wait(&users, "alice", "a", NOW), 0);
}

#[test]
fn tries_that_would_wait_too_long_are_not_looked_at_and_not_counted() {
    let (_folder, users) = store();
    users.add("alice", &user("right")).unwrap();
    for _ in 0..5 {
        wait(&users, "alice", "a", NOW);
    }
    let counted = users.get("alice").unwrap().unwrap().wrong_passwords;
    for _ in 0..300 {
        let refused = users.verify(&pap("alice", "right"), "a", NOW);
        assert_eq!((number(&refused), refused.reason), (691, Reason::TooSoon));
    }
    assert_eq!(users.get("alice").unwrap().unwrap().wrong_passwords, counted);
    assert_eq!(number(&users.verify(&pap("alice", "right"), "b", NOW)), 0);
    assert_eq!(number(&users.verify(&pap("alice", "right"), "a", NOW + 60)), 0);
}

#[test]
fn only_the_hard_limit_locks_and_unlock_opens() {
    let (_folder, users) = store();
    users.add("alice", &user("right")).unwrap();
    let wrong = super::wire::v2("alice", "wrong");
    for n in 0..u64::from(HARD_LIMIT) {
        assert_eq!(users.verify(&wrong, &format!("source {n}"), NOW).reason, Reason::WrongPassword);
    }
    assert!(users.get("alice").unwrap().unwrap().is_locked());
    let locked = users.verify(&pap("alice", "right"), "home", NOW);
    assert_eq!((number(&locked), &locked.reason), (691, &Reason::Locked));
    assert_eq!(locked.verdict, users.verify(&pap("ghost", "x"), "home", NOW).verdict);
    for again in [1, 3] {
        assert_eq!((wait(&users, "alice", "home", NOW), wait(&users, "ghost", "home", NOW)), (again, again));
    }
    users.unlock("ALICE").unwrap();
    assert_eq!(number(&users.verify(&pap("alice", "right"), "home", NOW)), 0);
}

#[test]
fn a_wrong_clock_neither_locks_for_ever_nor_overflows() {
    let (_folder, users) = store();
    users.add("alice", &user("right")).unwrap();
    for now in [u64::MAX, NOW * 2, 0, NOW] {
        let _ = users.verify(&pap("alice", "wrong"), "a", now);
        let _ = users.verify(&pap("alice", "wrong"), "a", now);
    }
    assert_eq!(number(&users.verify(&pap("alice", "right"), "b", NOW)), 0);
    assert_eq!(number(&users.verify(&pap("alice", "right"), "a", NOW + 1000)), 0);
}

#[test]
fn invented_names_and_sources_do_not_fill_the_disk() {
    let (_folder, users) = store();
    {
        let db = users.db();
        db.execute_batch("BEGIN").unwrap();
        for n in 0..25_000 {
            let sql = "INSERT INTO tries VALUES (0, ?1, 's', 1, 0, ?2)";
            db.execute(sql, (format!("ghost {n}"), NOW as i64 + n / 100)).unwrap();
        }
        db.execute_batch("COMMIT").unwrap();
    }
    let _ = users.verify(&pap(&"x".repeat(256), "wrong"), &"y".repeat(100_000), NOW + 251);
    let rows: u32 = users.db().query_row("SELECT count(*) FROM tries", [], |row| row.get(0)).unwrap();
    assert!(rows <= 20_001, "{rows}");
    let _ = users.verify(&pap("z", "wrong"), "s", NOW + 9000);
    let rows: u32 = users.db().query_row("SELECT count(*) FROM tries", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 1);
}

/// Two logins of one person at once, both right: neither waits for the other longer than the other takes.
#[tokio::test(start_paused = true)]
async fn right_tries_at_once_are_answered_as_soon_as_those_ahead_came_out_right() {
    let (_folder, users) = store();
    users.add("alice", &user("right")).unwrap();
    let key = name::key("alice");
    let who = Try { factor: Factor::Password, key: &key, source: "a" };
    let Ok(Booked::Wait(Duration::ZERO, first, None)) = users.book(who, NOW, None) else {
        panic!("nothing is ahead of the first")
    };
    let (second, ahead) = users.verify_behind(&pap("alice", "right"), "a", NOW);
    assert_eq!((number(&second), second.delay), (0, Duration::from_secs(1)));
    let ahead = ahead.unwrap();
    let begun = tokio::time::Instant::now();
    let answer = tokio::spawn(tokio::time::timeout(second.delay, ahead.clone().harmless()));
    users.settle(who, &first, Settled::Right).unwrap();
    assert!(answer.await.unwrap().is_ok() && begun.elapsed().is_zero());

    // the same with a wrong one ahead: the full time
    let Ok(Booked::Wait(_, first, _)) = users.book(who, NOW + 100, None) else { panic!() };
    let (_, ahead) = users.verify_behind(&pap("alice", "right"), "a", NOW + 100);
    users.settle(who, &first, Settled::Wrong).unwrap();
    assert!(tokio::time::timeout(Duration::from_secs(1), ahead.unwrap().harmless()).await.is_err());
}
