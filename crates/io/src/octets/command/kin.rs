//! All that has come of a program: the processes below this one, found in `/proc`.

use std::collections::{BTreeMap, BTreeSet};

use rustix::process::{Pid, Signal};

/// How often is looked for those that were begun while the others were stopped. Who is stopped begins nothing.
const ROUNDS: usize = 100;

/// The caller has gone. Those that are stopped go on, to hear of it.
pub(super) fn hang_up() {
    for one in below() {
        tell(one, Signal::HUP);
        tell(one, Signal::CONT);
    }
}

/// Stops them all first, so that none can begin another meanwhile, and kills them.
pub(super) fn kill() {
    let mut stopped = BTreeSet::new();
    for _ in 0..ROUNDS {
        let new: Vec<i32> = below().into_iter().filter(|one| stopped.insert(*one)).collect();
        if new.is_empty() {
            break;
        }
        new.into_iter().for_each(|one| tell(one, Signal::STOP));
    }
    stopped.into_iter().for_each(|one| tell(one, Signal::KILL));
}

/// One that has gone meanwhile hears nothing. Its number is no other's yet: whoever is below this process is collected by it,
/// or by one that is stopped.
fn tell(process: i32, signal: Signal) {
    if let Some(process) = Pid::from_raw(process) {
        let _ = rustix::process::kill_process(process, signal);
    }
}

/// Those that live.
fn below() -> Vec<i32> {
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    let numbers = processes.flatten().filter_map(|process| process.file_name().to_str()?.parse().ok());
    let parents = numbers.filter_map(|number: i32| {
        let stat = std::fs::read(format!("/proc/{number}/stat")).ok()?;
        Some((number, parent(&stat)?))
    });
    below_in(&parents.collect(), rustix::process::getpid().as_raw_nonzero().get())
}

/// The parent in this line of proc_pid_stat(5); `None` for one that is dead.
fn parent(stat: &[u8]) -> Option<i32> {
    // the name before it may hold anything
    let behind = stat.iter().rposition(|octet| *octet == b')')?;
    let mut fields = std::str::from_utf8(stat.get(behind + 1..)?).ok()?.split_whitespace();
    match fields.next()? {
        "Z" | "X" => None,
        _ => fields.next()?.parse().ok(),
    }
}

/// Whose parents lead to `top`.
fn below_in(parents: &BTreeMap<i32, i32>, top: i32) -> Vec<i32> {
    let leads = |number: &i32| {
        let mut at = *number;
        // a list made while processes end may lead in a ring
        for _ in 0..parents.len() {
            match parents.get(&at) {
                Some(parent) if *parent == top => return true,
                Some(parent) => at = *parent,
                None => return false,
            }
        }
        false
    };
    parents.keys().copied().filter(|number| *number != top && leads(number)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_is_found_behind_any_name_and_the_dead_have_none() {
        assert_eq!(parent(b"12 (a) R 1 2 (\xff) S 7 12 9 34816 12"), Some(7));
        assert_eq!(parent(b"12 (sh) Z 7 12 9 34816 12"), None);
        assert_eq!(parent(b"12 (sh) "), None);
        assert_eq!(parent(b""), None);
    }

    #[test]
    fn all_below_are_found_however_deep_and_a_ring_ends() {
        let parents = BTreeMap::from([(2, 1), (3, 2), (4, 3), (5, 1), (6, 5), (7, 8), (8, 7), (2_000, 9)]);
        assert_eq!(below_in(&parents, 2), [3, 4]);
        assert_eq!(below_in(&parents, 1), [2, 3, 4, 5, 6]);
        assert_eq!(below_in(&parents, 9), [2_000]);
    }
}
