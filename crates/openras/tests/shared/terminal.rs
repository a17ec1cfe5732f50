//! A person at a terminal: the program on a pseudo-terminal of the test's.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use crate::lab::{Lab, PATIENCE, PROGRAM};

/// Somebody who reads the screen and types.
pub(crate) struct Person {
    pub(crate) child: Child,
    pub(crate) keys: File,
    pub(crate) screen: Receiver<Vec<u8>>,
    /// All that was shown.
    pub(crate) shown: String,
    /// How much of it has been waited for.
    pub(crate) read: usize,
}

impl Person {
    /// The program on a terminal of its own, which is its controlling one.
    pub(crate) fn start(lab: &Lab, args: &[&str]) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave: OwnedFd =
            rustix::fs::open(&name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).unwrap();
        let mut command = Command::new("setsid");
        command.args(["--ctty", PROGRAM]).args(args);
        lab.at_home(&mut command);
        command.stdin(slave.try_clone().unwrap()).stdout(slave.try_clone().unwrap()).stderr(slave);
        let child = command.spawn().unwrap();
        drop(command);
        let keys = File::from(master);
        let (mut from, (bytes, screen)) = (keys.try_clone().unwrap(), channel());
        std::thread::spawn(move || {
            let mut memory = [0; 4096];
            while let Ok(n @ 1..) = from.read(&mut memory) {
                if bytes.send(memory[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, keys, screen, shown: String::new(), read: 0 }
    }

    pub(crate) fn dial(lab: &Lab, line: &str, user: &str, file: &str, more: &[&str]) -> Self {
        let args = ["dial", "--line", line, "--user", user, "--password-file", file];
        Self::start(lab, &[&args, more].concat())
    }

    /// Waits until this is shown.
    pub(crate) fn sees(&mut self, text: &str) {
        loop {
            if let Some(at) = self.shown[self.read..].find(text) {
                self.read += at + text.len();
                return;
            }
            match self.screen.recv_timeout(PATIENCE) {
                Ok(bytes) => self.shown.push_str(&String::from_utf8_lossy(&bytes)),
                Err(_) => panic!("{text:?} is not shown: {:?}", self.shown),
            }
        }
    }

    pub(crate) fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    pub(crate) fn echoes(&self) -> bool {
        tcgetattr(&self.keys).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    /// Waits for the end. Gives the exit code and all that was shown.
    pub(crate) fn end(mut self) -> (i32, String) {
        while let Ok(bytes) = self.screen.recv_timeout(PATIENCE) {
            self.shown.push_str(&String::from_utf8_lossy(&bytes));
        }
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        assert!(!self.shown.contains("panicked"), "{}", self.shown);
        (code, std::mem::take(&mut self.shown))
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
