use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use super::*;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o777
}

fn said(folder: &TempDir) -> String {
    Users::open(folder.path(), None, Policy::default()).unwrap_err().to_string()
}

#[test]
fn everything_made_is_private() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("deep/state");
    let users = Users::open(&state, None, Policy::default()).unwrap();
    users.add("alice", &user("x")).unwrap();
    assert_eq!(mode(&state), 0o700);
    let mut names: Vec<String> = Vec::new();
    for entry in fs::read_dir(&state).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{path:?}");
        names.push(path.file_name().unwrap().to_string_lossy().into());
    }
    names.sort();
    assert_eq!(names, ["key", "users.db", "users.db-shm", "users.db-wal"]);
}

#[test]
fn whoever_runs_it_everything_stays_the_folder_owners() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can make files of another owner");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::chown(folder.path(), Some(65534), Some(65534)).unwrap();
    let users = open(&folder);
    users.add("alice", &user("x")).unwrap();
    crate::Audit::open(folder.path(), Default::default()).unwrap();
    let owners = || {
        let entries = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap());
        entries
            .map(|e| (e.file_name(), e.metadata().unwrap().uid(), e.metadata().unwrap().gid()))
            .collect::<Vec<_>>()
    };
    assert_eq!(owners().len(), 5);
    for (name, uid, gid) in owners() {
        assert_eq!((uid, gid), (65534, 65534), "{name:?}");
    }
    // and what an older copy left behind as root's is given back
    drop(users);
    std::os::unix::fs::chown(folder.path().join("users.db"), Some(0), Some(0)).unwrap();
    open(&folder).add("bob", &user("x")).unwrap();
    assert!(owners().iter().all(|(_, uid, _)| *uid == 65534), "{:?}", owners());
}

#[test]
fn a_secret_file_that_others_may_read_is_refused_with_the_command_that_helps() {
    for file in ["key", "users.db"] {
        let (folder, users) = store();
        drop(users);
        fs::set_permissions(folder.path().join(file), Permissions::from_mode(0o640)).unwrap();
        let said = said(&folder);
        assert!(said.contains("mode 640") && said.contains("chmod 600"), "{said}");
    }
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
    assert!(said(&folder).contains("chmod 700"));
}

#[test]
fn links_are_not_followed() {
    for file in ["key", "users.db"] {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let target = elsewhere.path().join("target");
        symlink(&target, folder.path().join(file)).unwrap();
        assert!(!said(&folder).is_empty());
        assert!(!target.exists(), "{file} was made through a link");
        fs::write(&target, "x").unwrap();
        let before = fs::metadata(&target).unwrap();
        said(&folder);
        let after = fs::metadata(&target).unwrap();
        assert_eq!((before.mode(), before.uid(), before.len()), (after.mode(), after.uid(), after.len()));
    }
}

#[test]
fn a_missing_foreign_or_damaged_key_is_named_and_never_replaced() {
    let (folder, users) = store();
    users.add("alice", &user("x")).unwrap();
    drop(users);
    let key = folder.path().join("key");
    let right = fs::read_to_string(&key).unwrap();
    let write = |text: &str| fs::write(&key, text).unwrap();

    write(&"0123456789abcdef".repeat(4));
    assert!(said(&folder).contains("not the key this store was made with"));
    for damaged in ["", "zz", &right[1..], &format!("{right}00")] {
        write(damaged);
        assert!(said(&folder).contains("64 hexadecimal digits"), "{damaged:?}");
    }
    fs::remove_file(&key).unwrap();
    assert!(said(&folder).contains("missing"));
    assert!(!key.exists());

    fs::write(&key, &right).unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    assert_eq!(number(&check(&open(&folder), &super::wire::v2("alice", "x"))), 0);
}

#[test]
fn the_key_may_live_outside_of_the_state_folder() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let key = elsewhere.path().join("openras.key");
    let open = || Users::open(folder.path(), Some(&key), Policy::default());
    open().unwrap().add("alice", &user("x")).unwrap();
    assert_eq!(mode(&key), 0o600);
    assert!(!folder.path().join("key").exists());
    assert_eq!(number(&check(&open().unwrap(), &super::wire::v2("alice", "x"))), 0);
}

#[test]
fn many_that_start_at_once_agree_on_one_key() {
    let folder = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for n in 0..6 {
            let folder = &folder;
            scope.spawn(move || open(folder).add(&format!("user{n}"), &user("x")).unwrap());
        }
    });
    let users = open(&folder);
    for n in 0..6 {
        assert_eq!(number(&check(&users, &super::wire::v2(&format!("user{n}"), "x"))), 0);
    }
}

#[test]
fn services_are_kept_in_their_order_and_a_store_of_before_them_goes_on() {
    let (folder, users) = store();
    let services = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    users.add("alice", &NewUser { services: services(&["slip", "ppp", "bbs"]), ..user("x") }).unwrap();
    users.add("bob", &user("x")).unwrap();
    let of = |users: &Users, name: &str| users.admit(name).unwrap().unwrap().services;
    assert_eq!((of(&users, "alice"), of(&users, "bob")), (services(&["slip", "ppp", "bbs"]), vec![]));
    for wrong in ["", "a b", "a,b", "sh;reboot", "../x"] {
        let change = UserChange { services: Some(services(&[wrong])), ..UserChange::default() };
        assert!(matches!(users.set("bob", &change), Err(StoreError::Refused(_))), "{wrong:?}");
    }
    let many = UserChange { services: Some(vec!["x".into(); 17]), ..UserChange::default() };
    assert!(users.set("bob", &many).is_err());
    // as version 1 left it
    users.db().execute_batch("ALTER TABLE users DROP COLUMN services; PRAGMA user_version = 1").unwrap();
    drop(users);
    let users = open(&folder);
    assert_eq!(of(&users, "alice"), Vec::<String>::new());
    assert_eq!(number(&check(&users, &super::wire::v2("alice", "x"))), 0);
    users.set("alice", &UserChange { services: Some(services(&["ppp"])), ..UserChange::default() }).unwrap();
    assert_eq!(users.get("ALICE").unwrap().unwrap().services, ["ppp"]);
}

#[test]
fn a_database_of_a_newer_version_or_of_something_else_is_left_alone() {
    let (folder, users) = store();
    users.db().execute_batch("PRAGMA user_version = 99").unwrap();
    drop(users);
    assert!(said(&folder).contains("version 99"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.db");
    fs::write(&file, "this is no database ".repeat(100)).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    assert!(said(&folder).contains("user database"));
}
