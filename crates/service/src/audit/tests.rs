use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::file::NAME;
use super::*;

fn open(state: &Path) -> Audit {
    Audit::open(state, Options::default()).unwrap()
}

fn text(state: &Path) -> String {
    std::fs::read_to_string(state.join(NAME)).unwrap()
}

fn refused<'a>(name: &'a str, reason: &'a str) -> Record<'a> {
    Record {
        call: Some(7),
        port: Some("line1/3"),
        source: Some("192.0.2.7"),
        name: Some(name),
        factor: Some("ppp"),
        outcome: Some(Outcome::Refused),
        error: Some(691),
        reason: Some(reason),
        ..Record::new(What::Tried)
    }
}

/// A good record of so many tries.
fn filled(tries: usize) -> tempfile::TempDir {
    let state = tempfile::tempdir().unwrap();
    let audit = open(state.path());
    (0..tries).for_each(|n| audit.record(&refused(&format!("user {n}"), "wrong password")).unwrap());
    state
}

fn problem(state: &Path) -> Option<String> {
    verify(state).problem
}

/// A line without what differs from run to run.
fn plain(line: &str) -> String {
    let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
    for member in ["time", "hash", "chain", "before"] {
        value.as_object_mut().unwrap().remove(member);
    }
    value.to_string()
}

#[test]
fn a_line_tells_who_tried_what_from_where_and_why_it_failed() {
    let state = tempfile::tempdir().unwrap();
    let audit = open(state.path());
    audit.record(&refused("CORP\\alice", "wrong password")).unwrap();
    audit.admin(1000, "set", "alice", "disabled=no", "disabled=yes").unwrap();
    let lines: Vec<String> = text(state.path()).lines().map(plain).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
{"n":1,"what":"chain"}
{"call":7,"error":691,"factor":"ppp","n":2,"name":"CORP\\alice","outcome":"refused","port":"line1/3","reason":"wrong password","source":"192.0.2.7","what":"tried"}
{"after":"disabled=yes","change":"set","n":3,"target":"alice","uid":1000,"what":"changed"}
"#);
    let mode = std::fs::metadata(state.path().join(NAME)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let verified = audit.verify();
    assert_eq!((verified.records, verified.problem, verified.head.len()), (3, None, 64));
    assert!(text(state.path()).contains(&verified.head));
}

#[test]
fn the_chain_is_sha_256_over_the_hash_before_and_the_record() {
    use sha2::{Digest, Sha256};
    let state = filled(3);
    let mut before = vec![0; 32];
    for line in text(state.path()).lines() {
        let (body, hash) = line.rsplit_once(",\"hash\":\"").unwrap();
        before = Sha256::digest([before.as_slice(), body.as_bytes(), b"}"].concat()).to_vec();
        assert_eq!(hash, format!("{}\"}}", chain::hex(&before)));
    }
}

#[test]
fn hostile_text_is_spelt_out_cut_and_comes_back_whole() {
    let state = tempfile::tempdir().unwrap();
    let name = "a\n\u{1b}[2J\u{9b}\u{202e}\u{7f}😀\"\\,\"hash\":\"";
    open(state.path()).record(&refused(name, &"é".repeat(100_000))).unwrap();
    let text = text(state.path());
    assert!(
        text.trim_end_matches('\n').split('\n').all(|line| line.bytes().all(|b| matches!(b, b' '..=b'~')))
    );
    assert!(text.len() < 5000, "{}", text.len());
    let back: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(back["name"], name);
    assert_eq!(back["reason"].as_str().unwrap().chars().count(), 512);
    assert_eq!(problem(state.path()), None);
}

#[test]
fn whatever_is_changed_taken_out_put_in_or_swapped_breaks_the_chain() {
    let state = filled(4);
    let path = state.path().join(NAME);
    let good = text(state.path());
    let lines: Vec<&str> = good.lines().collect();
    let without = |n: usize| [&lines[..n], &lines[n + 1..]].concat().join("\n") + "\n";
    let mut swapped = lines.clone();
    swapped.swap(2, 3);
    let mut twice = lines.clone();
    twice.insert(2, lines[2]);
    for (bad, line) in [
        (good.replacen("user 1", "user X", 1), 3),
        (good.replacen("192.0.2.7", "192.0.2.8", 1), 2),
        (without(0), 1),
        (without(2), 3),
        (swapped.join("\n") + "\n", 3),
        (twice.join("\n") + "\n", 4),
        (good.replacen('\n', "\n{}\n", 1), 2),
        (good.replacen('\n', "\n\n", 1), 2),
        (good[..good.len() - 5].to_owned(), 5),
        (good.clone() + "more", 6),
    ] {
        std::fs::write(&path, &bad).unwrap();
        let said = problem(state.path()).expect("it holds");
        assert!(said.starts_with(&format!("audit.jsonl, line {line}:")), "{said}");
    }
    std::fs::write(&path, &good).unwrap();
    assert_eq!(problem(state.path()), None);
}

#[test]
fn what_a_crash_leaves_at_any_byte_is_closed_owned_up_to_and_spoils_nothing() {
    let state = filled(2);
    let path = state.path().join(NAME);
    let good = text(state.path());
    let last = good.trim_end().rfind('\n').unwrap() + 1;
    for cut in last + 1..good.len() {
        std::fs::write(&path, &good[..cut]).unwrap();
        open(state.path()).record(&refused("c", "d")).unwrap();
        assert_eq!(problem(state.path()), None, "cut at {cut}");
        let now = text(state.path());
        let torn = now.lines().find_map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).ok()?;
            (value["what"] == "recovered").then(|| value["torn"].as_u64().unwrap())
        });
        // a record of which only the line's end was missing is whole
        let expected = (cut < good.len() - 1).then(|| (cut - last + 1) as u64);
        assert_eq!(torn, expected, "cut at {cut}");
        assert!(now.starts_with(&good[..cut]), "append only");
    }
}

#[test]
fn bytes_that_no_record_owns_up_to_are_found_beside_ones_that_are() {
    let state = filled(1);
    let path = state.path().join(NAME);
    OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"n\":3,\"ti").unwrap();
    open(state.path()).record(&refused("c", "d")).unwrap();
    assert_eq!(problem(state.path()), None);
    let good = text(state.path());
    std::fs::write(&path, good.replacen("\"ti\n", "\"tim\n", 1)).unwrap();
    assert!(problem(state.path()).is_some());
    std::fs::write(&path, good.replacen("{\"n\":3,\"ti\n", "", 1)).unwrap();
    assert!(problem(state.path()).is_some());
}

#[test]
fn a_power_cut_that_leaves_zeros_is_survived_and_a_file_without_records_is_refused() {
    let state = filled(3);
    let path = state.path().join(NAME);
    OpenOptions::new().append(true).open(&path).unwrap().write_all(&vec![0; 400_000]).unwrap();
    open(state.path()).record(&refused("c", "d")).unwrap();
    assert_eq!(problem(state.path()), None);
    std::fs::write(&path, vec![b'x'; 10_000]).unwrap();
    let said = Audit::open(state.path(), Options::default()).unwrap_err().to_string();
    assert!(said.contains("move it away"), "{said}");
    // the very first record can be the one that is cut off
    std::fs::write(&path, "{\"n\":1,\"time\"").unwrap();
    open(state.path());
    assert_eq!(problem(state.path()), None);
}

#[test]
fn several_processes_add_in_turn() {
    let state = tempfile::tempdir().unwrap();
    let audits: Vec<Audit> = (0..4).map(|_| open(state.path())).collect();
    std::thread::scope(|scope| {
        for audit in &audits {
            scope.spawn(|| (0..200).for_each(|n| audit.record(&refused(&n.to_string(), "x")).unwrap()));
        }
    });
    let verified = verify(state.path());
    assert_eq!((verified.records, verified.problem), (801, None));
}

#[test]
fn a_long_file_is_put_away_and_the_chain_goes_on() {
    let state = tempfile::tempdir().unwrap();
    let folder = Folder::open(state.path()).unwrap();
    let mut logs: Vec<Log> = (0..2).map(|_| Log::open(&folder, 2000).unwrap()).collect();
    for n in 0..40 {
        logs[n % 2].add(&refused("a", "b"), 5).unwrap();
    }
    assert!(state.path().join("audit-1.jsonl").exists() && state.path().join("audit-3.jsonl").exists());
    assert_eq!(problem(state.path()), None);
    // the oldest may be taken away, one in the middle may not
    let second = state.path().join("audit-2.jsonl");
    std::fs::remove_file(state.path().join("audit-1.jsonl")).unwrap();
    assert_eq!(problem(state.path()), None);
    std::fs::remove_file(second).unwrap();
    std::fs::write(state.path().join("audit-2.jsonl"), "").unwrap();
    assert_eq!(problem(state.path()), None, "a file that was begun and not written is nothing");
    let third = std::fs::read_to_string(state.path().join("audit-3.jsonl")).unwrap();
    let cut: String = third.lines().skip(1).map(|line| format!("{line}\n")).collect();
    std::fs::write(state.path().join("audit-3.jsonl"), cut).unwrap();
    assert!(problem(state.path()).is_some());
}

/// The one that put a long file away was killed before it began the next, and had added to it what this process never
/// saw.
#[test]
fn a_file_another_process_put_away_is_gone_on_from_its_last_record() {
    let state = tempfile::tempdir().unwrap();
    let (one, other) = (open(state.path()), open(state.path()));
    (0..3).for_each(|_| one.record(&refused("alice", "wrong password")).unwrap());
    std::fs::rename(state.path().join(NAME), state.path().join("audit-1.jsonl")).unwrap();
    other.record(&refused("bob", "wrong password")).unwrap();
    one.record(&refused("alice", "wrong password")).unwrap();
    assert_eq!(problem(state.path()), None);
}

#[tokio::test]
async fn records_are_read_from_any_number_across_files_and_as_they_come() {
    let state = tempfile::tempdir().unwrap();
    let folder = Folder::open(state.path()).unwrap();
    let mut log = Log::open(&folder, 2000).unwrap();
    for _ in 0..30 {
        log.add(&refused("a", "b"), 5).unwrap();
    }
    let newest = log.number();
    drop(log);
    let audit = open(state.path());
    for after in [0, 1, 7, 20, newest - 1, newest] {
        let mut lines = audit.lines(after, false);
        let mut text = String::new();
        while let Some(more) = lines.next().await {
            text += &more.unwrap();
        }
        let numbers: Vec<u64> = text.lines().map(|line| chain::read(line).unwrap().number).collect();
        assert_eq!(numbers, (after + 1..=newest).collect::<Vec<_>>());
    }
    let mut lines = audit.lines(newest, true);
    let other = open(state.path());
    for (audit, name) in [(&audit, "of this process"), (&other, "of another")] {
        audit.record(&refused(name, "x")).unwrap();
        let line = lines.next().await.unwrap().unwrap();
        assert!(line.contains(name) && line.ends_with('\n'), "{line}");
    }
}

/// Records taken from the end while the service runs would not be missed by the hashes alone.
#[test]
fn records_cut_off_behind_the_services_back_leave_a_gap_that_the_check_finds() {
    let state = tempfile::tempdir().unwrap();
    let audit = open(state.path());
    (0..4).for_each(|_| audit.record(&refused("mallory", "wrong password")).unwrap());
    let good = text(state.path());
    let ends: Vec<usize> = good.match_indices('\n').map(|(at, _)| at + 1).collect();
    for cut in [ends[2], ends[2] + 20] {
        OpenOptions::new().write(true).open(state.path().join(NAME)).unwrap().set_len(cut as u64).unwrap();
        audit.record(&refused("alice", "wrong password")).unwrap();
        let said = problem(state.path()).expect("it holds");
        assert!(said.starts_with("audit.jsonl, line 4:"), "{said}");
    }
    // and one that is begun anew in its place is another chain
    std::fs::remove_file(state.path().join(NAME)).unwrap();
    open(state.path()).record(&refused("bob", "wrong password")).unwrap();
    audit.record(&refused("alice", "wrong password")).unwrap();
    assert_eq!(problem(state.path()), None);
}

#[test]
fn a_process_that_was_stopped_with_the_lock_costs_only_the_first_call_a_wait() {
    let state = tempfile::tempdir().unwrap();
    let audit = open(state.path());
    let stopped = std::fs::File::open(state.path().join(NAME)).unwrap();
    rustix::fs::flock(&stopped, rustix::fs::FlockOperation::LockExclusive).unwrap();
    assert!(audit.record(&refused("a", "b")).is_err());
    let mut took: Vec<Duration> = (0..20)
        .map(|_| {
            let begun = std::time::Instant::now();
            assert!(audit.record(&refused("a", "b")).is_err());
            begun.elapsed()
        })
        .collect();
    took.sort();
    // one that waits takes 0.2 s at the least; on a host that is busy some are held up for as long
    assert!(took[5] < Duration::from_millis(150), "{took:?}");
    drop(stopped);
    audit.record(&refused("a", "b")).unwrap();
    assert!(text(state.path()).contains("\"lost\":21"));
    assert_eq!(problem(state.path()), None);
}

#[test]
fn several_processes_that_put_files_away_break_no_chain() {
    let state = tempfile::tempdir().unwrap();
    let folder = Folder::open(state.path()).unwrap();
    let logs: Vec<Log> = (0..4).map(|_| Log::open(&folder, 4000).unwrap()).collect();
    std::thread::scope(|scope| {
        for mut log in logs {
            scope.spawn(move || {
                for _ in 0..150 {
                    log.add(&refused("a", "b"), 5).unwrap();
                }
            });
        }
    });
    assert_eq!(problem(state.path()), None);
}

/// A write that succeeds proves nothing about a disk that keeps nothing.
#[tokio::test]
async fn what_cannot_be_brought_to_the_disk_is_no_record_until_it_can() {
    let state = tempfile::tempdir().unwrap();
    let audit = std::sync::Arc::new(open(state.path()));
    let whole = audit.log().replace_file(std::fs::File::open("/dev/null").unwrap());
    audit.sync_aside().await;
    for _ in 0..3 {
        assert!(audit.is_failing() && !audit.is_writable());
    }
    audit.log().replace_file(whole);
    audit.sync_aside().await;
    assert!(!audit.is_failing() && audit.is_writable());
}

#[tokio::test]
async fn what_a_crash_has_left_need_not_be_text_to_be_read_past() {
    let state = filled(1);
    let mut file = OpenOptions::new().append(true).open(state.path().join(NAME)).unwrap();
    file.write_all(b"{\"n\":3,\"name\":\"\xff\xfe\x00").unwrap();
    let audit = open(state.path());
    audit.record(&refused("behind", "it")).unwrap();
    let mut lines = audit.lines(0, false);
    let mut all = String::new();
    while let Some(more) = lines.next().await {
        all += &more.unwrap();
    }
    assert!(all.contains("recovered") && all.contains("behind"), "{all}");
    assert_eq!(problem(state.path()), None);
}

#[test]
fn a_record_that_others_may_read_is_refused() {
    let state = tempfile::tempdir().unwrap();
    let path = state.path().join(NAME);
    std::fs::write(&path, "").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let said = Audit::open(state.path(), Options::default()).unwrap_err().to_string();
    assert!(said.contains("chmod 600"), "{said}");
}

/// What a record costs a call: printed with `--nocapture`. The bound is loose, and of the best of many
/// groups: a host may be slow, and busy with something else.
#[test]
fn a_record_costs_little() {
    let state = tempfile::tempdir().unwrap();
    let audit = open(state.path());
    let group = |_| {
        let begun = std::time::Instant::now();
        for _ in 0..20 {
            audit.record(&refused("CORP\\alice", "wrong password")).unwrap();
        }
        begun.elapsed() / 20
    };
    let each = (0..100).map(group).min().unwrap();
    eprintln!("a record costs {each:?}");
    assert!(each < Duration::from_millis(5), "{each:?}");
}
