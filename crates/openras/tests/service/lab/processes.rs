//! Which processes belong to a test: those whose command line or working folder is in its folder, and all that come from
//! them. One that was seen stays known, whoever its parent is later.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::holds;

/// One process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    parent: i32,
    /// When it began, in ticks: a number that is used again is another process.
    began: u64,
    /// Its arguments, joined by spaces.
    pub(crate) command: String,
}

impl Process {
    /// The one with this number, unless it has ended.
    pub(crate) fn read(pid: i32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // the name, in parentheses, may hold anything
        let rest: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        if matches!(*rest.first()?, "Z" | "X") {
            return None;
        }
        let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        Some(Self { pid, parent: rest.get(1)?.parse().ok()?, began: rest.get(19)?.parse().ok()?, command })
    }

    /// Whether it still runs.
    pub(crate) fn runs(&self) -> bool {
        Self::read(self.pid).is_some_and(|now| now.began == self.began)
    }

    fn is_of(&self, folder: &Path) -> bool {
        let cwd = std::fs::read_link(format!("/proc/{}/cwd", self.pid));
        holds(self.command.as_bytes(), folder.as_os_str().as_bytes())
            || cwd.is_ok_and(|cwd| cwd.starts_with(folder))
    }
}

/// The processes of one test.
#[derive(Default)]
pub(crate) struct Seen(BTreeMap<i32, Process>);

impl Seen {
    /// Looks for processes of this folder and for what came from them.
    pub(crate) fn look(&mut self, folder: &Path) {
        self.0.retain(|_, process| process.runs());
        let pids =
            std::fs::read_dir("/proc").unwrap().filter_map(|e| e.ok()?.file_name().to_str()?.parse().ok());
        let me = i32::try_from(std::process::id()).unwrap();
        let mut rest: Vec<Process> = pids.filter(|pid| *pid != me).filter_map(Process::read).collect();
        loop {
            let (mine, others): (Vec<_>, Vec<_>) =
                rest.into_iter().partition(|p| self.0.contains_key(&p.parent) || p.is_of(folder));
            rest = others;
            if mine.is_empty() {
                return;
            }
            self.0.extend(mine.into_iter().map(|process| (process.pid, process)));
        }
    }

    /// Those that run.
    pub(crate) fn running(&self) -> Vec<Process> {
        self.0.values().filter(|process| process.runs()).cloned().collect()
    }

    /// Waits until none runs.
    pub(crate) fn wait(&self, limit: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < limit && !self.running().is_empty() {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Kills those that run, and gives them.
    pub(crate) fn kill(&self) -> Vec<Process> {
        let running = self.running();
        for process in &running {
            let _ = kill_process(Pid::from_raw(process.pid).unwrap(), Signal::KILL);
        }
        running
    }
}
