//! Everything a program has started on its terminal: a shell gives each of its jobs a process group of its own, so that ending
//! the program's group alone would leave those running that do not listen to a hang-up.

use rustix::process::{Pid, Signal};
use tokio::process::Child;

/// How often what is there is ended by force: a process may start another one meanwhile.
const ROUNDS: usize = 20;

/// The session of a program. Dropped, all that is left of it is killed.
pub(super) struct Session {
    leader: Option<Pid>,
}

impl Session {
    pub(super) fn of(child: &Child) -> Self {
        Self { leader: child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) }
    }

    /// The caller has gone. The program must not have been waited for yet: its number is then still its own.
    pub(super) fn hang_up(&self) {
        let members = self.members();
        if members.is_empty() {
            // it has not begun a session yet
            self.leader.into_iter().for_each(|leader| tell(leader, Signal::HUP));
        }
        members.into_iter().for_each(|member| tell(member, Signal::HUP));
    }

    /// Those that live.
    fn members(&self) -> Vec<Pid> {
        let Some(leader) = self.leader else { return Vec::new() };
        let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
        let numbers = processes.flatten().filter_map(|process| process.file_name().to_str()?.parse().ok());
        let inside = |number: &i32| {
            std::fs::read_to_string(format!("/proc/{number}/stat"))
                .is_ok_and(|stat| lives_in(&stat, leader.as_raw_nonzero().get()))
        };
        numbers.filter(inside).filter_map(Pid::from_raw).collect()
    }
}

/// Whether this line of proc_pid_stat(5) is of a process that lives and belongs to that session.
fn lives_in(stat: &str, session: i32) -> bool {
    // the name before it may hold anything
    let Some((_, behind)) = stat.rsplit_once(") ") else { return false };
    let mut fields = behind.split(' ');
    let is_dead = matches!(fields.next(), None | Some("Z" | "X"));
    !is_dead && fields.nth(2).and_then(|field| field.parse().ok()) == Some(session)
}

/// One that has gone meanwhile hears nothing.
fn tell(process: Pid, signal: Signal) {
    let _ = rustix::process::kill_process(process, signal);
}

impl Drop for Session {
    fn drop(&mut self) {
        for _ in 0..ROUNDS {
            let members = self.members();
            if members.is_empty() {
                return;
            }
            members.into_iter().for_each(|member| tell(member, Signal::KILL));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_is_found_behind_any_name() {
        assert!(lives_in("12 (a) R 1 2 (b) S 1 12 9 34816 12", 9));
        assert!(!lives_in("12 (sh) S 1 12 9 34816 12", 12));
        assert!(!lives_in("12 (sh) Z 1 12 9 34816 12", 9), "nobody waits for it yet");
        assert!(!lives_in("", 0));
    }
}
