//! What a program module writes, and what a person types into an edited line.
//!
//! The first octet chooses between the two and how; each line of the rest is a message, or all of it is typed.

use openras_engine::server::edit::{LONGEST_LINE, LineEditor};
use openras_engine::server::{DialogCommand, DialogVerdict, Echo};
use openras_modules::protocol::{self, ASK_MAX, FromProgram, NAME_MAX, RECEIVE_MAX};
use openras_ppp::Secret;

/// The most that a Send may carry, in octets.
const SEND_MAX: usize = 65_535;

/// Runs the body.
pub fn run(data: &[u8]) {
    let Some((&choice, rest)) = data.split_first() else { return };
    if choice & 0x80 == 0 {
        rest.split(|octet| *octet == b'\n').for_each(|line| message(line, choice & 1 == 1));
        replies(rest);
    } else {
        typed(choice, rest);
    }
}

/// A message is within all bounds, or says what is wrong without a word of what stood there.
fn message(line: &[u8], any: bool) {
    // one that is for a dialog says the same, but for the dialog's name
    let (dialog, addressed) = protocol::parse_addressed(line, any);
    if dialog.is_none() && addressed.is_ok() {
        assert!(protocol::parse(line, any).is_ok());
    }
    if let Ok(FromProgram::Command(command)) = &addressed {
        bounded(command);
    }
    match protocol::parse(line, any) {
        Ok(FromProgram::Command(command)) => bounded(&command),
        Ok(FromProgram::Begun) => {}
        Ok(FromProgram::Log(text)) => assert!(text.len() <= line.len()),
        Err(malformed) => {
            let text = malformed.to_string();
            assert!(text.len() < 120 && text.is_ascii() && !text.contains('\n'), "{text:?}");
        }
    }
}

fn bounded(command: &DialogCommand) {
    match command {
        DialogCommand::Send(bytes) => assert!(bytes.len() <= SEND_MAX),
        DialogCommand::Receive { max, timeout, .. } => {
            assert!(*max >= 1 && *max as u64 <= RECEIVE_MAX);
            assert!(timeout.is_none_or(|timeout| !timeout.is_zero() && timeout.as_secs() <= 86_400));
        }
        DialogCommand::Ask(ask) => {
            assert!(ask.max >= 1 && ask.max as u64 <= ASK_MAX && ask.prompt.len() as u64 <= ASK_MAX);
            assert!(ask.timeout.is_none_or(|timeout| !timeout.is_zero() && timeout.as_secs() <= 86_400));
        }
        DialogCommand::Complete(
            DialogVerdict::Success { user, domain } | DialogVerdict::Failure { user, domain },
        ) => {
            assert!(user.chars().count() <= NAME_MAX.0 && domain.chars().count() <= NAME_MAX.1);
            assert!(!user.chars().chain(domain.chars()).any(char::is_control));
        }
        DialogCommand::Complete(DialogVerdict::Error { .. }) => {}
        command @ DialogCommand::Ppp(_) => {
            assert!(!matches!(command, DialogCommand::Ppp(_)), "no message says that");
        }
        DialogCommand::Extend(more) => assert!(!more.is_zero() && more.as_secs() <= 86_400),
    }
}

/// What a program reads is one line of JSON each, whatever the caller typed.
fn replies(bytes: &[u8]) {
    let secret = Secret::new(bytes);
    for line in [protocol::received(&secret), protocol::line(&secret), protocol::refused(616)] {
        assert!(line.ends_with(b"}\n") && line.starts_with(b"{\"type\":"));
        assert_eq!(line.iter().filter(|octet| **octet == b'\n').count(), 1);
        // JSON, as far as this parser knows: the only thing wrong with it is its type
        assert_eq!(
            protocol::parse(&line, false).err(),
            Some(protocol::Malformed::UnknownType),
            "{:?}",
            String::from_utf8_lossy(&line)
        );
    }
}

/// A line never grows past its cap, its end is seen at once, and what is hidden is not echoed.
fn typed(choice: u8, keys: &[u8]) {
    let echo = match choice & 3 {
        0 => Echo::Yes,
        1 => Echo::No,
        _ => Echo::Mask,
    };
    let max = usize::from(choice >> 2 & 0x1f) * 40;
    let mut editor = LineEditor::new(echo, max);
    let mut reply = Vec::new();
    let mut ended = false;
    for &key in keys {
        let before = reply.len();
        ended = editor.key(key, &mut reply);
        // Ctrl-U takes back a whole line, any other key a character or a few given-up bytes
        assert!(reply.len() - before <= 3 * LONGEST_LINE, "{} octets of echo", reply.len() - before);
        assert!(!ended || matches!(key, b'\r' | b'\n'), "ended by {key:#x}");
        if ended {
            break;
        }
    }
    assert!(!keys.iter().any(|key| matches!(key, b'\r' | b'\n')) || ended, "an end was swallowed");
    let line = editor.take();
    assert!(line.len() <= max.min(LONGEST_LINE));
    assert!(
        !line.expose().iter().any(|octet| *octet < 0x20 || *octet == 0x7f),
        "a control character is kept"
    );
    let shown = |octet: &u8| !matches!(octet, 0x07 | 0x08 | b' ' | b'*' | b'\r' | b'\n');
    assert!(echo == Echo::Yes || !reply.iter().any(shown), "a hidden line is echoed");
}
