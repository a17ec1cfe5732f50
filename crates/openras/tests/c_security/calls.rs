//! Callers: a program at the other end of a TCP line.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::os::fd::AsFd;

use openras_client::TerminalMode;

use crate::service::{Live, PATIENCE};

/// A caller on a line.
pub(crate) struct Caller {
    line: std::net::TcpStream,
    pub(crate) heard: String,
}

impl Caller {
    /// Calls a port from an address of this machine.
    pub(crate) fn from(live: &Live, port: &str, source: &str) -> Self {
        let to: SocketAddr = live.line(port).strip_prefix("tcp:").unwrap().parse().unwrap();
        let from: SocketAddr = format!("{source}:0").parse().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let line = runtime.block_on(async {
            let socket = tokio::net::TcpSocket::new_v4().unwrap();
            socket.bind(from).unwrap();
            socket.connect(to).await.unwrap().into_std().unwrap()
        });
        line.set_nonblocking(false).unwrap();
        line.set_read_timeout(Some(PATIENCE)).unwrap();
        assert!(line.as_fd().try_clone_to_owned().is_ok());
        Self { line, heard: String::new() }
    }

    pub(crate) fn call(live: &Live, port: &str) -> Self {
        Self::from(live, port, "127.0.0.1")
    }

    /// Types; a line that is gone takes nothing.
    pub(crate) fn types(&mut self, bytes: &[u8]) {
        let _ = self.line.write_all(bytes);
    }

    /// Reads on to this text.
    pub(crate) fn until(&mut self, text: &str) {
        while !self.heard.contains(text) {
            assert!(self.more(), "{text:?} does not come: {:?}", self.heard);
        }
        let end = self.heard.find(text).unwrap() + text.len();
        self.heard.drain(..end);
    }

    /// Reads on until this stands in what came, without PPP's escapes and not a byte further.
    pub(crate) fn hears_in_a_frame(&mut self, wanted: &[u8]) {
        let (mut plain, mut escaped) = (Vec::new(), false);
        while !plain.windows(wanted.len()).any(|part| part == wanted) {
            let mut byte = [0];
            self.line.read_exact(&mut byte).unwrap();
            match byte[0] {
                0x7d => escaped = true,
                byte => plain.push(if std::mem::take(&mut escaped) { byte ^ 0x20 } else { byte }),
            }
        }
    }

    /// Reads to the end of the call.
    pub(crate) fn end(mut self) -> String {
        while self.more() {}
        self.heard
    }

    fn more(&mut self) -> bool {
        let mut bytes = [0; 1024];
        let count = match self.line.read(&mut bytes) {
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => 0,
            Err(error) => panic!("{error}: {:?}", self.heard),
        };
        self.heard.push_str(&String::from_utf8_lossy(&bytes[..count]));
        count > 0
    }
}

/// Dials and types this in the terminal, for each prompt; or without paused states, with the terminal as given. The states
/// it went through, and the number of its end, `None` where it connected.
pub(crate) fn dials(
    live: &Live,
    without_pauses: Option<TerminalMode>,
    typed: &[(&str, &str)],
    password: &str,
) -> (Vec<String>, Option<u32>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let work = dial(live, without_pauses, typed, password);
    runtime.block_on(async { tokio::time::timeout(PATIENCE, work).await }).expect("the dial takes too long")
}

async fn dial(
    live: &Live,
    without_pauses: Option<TerminalMode>,
    typed: &[(&str, &str)],
    password: &str,
) -> (Vec<String>, Option<u32>) {
    use openras_client::{DialOptions, Pause, Service, Step};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let service = Service::connect_to(live.socket()).await.unwrap();
    let options = DialOptions::new(live.line("line1")).user("alice").password(password);
    let options = match without_pauses {
        Some(terminal) => options.pauses(false).terminal(terminal),
        None => options.pauses(true),
    };
    let mut dialling = service.dial(options).await.unwrap();
    let mut states = Vec::new();
    loop {
        match dialling.next().await {
            Step::State(state) => states.push(state.name.to_string()),
            Step::Event(_) => {}
            Step::Paused(pause) => {
                let state = pause.state();
                let error = state.error.as_ref().map_or(0, |error| error.error);
                states.push(format!("{} {:#x} {error}", state.name, state.state));
                // another pause than this is the refusal that the test looks for
                let Pause::Interactive(mut terminal) = pause else { return (states, Some(error)) };
                let (mut bytes, mut said) = ([0; 256], String::new());
                let mut typed = typed.iter();
                let mut next = typed.next();
                while let Ok(count @ 1..) = terminal.read(&mut bytes).await {
                    said += &String::from_utf8_lossy(&bytes[..count]);
                    if let Some((_, answer)) = next.filter(|(prompt, _)| said.contains(prompt)) {
                        terminal.write_all(answer.as_bytes()).await.unwrap();
                        said.clear();
                        next = typed.next();
                    }
                }
            }
            Step::Connected(connection) => {
                connection.hang_up().await.unwrap();
                tokio::time::timeout(PATIENCE, connection.wait_ended()).await.unwrap().unwrap();
                return (states, None);
            }
            Step::Failed(failure) => return (states, failure.problem.map(|error| error.error)),
        }
    }
}
