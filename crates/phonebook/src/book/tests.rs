use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::process::Command;
use std::time::Duration;

use openras_ppp::Secret;

use super::*;
use crate::secrets::{RASCM_PASSWORD, Saved};

fn entry() -> Entry {
    Entry::for_line("tcp:127.0.0.1:7001")
}

fn names(book: &Book) -> Vec<String> {
    book.read().unwrap().names().collect()
}

#[test]
fn a_search_looks_in_both_books_and_says_which() {
    let folder = tempfile::tempdir().unwrap();
    let books = Books::new(folder.path().join("u/rasphone.pbk"), folder.path().join("a/rasphone.pbk"));
    assert_eq!(books.list(None).unwrap(), []);
    assert_eq!(books.find(None, "x").unwrap_err().code, RasError(623));
    books.all_users().put("Both", &entry()).unwrap();
    books.all_users().put("All", &entry()).unwrap();
    books.user().put("Both", &Entry::for_line("tcp:mine:1")).unwrap();
    let listed: Vec<_> = books.list(None).unwrap().into_iter().map(|one| (one.name, one.owner)).collect();
    assert_eq!(
        listed,
        [("Both".into(), Owner::User), ("Both".into(), Owner::AllUsers), ("All".into(), Owner::AllUsers)]
    );
    let found = books.find(None, "BOTH").unwrap();
    assert_eq!((found.name.as_str(), found.book.owner()), ("Both", Owner::User));
    assert_eq!(found.entry.target(0, "").unwrap().line, "tcp:mine:1");
    let named = books.find(Some(books.all_users().path()), "all").unwrap();
    assert_eq!((named.book.owner(), named.book.path()), (Owner::Named, books.all_users().path()));
    let missing = folder.path().join("none.pbk");
    assert_eq!(books.list(Some(&missing)).unwrap_err().code, RasError(621));
    let mode = |book: &Book| fs::metadata(book.path()).unwrap().mode() & 0o777;
    assert_eq!((mode(books.user()), mode(books.all_users())), (0o600, 0o644));
    assert_eq!(books.secrets().path(), folder.path().join("u/credentials"));
}

#[test]
fn errors_name_file_line_and_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b.pbk");
    fs::write(&path, format!("[a]\nKey={}\n", "x".repeat(pbk::LONGEST_LINE))).unwrap();
    let error = Book::at(&path).read().unwrap_err();
    let expected = format!("{}, line 2: too large for a phone book", path.display());
    assert!(error.to_string().starts_with(&expected) && error.code == RasError(622), "{error}");
    assert_eq!(Book::at(&path).edit(|_| Ok(())).unwrap_err().line, Some(2));
    assert_eq!(Book::at(folder.path()).read().unwrap_err().code, RasError(621));
    assert_eq!(Book::at("/dev/zero").read().unwrap_err().code, RasError(621), "no file");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        folder.path().join("fifo"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    assert_eq!(
        Book::at(folder.path().join("fifo")).read().unwrap_err().code,
        RasError(621),
        "nor does it wait"
    );
    assert_eq!(Book::at(path.join("x")).edit(|_| Ok(())).unwrap_err().code, RasError(621));
}

#[test]
fn a_change_keeps_mode_and_links_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("real.pbk"), folder.path().join("link.pbk"));
    fs::write(&real, "[a]\nType=1\n").unwrap();
    fs::set_permissions(&real, Permissions::from_mode(0o640)).unwrap();
    symlink("real.pbk", &link).unwrap();
    // what a program that died in the middle has left
    fs::write(folder.path().join(".real.pbk.new"), "half").unwrap();
    let book = Book::at(&link);
    book.rename("a", "b").unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&real).unwrap(), "[b]\nType=1\n");
    assert_eq!(fs::metadata(&real).unwrap().mode() & 0o777, 0o640);
    let inode = fs::metadata(&real).unwrap().ino();
    book.edit(|_| Ok(())).unwrap();
    assert_eq!(fs::metadata(&real).unwrap().ino(), inode, "nothing changed, nothing written");
    let failed: Result<(), _> = book.edit(|text| {
        text.remove("b")?;
        text.remove("b").map(drop)
    });
    assert_eq!(failed.unwrap_err().code, RasError(623));
    assert_eq!(names(&book), ["b"], "a change that fails is none");
    let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|one| one.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, [".real.pbk.lock", "link.pbk", "real.pbk"]);
    symlink("nowhere", folder.path().join("dangling")).unwrap();
    assert_eq!(Book::at(folder.path().join("dangling")).put("x", &entry()).unwrap_err().code, RasError(621));
}

#[test]
fn a_lock_that_is_a_link_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    symlink("/dev/null", folder.path().join(".b.pbk.lock")).unwrap();
    assert!(Book::at(folder.path().join("b.pbk")).put("x", &entry()).is_err());
}

#[test]
fn an_edit_that_waits_too_long_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b.pbk");
    let _held = file::lock(&path, Duration::ZERO).unwrap();
    let error = file::lock(&path, Duration::from_millis(20)).map(drop).unwrap_err();
    let error = Book::at(&path).cannot_write(&error);
    assert_eq!(error.code, RasError(622));
    assert!(error.to_string().contains("another program is changing it"), "{error}");
}

/// Adds entries `FROM-0 … FROM-(COUNT-1)`, each in an edit of its own.
fn add_many(book: &Book, from: &str, count: usize) {
    for nth in 0..count {
        book.put(&format!("{from}-{nth}"), &entry()).unwrap();
    }
}

#[test]
fn threads_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let book = Book::at(folder.path().join("b.pbk"));
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let book = &book;
            scope.spawn(move || add_many(book, &format!("t{thread}"), 10));
        }
        // readers see whole books only
        for _ in 0..200 {
            let text = book.read_or_empty().unwrap();
            assert!(text.sections().iter().all(|one| Entry::read(one).target(0, "").is_some()));
        }
    });
    assert_eq!(names(&book).len(), 80);
}

const CHILD: &str = "OPENRAS_TEST_BOOK";

/// Not a test of its own: what the processes of the next one run.
#[test]
fn child_adds_entries() {
    if let Some(path) = std::env::var_os(CHILD) {
        add_many(&Book::at(path), &std::process::id().to_string(), 10);
    }
}

#[test]
fn processes_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b.pbk");
    let child = || {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "book::tests::child_adds_entries"]).env(CHILD, &path);
        command.stdout(std::process::Stdio::null()).spawn().unwrap()
    };
    let children: Vec<_> = (0..4).map(|_| child()).collect();
    add_many(&Book::at(&path), "parent", 10);
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(names(&Book::at(&path)).len(), 50);
}

#[test]
fn credentials_follow_their_entry_and_go_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let books = Books::new(folder.path().join("b.pbk"), folder.path().join("a.pbk"));
    let (book, secrets) = (books.user(), books.secrets());
    book.put("one", &entry()).unwrap();
    assert_eq!(book.secrets_key("one").unwrap(), None);
    assert_eq!(book.ensure_uid("none").unwrap_err().code, RasError(623));
    let key = book.ensure_uid("one").unwrap();
    assert_eq!(book.ensure_uid("ONE").unwrap(), key);
    let saved = Saved { password: Some(Secret::from("planted-password")), ..Saved::default() };
    secrets.set(&key, RASCM_PASSWORD, &saved).unwrap();
    book.rename("one", "two").unwrap();
    assert_eq!(secrets.get(&book.secrets_key("two").unwrap().unwrap()).unwrap(), saved);
    let text = fs::read(book.path()).unwrap();
    assert!(!text.windows(16).any(|part| part == b"planted-password"), "never in the book");
    // an entry copied by hand has the same number: the credentials stay for it
    book.edit(|text| {
        let copy = text.entry("two")?.clone();
        text.import(&copy, "three").map(drop)
    })
    .unwrap();
    book.remove("two", &secrets).unwrap();
    assert_eq!(secrets.get(&key).unwrap(), saved);
    book.remove("three", &secrets).unwrap();
    assert_eq!(secrets.get(&key).unwrap(), Saved::default());
}

#[test]
fn new_names_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let book = Book::at(folder.path().join("b.pbk"));
    assert_eq!(book.put("a/b", &entry()).unwrap_err().code, RasError(123));
    assert!(!book.path().exists());
    assert_eq!(new_section("x").unwrap().name(), "x");
    assert!(new_section("*").is_err());
}
