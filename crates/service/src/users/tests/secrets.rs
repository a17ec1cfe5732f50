use std::fs;
use std::path::PathBuf;

use openras_modules::totp::{CodeStore, new_recovery_codes, normalise_recovery_code};
use openras_ppp::auth::verify::nt_hash;

use super::wire::{change_v2, hex, v2};
use super::*;

const PASSWORDS: [&str; 3] = ["Planted-First-1", "Planted-Second-2", "Planted-Third-3"];
const SEED: &str = "PlantedSeedOf20Bytes";

/// Every form in which a planted secret could be written down.
fn forms(recovery: &[Secret]) -> Vec<Vec<u8>> {
    let mut plain: Vec<Vec<u8>> = vec![SEED.into()];
    for password in PASSWORDS {
        plain.push(password.into());
        plain.push(Secret::from(password).utf16le().expose().to_vec());
        plain.push(nt_hash(&password.into()).to_vec());
    }
    plain.push(Seed::new(SEED.into()).base32().as_bytes().to_vec());
    for code in recovery {
        plain.push(code.expose().to_vec());
        plain.push(normalise_recovery_code(code.expose()).unwrap().expose().to_vec());
    }
    let hexed: Vec<_> = plain.iter().map(|bytes| hex(bytes).into_bytes()).collect();
    plain.into_iter().chain(hexed).collect()
}

fn holds(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part))
}

/// How many files the folder has; none of them may hold one of the forms.
fn files_without(folder: &Path, forms: &[Vec<u8>]) -> usize {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let clean = |path: &PathBuf| {
        let bytes = fs::read(path).unwrap();
        for form in forms {
            assert!(!holds(&bytes, form), "{path:?} holds {:?}", String::from_utf8_lossy(form));
        }
        true
    };
    files.filter(clean).count()
}

#[test]
fn no_planted_secret_is_found_in_any_file_or_debug_text() {
    let (folder, users) = store();
    let audit = crate::Audit::open(folder.path(), Default::default()).unwrap();
    let recovery = new_recovery_codes().unwrap();
    let new = NewUser {
        totp: Some(Seed::new(SEED.into())),
        recovery: recovery.clone(),
        must_change: true,
        ..user(PASSWORDS[0])
    };
    let mut debug = format!("{new:?}");
    users.add("alice", &new).unwrap();
    let change = change_v2("alice", PASSWORDS[0], PASSWORDS[1]);
    for claim in [pap("alice", PASSWORDS[0]), v2("alice", PASSWORDS[0]), change, v2("alice", PASSWORDS[2])] {
        let checked = check(&users, &claim);
        debug += &format!("{claim:?} {checked:?} {}", checked.reason);
        let reason = checked.reason.to_string();
        let record = crate::audit::Record {
            name: Some(&claim.name),
            reason: Some(&reason),
            ..crate::audit::Record::new(crate::audit::What::Tried)
        };
        audit.record(&record).unwrap();
    }
    users.passwd("alice", &PASSWORDS[2].into(), None).unwrap();
    assert_eq!(number(&check(&users, &pap("alice", PASSWORDS[2]))), 0);
    let code = normalise_recovery_code(recovery[0].expose()).unwrap();
    assert!(users.use_recovery_code("alice", &code).unwrap());
    let again =
        UserChange { totp: Some(Some((Seed::new(SEED.into()), recovery.clone()))), ..UserChange::default() };
    debug += &format!("{again:?}");
    users.set("alice", &again).unwrap();
    let summary = users.get("alice").unwrap().unwrap().summary();
    audit.admin(0, "set", "alice", &summary, &summary).unwrap();
    debug += &format!("{users:?} {:?} {:?}", users.enrolment("alice").unwrap(), users.list().unwrap());

    let forms = forms(&recovery);
    assert_eq!(files_without(folder.path(), &forms), 5);
    let key = fs::read(folder.path().join("key")).unwrap();
    for form in forms.iter().chain([&key.trim_ascii().to_vec()]) {
        assert!(!holds(debug.as_bytes(), form), "a Debug text holds {:?}", String::from_utf8_lossy(form));
    }
    // the search itself can find: names are not secret, and are there
    assert!(holds(&fs::read(folder.path().join("users.db-wal")).unwrap(), b"alice"));
}

#[test]
fn a_sealed_secret_opens_for_no_other_user_and_as_nothing_else() {
    let (_folder, users) = store();
    users.add("alice", &user("one")).unwrap();
    users.add("mallory", &user("two")).unwrap();
    users
        .db()
        .execute_batch(
            "UPDATE users SET nt = (SELECT nt FROM users WHERE key = 'mallory') WHERE key = 'alice'",
        )
        .unwrap();
    let stolen = check(&users, &v2("alice", "two"));
    assert!(matches!(stolen.reason, Reason::Damaged(_)), "{:?}", stolen.reason);
    users.db().execute_batch("UPDATE users SET nt = clear WHERE key = 'mallory'").unwrap();
    assert!(matches!(check(&users, &v2("mallory", "two")).reason, Reason::Damaged(_)));
}

#[test]
fn the_same_password_never_looks_the_same() {
    let (_folder, users) = store();
    for name in ["a", "b"] {
        users.add(name, &user("same")).unwrap();
    }
    let sql = "SELECT count(DISTINCT argon), count(DISTINCT nt), count(DISTINCT clear) FROM users";
    let distinct: [u32; 3] =
        users.db().query_row(sql, [], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?])).unwrap();
    assert_eq!(distinct, [2, 2, 2]);
}
