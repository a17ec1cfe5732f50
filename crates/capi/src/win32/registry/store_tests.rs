use std::os::unix::fs::PermissionsExt;

use super::*;

const KEY: &str = r"HKEY_CURRENT_USER\Software\Dialer";

fn set(folder: &Path, name: &str, data: Data) -> Result<(), RasError> {
    Store::change_in(folder, |store| store.set(KEY, name, 1, data))
}

#[test]
fn values_are_found_in_any_case_and_survive_a_new_start() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("deep/openras");
    assert!(Store::read_from(&folder).unwrap().key(KEY).is_none());
    set(&folder, "Name", Data::Text("Büro\0".into())).unwrap();
    set(&folder, "NAME", Data::Text("two\0".into())).unwrap();
    set(&folder, "", Data::Bytes(vec![0, 255])).unwrap();
    let store = Store::read_from(&folder).unwrap();
    assert_eq!(store.value(&KEY.to_uppercase(), "name"), Some((1, Data::Text("two\0".into()))));
    assert_eq!(store.value(KEY, ""), Some((1, Data::Bytes(vec![0, 255]))));
    assert_eq!(store.key(r"hkey_current_user\SOFTWARE").as_deref(), Some(r"HKEY_CURRENT_USER\Software"));
    assert!(store.key(r"HKEY_CURRENT_USER\Soft").is_none());
    Store::change_in(&folder, |store| store.delete(KEY, "nAme")).unwrap();
    assert_eq!(Store::change_in(&folder, |store| store.delete(KEY, "nAme")), Err(FILE_NOT_FOUND));
    let mode = |name| fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("registry.json"), mode("registry.lock"), mode("")), (0o600, 0o600, 0o700));
}

#[test]
fn a_damaged_file_is_said_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("registry.json");
    for text in ["{", "[]", r#"{"HKEY_CURRENT_USER\\x": 1}"#, "\u{0}"] {
        fs::write(&name, text).unwrap();
        assert_eq!(Store::read_from(folder.path()).unwrap_err(), BADDB, "{text}");
        assert_eq!(set(folder.path(), "a", Data::Bytes(vec![])), Err(BADDB));
        assert_eq!(fs::read_to_string(&name).unwrap(), text);
    }
    fs::write(&name, vec![b' '; usize::try_from(LARGEST).unwrap() + 1]).unwrap();
    assert_eq!(Store::read_from(folder.path()).unwrap_err(), BADDB);
}

#[test]
fn a_file_others_may_write_and_a_link_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("registry.json");
    fs::write(&name, "{}").unwrap();
    fs::set_permissions(&name, fs::Permissions::from_mode(0o620)).unwrap();
    assert_eq!(Store::read_from(folder.path()).unwrap_err(), ACCESS_DENIED);
    fs::remove_file(&name).unwrap();
    std::os::unix::fs::symlink("/dev/null", &name).unwrap();
    assert_eq!(Store::read_from(folder.path()).unwrap_err(), REGISTRY_IO_FAILED);
}

#[test]
fn the_file_does_not_grow_without_end() {
    let folder = tempfile::tempdir().unwrap();
    let large = || Data::Bytes(vec![7; 64 * 1024]);
    let stored = (0..64).take_while(|n| set(folder.path(), &n.to_string(), large()).is_ok()).count();
    assert!((20..40).contains(&stored), "{stored}");
    assert_eq!(set(folder.path(), "more", large()), Err(NO_SYSTEM_RESOURCES));
    set(folder.path(), "small", Data::Bytes(vec![])).unwrap();
}

#[test]
fn writers_at_once_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let folder = folder.path();
            scope.spawn(move || {
                for n in 0..10 {
                    set(folder, &format!("{writer}-{n}"), Data::Bytes(vec![])).unwrap();
                }
            });
        }
    });
    assert_eq!(Store::read_from(folder.path()).unwrap().values(KEY).unwrap().len(), 40);
}
