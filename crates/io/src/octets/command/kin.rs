//! All that has come of a program: the processes below this one, found in `/proc`.

use std::collections::BTreeMap;

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};

/// How often is looked for those that were begun while the others were stopped. Who is stopped begins nothing.
const ROUNDS: usize = 100;

/// A process and its parent.
type Born = (i32, i32);

/// The caller has gone. Those that are stopped go on, to hear of it.
pub(super) fn hang_up() {
    for one in below() {
        tell(one, &[Signal::HUP, Signal::CONT]);
    }
}

/// Stops them all first, so that none can begin another meanwhile, and kills them.
pub(super) fn kill() {
    let mut stopped = BTreeMap::new();
    for _ in 0..ROUNDS {
        let new: Vec<Born> =
            below().into_iter().filter(|(number, _)| !stopped.contains_key(number)).collect();
        if new.is_empty() {
            break;
        }
        stopped.extend(new.into_iter().filter(|one| tell(*one, &[Signal::STOP])));
    }
    for one in stopped {
        tell(one, &[Signal::KILL]);
    }
}

/// Whether it could be told. Below a program that runs, a number may pass to a stranger between the look into `/proc` and the
/// signal, and root's keeper may kill anybody. So the process is held first, whoever it is, and looked at once more: only a
/// child of the same parent, or one that has become ours meanwhile, is told. If even that look was at another, who is held
/// has gone, and the signal with it.
fn tell((number, parent): Born, signals: &[Signal]) -> bool {
    let Some(process) = Pid::from_raw(number) else { return false };
    let held = pidfd_open(process, PidfdFlags::empty());
    if !parent_of(number).is_some_and(|now| now == parent || now == own()) {
        return false;
    }
    let told = |signal: &Signal| match &held {
        Ok(held) => pidfd_send_signal(held, *signal),
        // a kernel before 5.3, or a container's filter that does not know of holding
        Err(Errno::NOSYS | Errno::PERM) => kill_process(process, *signal),
        Err(errno) => Err(*errno),
    };
    signals.iter().all(|signal| told(signal).is_ok())
}

fn own() -> i32 {
    rustix::process::getpid().as_raw_nonzero().get()
}

/// All of them, but for those that have been collected.
fn below() -> Vec<Born> {
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    let numbers = processes.flatten().filter_map(|process| process.file_name().to_str()?.parse().ok());
    below_in(&numbers.filter_map(|number: i32| Some((number, parent_of(number)?))).collect(), own())
}

fn parent_of(number: i32) -> Option<i32> {
    parent(&std::fs::read(format!("/proc/{number}/stat")).ok()?)
}

/// The parent in this line of proc_pid_stat(5). One that is called dead has a parent, too: of a process whose first thread has ended
/// the others may go on.
fn parent(stat: &[u8]) -> Option<i32> {
    // the name before it may hold anything
    let behind = stat.iter().rposition(|octet| *octet == b')')?;
    let mut fields = std::str::from_utf8(stat.get(behind + 1..)?).ok()?.split_whitespace();
    fields.nth(1)?.parse().ok()
}

/// Whose parents lead to `top`.
fn below_in(parents: &BTreeMap<i32, i32>, top: i32) -> Vec<Born> {
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
    let found = parents.iter().filter(|(number, _)| **number != top && leads(number));
    found.map(|(number, parent)| (*number, *parent)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_is_found_behind_any_name_and_whatever_the_state() {
        assert_eq!(parent(b"12 (a) R 1 2 (\xff) S 7 12 9 34816 12"), Some(7));
        assert_eq!(parent(b"12 (sh) Z 7 12 9 34816 12"), Some(7));
        assert_eq!(parent(b"12 (sh) "), None);
        assert_eq!(parent(b""), None);
    }

    #[test]
    fn all_below_are_found_however_deep_and_a_ring_ends() {
        let parents = BTreeMap::from([(2, 1), (3, 2), (4, 3), (5, 1), (6, 5), (7, 8), (8, 7), (2_000, 9)]);
        assert_eq!(below_in(&parents, 2), [(3, 2), (4, 3)]);
        assert_eq!(below_in(&parents, 1), [(2, 1), (3, 2), (4, 3), (5, 1), (6, 5)]);
        assert_eq!(below_in(&parents, 9), [(2_000, 9)]);
    }

    #[test]
    fn a_number_that_has_passed_to_a_stranger_is_told_nothing() {
        // between its parent and this process stands a shell: it is no child of ours
        let mut shell = std::process::Command::new("/bin/sh");
        shell.args(["-c", "sleep 1000 & echo $!; wait"]).stdout(std::process::Stdio::piped());
        let mut shell = shell.spawn().unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(shell.stdout.take().unwrap()), &mut line)
            .unwrap();
        let number: i32 = line.trim().parse().unwrap();
        let parent = i32::try_from(shell.id()).unwrap();
        assert!(!tell((number, 1), &[Signal::KILL]), "its parent is another");
        assert_eq!(parent_of(number), Some(parent), "and it lives");
        assert!(tell((number, parent), &[Signal::KILL]));
        assert!(tell((parent, own()), &[Signal::KILL]));
        shell.wait().unwrap();
        assert!(!tell((parent, own()), &[Signal::KILL]), "who is collected is nobody");
    }
}
