//! A phone book: what is read comes back byte for byte; an entry that is changed changes nothing else.

use openras_phonebook::{Entry, Pbk};

/// Runs the body.
pub fn run(data: &[u8]) {
    let Ok(book) = Pbk::parse(data) else { return };
    assert_eq!(book.to_bytes(), data, "reading and writing is no change");
    let Some(name) = book.names().next() else { return };
    let mut changed = book.clone();
    let section = changed.entry_mut(&name);
    assert!(section.is_ok(), "an entry is found by its own name");
    let Ok(section) = section else { return };
    let mut entry = Entry::read(section);
    for at in 0..entry.links.len() {
        let _ = entry.target(at, "");
    }
    let _ = entry.methods();
    entry.script = "/a script.scp".into();
    entry.set_line("tcp:[::1]:7001");
    assert_eq!(entry.target(0, "").map(|to| to.line).as_deref(), Some("tcp:[::1]:7001"));
    if entry.write(section).is_err() {
        return;
    }
    let read = Entry::read(section);
    assert_eq!(read.script, entry.script);
    assert_eq!(read.target(0, ""), entry.target(0, ""));
    let bytes = changed.to_bytes();
    let Ok(again) = Pbk::parse(&bytes) else { return };
    assert_eq!(again.to_bytes(), bytes);
    assert!(again.names().eq(book.names()), "no entry comes or goes");
    let others = |book: &Pbk| book.sections().iter().skip(1).map(|one| one.to_bytes()).collect::<Vec<_>>();
    // the first of a name is the one that is meant, so the first section is the one that changed, unless its name
    // differs from an exact one below only by case
    if book.sections().first().map(|one| one.name()) == Some(name) {
        assert_eq!(others(&book), others(&changed));
    }
}
