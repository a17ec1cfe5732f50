use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use super::*;

fn here() -> (tempfile::TempDir, Secrets, Key) {
    let folder = tempfile::tempdir().unwrap();
    let secrets = Secrets::at(folder.path().join("new/credentials"));
    (folder, secrets, Key { book: "/b k/rasphone.pbk".into(), uid: 7 })
}

fn saved(user: &str, password: &[u8], domain: &str) -> Saved {
    Saved {
        user: Some(user.into()),
        password: Some(Secret::new(password)),
        domain: Some(domain.into()),
        callback: None,
    }
}

const ALL: u32 = RASCM_USER_NAME | RASCM_PASSWORD | RASCM_DOMAIN;

#[test]
fn what_is_saved_is_there_again_whatever_its_bytes() {
    let (_folder, secrets, key) = here();
    assert_eq!(secrets.get(&key).unwrap(), Saved::default());
    let odd = saved("a%b c\n[x]é", b"p\0\xff\r\n %20=", "");
    secrets.set(&key, ALL, &odd).unwrap();
    let other = Key { uid: 8, ..key.clone() };
    secrets.set(&other, ALL, &saved("b", b"", "D")).unwrap();
    assert_eq!(secrets.get(&key).unwrap(), odd);
    assert_eq!(secrets.get(&other).unwrap().password, Some(Secret::default()), "an empty password is one");
    let elsewhere = Key { book: "/tmp/foreign.pbk".into(), uid: 7 };
    assert_eq!(secrets.get(&elsewhere).unwrap(), Saved::default(), "the number alone opens nothing");
    let mode = fs::metadata(secrets.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(fs::metadata(secrets.path().parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn masks_choose_what_is_saved_and_forgotten() {
    let (_folder, secrets, key) = here();
    secrets.set(&key, RASCM_USER_NAME, &saved("u", b"p", "d")).unwrap();
    assert_eq!(secrets.get(&key).unwrap().mask(), RASCM_USER_NAME);
    secrets.set(&key, ALL, &saved("u", b"p", "d")).unwrap();
    secrets.set(&key, ALL, &saved("v", PLACEHOLDER.as_bytes(), "e")).unwrap();
    assert_eq!(secrets.get(&key).unwrap(), saved("v", b"p", "e"), "the placeholder changes no password");
    secrets.clear(&key, RASCM_PASSWORD).unwrap();
    assert_eq!(secrets.get(&key).unwrap().mask(), RASCM_USER_NAME | RASCM_DOMAIN);
    for (mask, code) in [(8, 5), (0x10, 87), (0x43, 87)] {
        assert_eq!(secrets.set(&key, mask, &Saved::default()).unwrap_err().code, RasError(code));
        assert_eq!(secrets.clear(&key, mask).unwrap_err().code, RasError(code));
    }
    secrets.forget(&key).unwrap();
    assert_eq!(secrets.get(&key).unwrap(), Saved::default());
    assert!(!fs::read_to_string(secrets.path()).unwrap().contains("entry"));
}

#[test]
fn dial_params_follow_their_table() {
    let (_folder, secrets, key) = here();
    let set = |user: &str, password: &str, remove: bool| {
        let params = Saved { callback: Some("55".into()), ..saved(user, password.as_bytes(), "") };
        secrets.set_dial_params(&key, &params, remove).unwrap();
        secrets.get(&key).unwrap()
    };
    let first = set("u", "p", false);
    assert_eq!(
        (first.user.as_deref(), first.domain, first.callback.as_deref()),
        (Some("u"), None, Some("55"))
    );
    let kept = set("", "other", false);
    assert_eq!((kept.user.as_deref(), kept.password), (Some("u"), Some(Secret::from("p"))));
    assert_eq!(set("w", PLACEHOLDER, false).password, Some(Secret::from("p")));
    assert_eq!(set("w", "", false).password, Some(Secret::default()));
    assert_eq!(set("w", "anything", true).password, None);
    // as RasDial takes it, * is the domain that is saved
    for domain in ["D", "*"] {
        secrets.set_dial_params(&key, &saved("w", b"", domain), false).unwrap();
        assert_eq!(secrets.get(&key).unwrap().domain.as_deref(), Some("D"));
        secrets.set(&key, RASCM_DOMAIN, &saved("", b"", domain)).unwrap();
        assert_eq!(secrets.get(&key).unwrap().domain.as_deref(), Some("D"));
    }
}

#[test]
fn a_file_that_others_can_read_is_refused_with_a_sentence() {
    let (_folder, secrets, key) = here();
    secrets.set(&key, ALL, &saved("u", b"p", "d")).unwrap();
    for mode in [0o640, 0o604, 0o622, 0o601] {
        fs::set_permissions(secrets.path(), Permissions::from_mode(mode)).unwrap();
        let error = secrets.get(&key).unwrap_err();
        assert_eq!(error.code, RasError(5));
        assert!(
            error.to_string().contains("chmod 600") && error.to_string().contains("credentials"),
            "{error}"
        );
        assert!(secrets.set(&key, ALL, &Saved::default()).is_err());
    }
    fs::set_permissions(secrets.path(), Permissions::from_mode(0o600)).unwrap();
    assert_eq!(secrets.get(&key).unwrap().mask(), ALL);
}

#[test]
fn a_file_that_is_not_ours_is_left_alone() {
    let (folder, _, key) = here();
    let path = folder.path().join("credentials");
    let secrets = Secrets::at(&path);
    for (text, line) in [
        ("user x\n", 1),
        ("\nentry 5\n", 2),
        ("entry 5 /b\nuser %zz\n", 2),
        ("entry 5 /b\nshoe 9\n", 2),
        ("entry x /b\n", 1),
    ] {
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let error = secrets.set(&key, ALL, &Saved::default()).unwrap_err();
        assert_eq!((error.code, error.line), (RasError(13), Some(line)), "{text}: {error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(secrets.get(&key).unwrap_err().code, RasError(5));
}

#[test]
fn nothing_shows_a_password() {
    let shown = format!("{:?}", saved("u", b"hunter2", ""));
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(
        is_placeholder(b"****************") && !is_placeholder(b"***************") && !is_placeholder(b"")
    );
}

#[test]
fn data_of_a_method_are_kept_beside_the_rest_and_go_with_it() {
    let (_folder, secrets, key) = here();
    assert!(secrets.data(&key).unwrap().is_empty());
    let data = Secret::new((0..=255).cycle().take(LONGEST_DATA).collect::<Vec<u8>>());
    secrets.set_data(&key, data.clone()).unwrap();
    assert_eq!((secrets.data(&key).unwrap(), secrets.get(&key).unwrap()), (data.clone(), Saved::default()));
    secrets.set(&key, ALL, &saved("u", b"p", "d")).unwrap();
    assert_eq!(
        (secrets.data(&key).unwrap(), secrets.get(&key).unwrap()),
        (data.clone(), saved("u", b"p", "d"))
    );
    let longer = Secret::new(vec![0; LONGEST_DATA + 1]);
    assert_eq!(secrets.set_data(&key, longer).unwrap_err().code, RasError(87));
    secrets.clear(&key, ALL).unwrap();
    assert_eq!(secrets.data(&key).unwrap(), data, "credentials alone were forgotten");
    secrets.forget(&key).unwrap();
    assert!(secrets.data(&key).unwrap().is_empty());
    assert!(!fs::read_to_string(secrets.path()).unwrap().contains("entry"));
}
