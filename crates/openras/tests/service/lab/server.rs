//! `openras serve` while it runs.

use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};

use rustix::process::{Signal, kill_process};

use super::program::pid;
use super::{PATIENCE, Seen, within};

/// The service. Dropped, it is killed.
pub(crate) struct Server {
    child: Child,
    socket: PathBuf,
    said: Arc<Mutex<String>>,
    reader: Option<std::thread::JoinHandle<()>>,
    seen: Arc<Mutex<Seen>>,
}

impl Server {
    /// Starts it and waits until it answers.
    pub(crate) fn start(mut command: Command, socket: PathBuf, seen: Arc<Mutex<Seen>>) -> Self {
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let (said, (ready, up)) = (Arc::new(Mutex::new(String::new())), channel());
        let (text, stderr) = (said.clone(), child.stderr.take().unwrap());
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                text.lock().unwrap().push_str(&format!("{line}\n"));
                if line.contains("answering: ") {
                    let _ = ready.send(());
                }
            }
        });
        let server = Self { child, socket, said, reader: Some(reader), seen };
        match up.recv_timeout(PATIENCE) {
            Ok(()) => {}
            // it ended, or it says nothing
            Err(RecvTimeoutError::Disconnected | RecvTimeoutError::Timeout) => {
                panic!("it does not answer: {}", server.said())
            }
        }
        within(PATIENCE, "its socket answers", || UnixStream::connect(&server.socket).ok());
        server
    }

    /// All it said so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    pub(crate) fn pid(&self) -> i32 {
        pid(&self.child).as_raw_nonzero().get()
    }

    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(pid(&self.child), signal).unwrap();
    }

    /// Tells it to end, which it must do well. Gives all it said.
    pub(crate) fn stop(mut self) -> String {
        self.remember();
        self.signal(Signal::TERM);
        let status = within(PATIENCE, "the service ends", || self.child.try_wait().unwrap());
        self.reader.take().unwrap().join().unwrap();
        let said = self.said();
        assert_eq!(status.code(), Some(0), "{said}");
        assert!(!said.contains("panicked"), "{said}");
        said
    }

    /// `kill -9`. Gives all it said.
    pub(crate) fn kill(mut self) -> String {
        self.remember();
        self.signal(Signal::KILL);
        self.child.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
        let said = self.said();
        assert!(!said.contains("panicked"), "{said}");
        said
    }

    /// Its children are known from now on, whatever becomes of it.
    fn remember(&self) {
        if let (Ok(mut seen), Some(folder)) = (self.seen.lock(), self.socket.parent().and_then(Path::parent))
        {
            seen.look(folder);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.reader.is_some() {
            self.remember();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
