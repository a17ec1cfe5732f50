//! A store that is replaced, damaged, locked or taken away under a service, and mended.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use super::wire::v2;
use super::*;

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("users.db")
}

/// All of the database, in its one file; what is in anybody's memory is known to be old.
fn whole(folder: &TempDir) -> Vec<u8> {
    let other = rusqlite::Connection::open(file(folder)).unwrap();
    other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    fs::read(file(folder)).unwrap()
}

/// Every page becomes something that is none, in the same file.
fn overwrite(path: &Path, bytes: &[u8]) {
    let mut file = fs::File::options().write(true).truncate(true).open(path).unwrap();
    file.write_all(bytes).unwrap();
}

/// Another file of this name.
fn replace(path: &Path, bytes: &[u8]) {
    let fresh = path.with_extension("new");
    fs::write(&fresh, bytes).unwrap();
    fs::set_permissions(&fresh, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(fresh, path).unwrap();
}

/// The number alice gets with her password; everybody gets 645 where the store fails, with a reason that names the file.
fn alice(users: &Users) -> u32 {
    let (alice, ghost) = (check(users, &v2("alice", "right")), check(users, &v2("ghost", "right")));
    if number(&alice) == 645 {
        assert_eq!(alice.verdict, ghost.verdict, "it tells nobody who exists");
        let why = alice.reason.to_string();
        assert!(why.contains("users.db") && why.contains("; "), "{why}");
    }
    number(&alice)
}

fn with_alice() -> (TempDir, Users) {
    let (folder, users) = store();
    users.add("alice", &user("right")).unwrap();
    (folder, users)
}

#[test]
fn a_database_that_is_damaged_and_mended_in_its_place_goes_on() {
    let (folder, users) = with_alice();
    let good = whole(&folder);
    overwrite(&file(&folder), &b"no database ".repeat(good.len() / 12));
    assert_eq!(alice(&users), 645);
    assert!(users.probe().is_err(), "it is said as long as it is so");
    assert!(users.list().is_err() && users.probe().is_err());
    overwrite(&file(&folder), &good);
    assert_eq!(alice(&users), 0);
    users.probe().unwrap();
    users.add("bob", &user("new")).unwrap();
}

#[test]
fn a_database_that_is_replaced_by_a_copy_is_taken_up_without_what_the_old_one_left() {
    let (folder, users) = with_alice();
    let good = whole(&folder);
    // these stand in the log of the old one only
    users.add("late", &user("x")).unwrap();
    users.passwd("alice", &"other".into(), None).unwrap();
    replace(&file(&folder), &good);
    assert_eq!(alice(&users), 0);
    assert!(folder.path().join("users.db-wal.old").exists(), "nothing is lost");
    assert!(users.get("late").unwrap().is_none());
    users.probe().unwrap();
    users.add("bob", &user("new")).unwrap();
    drop(users);
    assert!(open(&folder).get("bob").unwrap().is_some());
    let intact: String =
        open(&folder).db().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(intact, "ok");
}

#[test]
fn a_database_that_is_away_for_a_while_is_not_made_anew() {
    let (folder, users) = with_alice();
    let away = folder.path().join("away");
    fs::rename(file(&folder), &away).unwrap();
    assert_eq!(alice(&users), 645);
    assert!(!file(&folder).exists(), "an empty one would refuse all with 691");
    fs::rename(&away, file(&folder)).unwrap();
    assert_eq!(alice(&users), 0);
    replace(&file(&folder), b"");
    assert_eq!(alice(&users), 645);
    assert!(users.probe().unwrap_err().to_string().contains("is empty"));
}

#[test]
fn a_database_of_another_key_or_open_to_others_is_not_taken() {
    let (folder, users) = with_alice();
    let good = whole(&folder);
    let (other, _stranger) = with_alice();
    replace(&file(&folder), &whole(&other));
    assert!(matches!(users.get("alice"), Err(StoreError::Key(_))));
    replace(&file(&folder), &good);
    assert!(users.get("alice").unwrap().is_some());
    replace(&file(&folder), &good);
    fs::set_permissions(file(&folder), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(users.get("alice").unwrap_err().to_string().contains("chmod 600"));
}

#[test]
fn a_locked_store_is_645_where_it_must_be_written_and_locks_nobody_out_for_long() {
    let (folder, users) = with_alice();
    let other = rusqlite::Connection::open(file(&folder)).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let begun = std::time::Instant::now();
    let wrong = check(&users, &v2("alice", "wrong"));
    let first = begun.elapsed();
    assert_eq!(number(&wrong), 645);
    assert!(wrong.reason.to_string().contains("keeps it locked: end that one (`fuser "), "{}", wrong.reason);
    // nobody waits a second time for so long
    let again = |_| {
        let begun = std::time::Instant::now();
        assert_eq!(number(&check(&users, &v2("alice", "wrong"))), 645);
        assert!(users.probe().is_err());
        begun.elapsed()
    };
    // the best of a few: a busy host may hold up one of them
    let again = (0..3).map(again).min().unwrap();
    assert!(again < first, "{first:?} and then {again:?}");
    other.execute_batch("ROLLBACK").unwrap();
    users.probe().unwrap();
    assert_eq!(number(&check(&users, &v2("alice", "wrong"))), 691);
}

#[test]
fn a_row_that_holds_something_else_is_one_users_damage() {
    let (_folder, users) = with_alice();
    users.db().execute_batch("UPDATE users SET nt = 'text'").unwrap();
    let checked = check(&users, &v2("alice", "right"));
    assert!(matches!(checked.reason, Reason::Damaged(_)), "{:?}", checked.reason);
    assert_eq!(number(&checked), 691);
    let delays = |name: &str| -> Vec<Duration> {
        (0..4).map(|_| users.verify(&v2(name, "right"), "elsewhere", NOW).delay).collect()
    };
    let waits = [0, 1, 3, 7].map(Duration::from_secs);
    assert_eq!(delays("alice"), waits);
    assert_eq!(delays("ghost"), waits, "it tells nobody who exists");
}

#[test]
fn a_start_says_once_what_is_wrong_with_which_file_and_what_to_do() {
    let said = |folder: &TempDir| {
        let error = Users::open(folder.path(), None, Policy::default()).unwrap_err();
        assert_eq!(error.number().0, 645);
        let problem = error.problem();
        assert!(problem.message.ends_with('.') && problem.remedy.ends_with('.'), "{problem}");
        // as the program shows it, with every source
        format!("{:#}", anyhow(error))
    };
    let (folder, users) = with_alice();
    let good = whole(&folder);
    drop(users);
    let (name, path) = ("users.db", file(&folder));
    let once = |text: &str, words: &[&str]| {
        for word in words.iter().chain([&name]) {
            assert_eq!(text.matches(word).count(), 1, "{word}: {text}");
        }
    };
    fs::write(&path, b"no database ".repeat(1000)).unwrap();
    once(&said(&folder), &["file is not a database", "put your copy of it back"]);
    fs::write(&path, &good).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").unwrap();
    let text = said(&folder);
    assert!(text.contains("database is locked") && text.contains("end that one"), "{text}");
    drop(other);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    once(&said(&folder), &["not a regular file"]);
    fs::remove_dir(&path).unwrap();
    let nowhere = folder.path().join("key");
    fs::write(&nowhere, "").unwrap();
    let error = Users::open(&nowhere.join("state"), None, Policy::default()).unwrap_err();
    let text = format!("{:#}", anyhow(error));
    assert_eq!(text.matches("os error").count(), 1, "{text}");
    assert!(text.contains("name another folder by `state`"), "{text}");
}

/// An error as the program shows it.
fn anyhow(error: StoreError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(error) = source {
        text += &format!(": {error}");
        source = error.source();
    }
    text
}
