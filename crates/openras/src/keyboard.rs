//! What a person types: lines for questions, raw bytes for the Interactive pause.

use std::io::{IsTerminal, Read, stdin};

use openras_ppp::Secret;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::sync::mpsc;
use zeroize::Zeroize;

use crate::answers::LONGEST;
use crate::out;

/// Ctrl-], which begins a command in the raw terminal.
const ESCAPE: u8 = 0x1d;

/// Standard input, read by a thread of its own so that a question can be dropped when the call ends.
pub(crate) struct Keyboard {
    bytes: mpsc::Receiver<Vec<u8>>,
    lines: Lines,
    /// The terminal's settings as we found them; `None` where stdin is no terminal.
    found: Option<Termios>,
}

/// Bytes that are not yet a whole line; longer ones than [`LONGEST`] are cut there.
#[derive(Default)]
struct Lines {
    held: Vec<u8>,
}

impl Lines {
    fn push(&mut self, mut typed: Vec<u8>) {
        self.held.extend_from_slice(&typed);
        typed.zeroize();
    }

    fn take(&mut self) -> Option<Vec<u8>> {
        (!self.held.is_empty()).then(|| std::mem::take(&mut self.held))
    }

    fn next(&mut self) -> Option<Secret> {
        let end =
            self.held.iter().position(|b| *b == b'\n').or((self.held.len() > LONGEST).then_some(LONGEST))?;
        let mut rest = self.held.split_off(end);
        if rest.first() == Some(&b'\n') {
            rest.remove(0);
        }
        let mut line = std::mem::replace(&mut self.held, rest);
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        let secret = Secret::new(line.as_slice());
        line.zeroize();
        Some(secret)
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.held.zeroize();
    }
}

/// How the terminal treats what is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Edited lines, shown.
    Line,
    /// Edited lines, not shown.
    Hidden,
    /// Every byte at once, nothing interpreted.
    Raw,
}

impl Keyboard {
    /// Starts reading standard input.
    pub(crate) fn start() -> Self {
        // bounded: a person cannot outrun a line by more than this, and a pipe waits
        let (sender, bytes) = mpsc::channel(16);
        std::thread::spawn(move || {
            let mut buffer = [0u8; 1024];
            while let Ok(n @ 1..) = stdin().lock().read(&mut buffer) {
                let Some(typed) = buffer.get(..n) else { break };
                if sender.blocking_send(typed.to_vec()).is_err() {
                    break;
                }
            }
        });
        let found = if stdin().is_terminal() { tcgetattr(stdin()).ok() } else { None };
        Self { bytes, lines: Lines::default(), found }
    }

    /// The next bytes; `None` when standard input has ended.
    pub(crate) async fn read(&mut self) -> Option<Vec<u8>> {
        match self.lines.take() {
            Some(typed_ahead) => Some(typed_ahead),
            None => self.bytes.recv().await,
        }
    }

    /// The next line, without its end; `None` when standard input has ended.
    pub(crate) async fn line(&mut self) -> Option<Secret> {
        loop {
            if let Some(line) = self.lines.next() {
                return Some(line);
            }
            let typed = self.bytes.recv().await?;
            self.lines.push(typed);
        }
    }

    /// Changes how the terminal treats what is typed. Nothing happens where stdin is no terminal.
    pub(crate) fn mode(&self, mode: Mode) {
        let Some(found) = &self.found else { return };
        let mut wanted = found.clone();
        match mode {
            Mode::Line => {}
            Mode::Hidden => {
                wanted.local_modes.remove(LocalModes::ECHO);
                wanted.local_modes.insert(LocalModes::ECHONL);
            }
            Mode::Raw => wanted.make_raw(),
        }
        // a terminal that has gone away has nothing left to be set
        let _ = tcsetattr(stdin(), OptionalActions::Now, &wanted);
        out::terminal_is_raw(mode == Mode::Raw);
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        self.mode(Mode::Line);
    }
}

/// What the raw terminal's keys mean.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// For the other end.
    Bytes(Vec<u8>),
    /// Ctrl-] Enter.
    Continue,
    /// Ctrl-] q.
    HangUp,
}

/// Finds the commands in what is typed, across any cut of the bytes.
#[derive(Debug, Default)]
pub(crate) struct RawKeys {
    escaped: bool,
}

impl RawKeys {
    /// Sorts the typed bytes.
    pub(crate) fn sort(&mut self, typed: &[u8]) -> Vec<Key> {
        let mut keys = Vec::new();
        let mut plain = Vec::new();
        for &byte in typed {
            if !std::mem::take(&mut self.escaped) {
                if byte == ESCAPE {
                    self.escaped = true;
                } else {
                    plain.push(byte);
                }
                continue;
            }
            let command = match byte {
                b'\r' | b'\n' => Some(Key::Continue),
                b'q' | b'Q' => Some(Key::HangUp),
                ESCAPE => {
                    plain.push(ESCAPE);
                    None
                }
                other => {
                    plain.extend([ESCAPE, other]);
                    None
                }
            };
            if let Some(command) = command {
                if !plain.is_empty() {
                    keys.push(Key::Bytes(std::mem::take(&mut plain)));
                }
                keys.push(command);
            }
        }
        if !plain.is_empty() {
            keys.push(Key::Bytes(plain));
        }
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_across_cuts_and_the_rest_goes_through() {
        let mut keys = RawKeys::default();
        assert_eq!(keys.sort(b"ab\x1d"), [Key::Bytes(b"ab".to_vec())]);
        assert_eq!(keys.sort(b"\x1dc"), [Key::Bytes(b"\x1dc".to_vec())]);
        assert_eq!(
            keys.sort(b"x\x1d\ry"),
            [Key::Bytes(b"x".to_vec()), Key::Continue, Key::Bytes(b"y".to_vec())]
        );
        assert_eq!(keys.sort(b"\x1dq"), [Key::HangUp]);
        assert_eq!(keys.sort(b"\x1dz"), [Key::Bytes(b"\x1dz".to_vec())]);
    }
}
